import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What a reader of a page does: writes a file, runs commands, or compares what they said with what the page shows. */
export type Act =
  | { readonly kind: 'file'; readonly name: string; readonly text: string }
  | { readonly kind: 'commands'; readonly text: string }
  | { readonly kind: 'shown'; readonly text: string }

/**
 * The acts of a page, in order. A block whose fence names a file (`js shop.mjs`) is that file, one of `sh` is commands, and
 * a block of `text` shows lines that the commands before it have said.
 */
export function actsOf(page: string): readonly Act[] {
  return [...page.matchAll(/^```(\S+)(?: (\S+))?\n([^]*?)^```$/gm)].flatMap(([, kind, name, text = '']): Act[] => {
    if (name !== undefined) return [{ kind: 'file', name, text }]
    if (kind === 'sh') return [{ kind: 'commands', text }]
    return kind === 'text' ? [{ kind: 'shown', text }] : []
  })
}

/** What a shown line stands for: `…` is anything, and a number is any number. */
export function patternOf(line: string): RegExp {
  const escaped = line.trim().replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(escaped.replaceAll(/\d+(?:\\?[.,]\d+)*/g, '\\d+(?:[.,]\\d+)*').replaceAll('…', '.*'))
}

export interface Reader {
  readonly folder: string
  readonly write: (name: string, text: string) => Promise<void>
  /** Runs them as one shell would, and answers with what they said; what they left in the background stays. */
  readonly run: (commands: string) => Promise<{ readonly output: string; readonly exitCode: number | null }>
  /** Ends everything that was started. */
  readonly leave: () => Promise<void>
}

/** Somebody at a terminal, in an empty folder, with these programs beside those of the machine. */
export async function createReader(
  programs: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv,
): Promise<Reader> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-page-'))
  const bin = join(folder, '.bin')
  await mkdir(bin)
  for (const [name, command] of Object.entries(programs)) {
    await writeFile(join(bin, name), `#!/bin/sh\nexec ${command} "$@"\n`)
    await chmod(join(bin, name), 0o755)
  }
  const path = [bin, process.env['PATH'], '/usr/sbin'].join(':')
  const shells: ChildProcess[] = []
  return {
    folder,
    write: (name, text) => writeFile(join(folder, name), text),
    async run(commands) {
      // A group of its own, with all that it leaves in the background.
      const shell = spawn('bash', ['-c', commands], {
        cwd: folder,
        env: { ...process.env, ...env, PATH: path },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      })
      shells.push(shell)
      let output = ''
      for (const stream of [shell.stdout, shell.stderr])
        stream.on('data', (part: Buffer) => (output += part.toString()))
      const [exitCode] = (await once(shell, 'close')) as [number | null]
      return { output, exitCode }
    },
    async leave() {
      for (const { pid } of shells) endGroup(pid)
      await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    },
  }
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'ESRCH') throw error
  }
}
