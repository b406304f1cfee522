import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ReleaseCard } from '../../src/domain/release/release-card.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MAIN = join(ROOT, 'dist', 'embedded', 'main.js')

let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'sluice-tree-'))
})
afterAll(async () => {
  await rm(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
})

/** What `npm start -- --empty` starts, without the set-up. */
async function startTree(): Promise<{ main: ChildProcess; api: string; admin: string }> {
  const env = { ...process.env, SLUICE_HOME: home, TEMPORAL_CLI: process.env['SLUICE_TEMPORAL_CLI'] ?? '' }
  const main = spawn(process.execPath, [MAIN, '--empty'], { env, stdio: 'ignore' })
  const ports = await until(
    async () => JSON.parse(await readFile(join(home, 'ports.json'), 'utf8')) as Record<string, number>,
  )
  const api = `http://127.0.0.1:${ports['api']}`
  await until(async () => ((await fetch(`${api}/readyz`)).ok ? true : null))
  return { main, api: `${api}/api/v1`, admin: `http://127.0.0.1:${ports['admin']}` }
}

async function until<T>(look: () => Promise<T | null>): Promise<T> {
  for (const deadline = performance.now() + 60_000; performance.now() < deadline; await sleep(100)) {
    const seen = await look().catch(() => null)
    if (seen !== null) return seen
  }
  throw new Error('not seen in time')
}

interface Running {
  readonly pid: number
  readonly parent: number
  readonly command: string
}

/** Every process below `root`, children of children too. */
async function below(root: number): Promise<readonly Running[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const all = (await Promise.all(pids.map(readProcess))).filter((running) => running !== null)
  const found: Running[] = []
  for (let parents = [root]; parents.length > 0; ) {
    const children = all.filter(({ parent }) => parents.includes(parent))
    found.push(...children)
    parents = children.map(({ pid }) => pid)
  }
  return found
}

async function readProcess(name: string): Promise<Running | null> {
  try {
    const stat = await readFile(`/proc/${name}/stat`, 'utf8')
    const command = (await readFile(`/proc/${name}/cmdline`, 'utf8')).replaceAll('\0', ' ')
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    return { pid: Number(name), parent, command }
  } catch {
    return null
  }
}

async function isGone(pid: number): Promise<boolean> {
  const running = await readProcess(String(pid))
  return running === null || running.command === ''
}

async function ask<T>(url: string, body?: unknown): Promise<T> {
  const headers = { 'content-type': 'application/json', 'x-sluice-person': 'alice' }
  const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) }
  return until(async () => {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(5_000) })
    return response.ok ? ((await response.json()) as T) : null
  })
}

const PLAN = {
  ...{ service: 'checkout', environment: 'production', interval: '1s' },
  steps: [{ weight: '20%' }, { bake: '25s' }, { weight: '100%' }],
  checks: { errors: { errorRate: { notWorseThan: '3x', minRequests: 5 } } },
}

describe.runIf(process.platform === 'linux')('the tree of npm start', () => {
  it('loses nothing when its processes are killed one after the other, or all at once, in the middle of a bake', async () => {
    const first = await startTree()
    const { releaseId } = await ask<{ releaseId: string }>(`${first.api}/releases`, {
      plan: PLAN,
      version: '3.1.0',
      key: 'tree',
    })
    const card = (api: string) => ask<ReleaseCard>(`${api}/${releaseId.replace('release/', 'releases/')}`)
    await until(async () => ((await card(first.api)).phase === 'baking' ? true : null))

    for (const part of ['worker/main.js', 'data-plane/main.js', 'api/main.js', 'temporal server']) {
      const victims = (await below(first.main.pid ?? 0)).filter(({ command }) => command.includes(part))
      expect(victims, part).not.toHaveLength(0)
      for (const { pid } of victims) process.kill(pid, 'SIGKILL')
      await until(async () => ((await card(first.api)).weight === 2_000 ? true : null))
    }

    const tree = await below(first.main.pid ?? 0)
    first.main.kill('SIGKILL')
    await until(async () => ((await Promise.all(tree.map(({ pid }) => isGone(pid)))).every(Boolean) ? true : null))

    const second = await startTree()
    const after = await card(second.api)
    expect(after).toMatchObject({ releaseId, isEnded: false, weight: 2_000 })
    const ended = await until(async () => {
      const now = await card(second.api)
      return now.isEnded ? now : null
    })
    expect(ended.phase).toBe('promoted')
    expect(ended.trail.filter(({ text }) => text === '20% requested')).toHaveLength(1)
    expect((await fetch(`${second.admin}/routing`)).status, 'without the secret').toBe(401)
    const headers = { authorization: `Bearer ${(await readFile(join(home, 'secret'), 'utf8')).trim()}` }
    const routing = (await (await fetch(`${second.admin}/routing`, { headers })).json()) as { split: unknown }
    expect(routing.split).toEqual({ blue: 0, green: 10_000 })

    const leftovers = await below(second.main.pid ?? 0)
    second.main.kill('SIGTERM')
    await until(async () => ((await Promise.all(leftovers.map(({ pid }) => isGone(pid)))).every(Boolean) ? true : null))
    expect(await until(async () => ((await isGone(second.main.pid ?? 0)) ? true : null))).toBe(true)
  }, 240_000)
})

/** `npm start -- --empty`, as a person starts it: npm, a shell, the script, the tree. A group of its own, as a terminal makes one. */
async function npmStart(): Promise<{ npm: ChildProcess; all: readonly Running[] }> {
  const env = { ...process.env, SLUICE_HOME: home, TEMPORAL_CLI: process.env['SLUICE_TEMPORAL_CLI'] ?? '' }
  const npm = spawn('npm', ['start', '--', '--empty'], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let said = ''
  for (const stream of [npm.stdout, npm.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await until(async () => (said.includes('Everything keeps running') ? true : null))
  const own = await readProcess(String(npm.pid))
  return { npm, all: [...(own === null ? [] : [own]), ...(await below(npm.pid ?? 0))] }
}

const named = (all: readonly Running[], part: string) => all.find(({ command }) => command.includes(part))?.pid ?? 0

describe.runIf(process.platform === 'linux')('npm start', () => {
  it.each<[string, (npm: number, all: readonly Running[]) => void]>([
    ['npm is killed', (npm) => process.kill(npm, 'SIGKILL')],
    ['npm is told to end', (npm) => process.kill(npm, 'SIGTERM')],
    ['its script is killed', (_, all) => process.kill(named(all, 'scripts/start.mjs --empty'), 'SIGKILL')],
    ['the top of the tree is killed', (_, all) => process.kill(named(all, 'embedded/main.js'), 'SIGKILL')],
    ['somebody types Ctrl-C', (npm) => process.kill(-npm, 'SIGINT')],
    ['its terminal is closed', (npm) => process.kill(-npm, 'SIGHUP')],
    ['its whole group is killed', (npm) => process.kill(-npm, 'SIGKILL')],
  ])('leaves nothing behind when %s', async (_, end) => {
    const { npm, all } = await npmStart()
    expect(all.length).toBeGreaterThan(9)
    end(npm.pid ?? 0, all)
    await until(async () => ((await Promise.all(all.map(({ pid }) => isGone(pid)))).every(Boolean) ? true : null))
    expect((await Promise.all(all.map(({ pid }) => readProcess(String(pid))))).filter((left) => left?.command)).toEqual(
      [],
    )
  })

  it('starts again where another program has the number of the last one by now', async () => {
    await writeFile(join(home, 'running.pid'), JSON.stringify({ pid: process.pid, started: 'by another program' }))
    const { npm, all } = await npmStart()
    expect(named(all, 'data-plane/main.js')).toBeGreaterThan(0)
    npm.kill('SIGTERM')
    await until(async () => ((await Promise.all(all.map(({ pid }) => isGone(pid)))).every(Boolean) ? true : null))
  })
})
