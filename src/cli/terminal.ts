import { writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Instant, Milliseconds } from '../domain/units.ts'
import { readInput, readRegularFile } from '../outbound/regular-file.ts'
import { canRehearse, type Rehearse, rehearseHere } from './rehearsing.ts'
import { harmless } from './text.ts'

/** Everything the program touches of the world; tests hand in their own. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** A picture that is drawn over itself, or null where nothing can be redrawn (a pipe, a file). */
  readonly live: (() => Promise<LivePicture>) | null
  readonly columns: () => number
  readonly hasColor: boolean
  readonly fetch: typeof fetch
  readonly now: () => Instant
  readonly sleep: (duration: Milliseconds) => Promise<unknown>
  /** A file that a person has named. */
  readonly readFile: (path: string) => Promise<string>
  /** A file that another file names. */
  readonly readBeside: (path: string) => Promise<string>
  readonly writeFile: (path: string, text: string) => Promise<void>
  /** Runs a rehearsal, in processes of its own; absent where there is no data plane for one. */
  readonly rehearse?: Rehearse
  /** The operating system's name for whoever runs this. */
  readonly userName: () => string
}

export interface LivePicture {
  readonly draw: (lines: readonly string[]) => void
  readonly done: () => void
}

const WIDTH_WITHOUT_TERMINAL = 80

export function processTerminal(): Terminal {
  const { stdout, stderr, env } = process
  const isTty = stdout.isTTY === true && env['TERM'] !== 'dumb'
  return {
    env,
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    live: isTty ? livePicture : null,
    columns: () => stdout.columns ?? WIDTH_WITHOUT_TERMINAL,
    // Any value but the empty one switches colour off, as no-color.org asks.
    hasColor: isTty && (env['NO_COLOR'] ?? '') === '',
    fetch: globalThis.fetch,
    now: Date.now,
    sleep: (duration) => sleep(duration),
    readFile: readInput,
    readBeside: (path) => readRegularFile(path),
    writeFile: (path, text) => writeFile(path, text),
    ...(canRehearse() && { rehearse: rehearseHere }),
    userName: () => userInfo().username,
  }
}

/** The same terminal behind its last stop: nothing gets out that it would obey, but for our own colours. */
export function guarded(terminal: Terminal): Terminal {
  const { live } = terminal
  const safe = (text: string) => harmless(text, terminal.hasColor)
  return {
    ...terminal,
    out: (text) => terminal.out(safe(text)),
    err: (text) => terminal.err(safe(text)),
    live:
      live === null
        ? null
        : async () => {
            const { draw, done } = await live()
            return { draw: (lines) => draw(lines.map(safe)), done }
          },
  }
}

async function livePicture(): Promise<LivePicture> {
  const { createLogUpdate } = await import('log-update')
  const picture = createLogUpdate(process.stdout, { showCursor: true })
  return { draw: (lines) => picture(lines.join('\n')), done: () => picture.done() }
}
