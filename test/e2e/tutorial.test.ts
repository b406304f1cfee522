import { existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { actsOf, createReader, patternOf, type Reader } from '../support/followed-page.ts'
import { requireServer } from '../support/require-server.ts'
import { freePort } from '../support/server-process.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PAGE = readFileSync(join(ROOT, 'docs/tutorial.md'), 'utf8')
/** Every port that the page names; the test takes others, for this machine may use these. */
const PORTS = [8080, 8405, 9001, 9002, 9090, 9999, 7233, 8230, 8231, 8233]

const canRun = requireServer('haproxy') && requireServer('prometheus')

describe.runIf(canRun)('docs/tutorial.md', () => {
  const ports = new Map<string, number>()
  let reader: Reader

  beforeAll(async () => {
    for (const port of PORTS) ports.set(String(port), await freePort())
    const built = (file: string) => `"${process.execPath}" "${join(ROOT, 'dist', file)}"`
    if (!existsSync(join(ROOT, 'dist', 'workflow-bundle.js'))) throw new Error('build first: node scripts/build.mjs')
    reader = await createReader(
      {
        sluice: built('cli/main.js'),
        'sluice-api': built('api/main.js'),
        'sluice-worker': built('worker/main.js'),
        temporal: `"${process.env['SLUICE_TEMPORAL_CLI'] ?? 'temporal'}"`,
      },
      // What the page leaves at its default, moved as the rest is.
      {
        TEMPORAL_ADDRESS: `127.0.0.1:${ports.get('7233')}`,
        SLUICE_PORT: String(ports.get('8230')),
        SLUICE_URL: `http://127.0.0.1:${ports.get('8230')}`,
        SLUICE_PERSON: 'grace',
        NO_COLOR: '1',
      },
    )
  })

  afterAll(() => reader.leave())

  const moved = (text: string) => text.replaceAll(/\b\d{4}\b/g, (port) => String(ports.get(port) ?? port))

  it('is followed command by command, and shows what it says', async () => {
    const said: string[] = []
    for (const act of actsOf(PAGE)) {
      switch (act.kind) {
        case 'file':
          await reader.write(act.name, moved(act.text))
          break
        case 'commands': {
          // What is on the page and not here counts failures.
          if (act.text.startsWith('kill $(cat'))
            expect(workerMetricsOnPage()).toEqual(expect.arrayContaining(await figuresOfWorker()))
          const { output, exitCode } = await reader.run(moved(act.text))
          said.push(output)
          expect(exitCode, `${act.text}\n${said.join('\n')}\n${await logs(reader)}`).toBe(0)
          break
        }
        case 'shown':
          for (const line of act.text.trim().split('\n')) expect(said.at(-1)).toMatch(patternOf(moved(line)))
      }
    }
  }, 180_000)

  /** Names of Temporal's metrics that the worker has shown, without the parts of histograms. */
  async function figuresOfWorker(): Promise<string[]> {
    const page = await fetch(`http://127.0.0.1:${ports.get('8231')}/metrics`).then((answer) => answer.text())
    const names = [...page.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name)
    expect(names).toContain('temporal_workflow_completed')
    return names
  }
})

/** Names of Temporal's metrics as docs/monitoring.md lists them. */
function workerMetricsOnPage(): string[] {
  const page = readFileSync(join(ROOT, 'docs/monitoring.md'), 'utf8')
  return [...page.matchAll(/^\| `(temporal_\w+)` \|/gm)].map(([, name = '']) => name)
}

async function logs({ folder }: Reader): Promise<string> {
  const names = ['haproxy', 'prometheus', 'temporal', 'worker', 'api']
  const texts = names.map((name) => readFile(join(folder, `${name}.log`), 'utf8').catch(() => ''))
  return (await Promise.all(texts)).map((text, index) => `${names[index]}: ${text.slice(-2_000)}`).join('\n')
}
