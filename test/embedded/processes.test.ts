import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { compileEmbedded } from './compiled.ts'
import { serve, temporaryFolder } from './running.ts'

let compiled: Awaited<ReturnType<typeof compileEmbedded>>
const cleanups: (() => Promise<unknown> | void)[] = []

beforeAll(async () => {
  compiled = await compileEmbedded(['data-plane/main.ts', 'demo-service/main.ts', 'load/main.ts'])
}, 60_000)
afterAll(() => compiled.remove())
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

async function launch(
  entry: string,
  settings: unknown,
): Promise<{ child: ChildProcess; ports: Record<string, number> }> {
  const child = fork(compiled.path(entry), [JSON.stringify(settings)], { stdio: 'ignore', execArgv: [] })
  cleanups.push(() => void child.kill('SIGKILL'))
  const [announcement] = (await once(child, 'message')) as [{ listening: Record<string, number> }]
  return { child, ports: announcement.listening }
}

describe('the data plane as a process', () => {
  it('has lost nothing it answered for when it is killed between any two changes', async () => {
    const folder = await temporaryFolder()
    cleanups.push(folder.remove)
    const settings = {
      proxyPort: 0,
      adminPort: 0,
      pools: { blue: 'http://127.0.0.1:9', green: 'http://127.0.0.1:9' },
      stateFile: join(folder.path, 'routing.json'),
    }
    let answered = 0
    for (let round = 0; round < 3; round += 1) {
      const { child, ports } = await launch('data-plane/main.ts', settings)
      const address = `http://127.0.0.1:${ports['admin']}/routing`
      const found = (await (await fetch(address)).json()) as {
        split: Record<string, number>
        fence: { epoch: number } | null
      }
      const epoch = found.fence?.epoch ?? 0
      // The change under way at the kill may or may not have landed; an answered one must have.
      expect([answered, answered + 1]).toContain(epoch)
      expect(found.split['green']).toBe(epoch)
      answered = epoch
      const last = answered + 5 + round
      for (;;) {
        const next = answered + 1
        // The kill races with the change that is on its way.
        if (next === last) setTimeout(() => child.kill('SIGKILL'), 3 * round)
        const body = JSON.stringify({
          split: { blue: 10_000 - next, green: next },
          cohorts: {},
          fence: { release: 1, epoch: next },
        })
        const change = await fetch(address, {
          method: 'PUT',
          headers: { 'content-type': 'application/json' },
          body,
        }).catch(() => null)
        if (change?.status !== 200) break
        answered = next
      }
    }
    expect(answered).toBeGreaterThan(3)
  })

  it('ends when it is asked to and when its parent is gone', async () => {
    const folder = await temporaryFolder()
    cleanups.push(folder.remove)
    const pools = { blue: 'http://127.0.0.1:9', green: 'http://127.0.0.1:9' }
    const settings = { proxyPort: 0, adminPort: 0, pools, stateFile: join(folder.path, 'routing.json') }
    const asked = await launch('data-plane/main.ts', settings)
    asked.child.kill('SIGTERM')
    expect(await once(asked.child, 'exit')).toEqual([0, null])
    const orphan = await launch('data-plane/main.ts', settings)
    orphan.child.disconnect()
    expect(await once(orphan.child, 'exit')).toEqual([0, null])
  })

  it('goes on when nobody reads what it prints any more', async () => {
    const folder = await temporaryFolder()
    cleanups.push(folder.remove)
    const settings = {
      ...{ proxyPort: 0, adminPort: 0, stateFile: join(folder.path, 'routing.json') },
      pools: { blue: 'http://127.0.0.1:9', green: 'http://127.0.0.1:9' },
    }
    // It prints about the damage before it says where it listens.
    await writeFile(settings.stateFile, 'damaged')
    const child = fork(compiled.path('data-plane/main.ts'), [JSON.stringify(settings)], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: [],
    })
    cleanups.push(() => void child.kill('SIGKILL'))
    for (const stream of [child.stdout, child.stderr]) stream?.destroy()
    const [{ listening }] = (await once(child, 'message')) as [{ listening: Record<string, number> }]
    expect((await fetch(`http://127.0.0.1:${listening['admin']}/routing`)).status).toBe(200)
    expect(child.exitCode).toBeNull()
  })

  it('says what is wrong with its settings and ends with 1', async () => {
    const child = spawn(process.execPath, [compiled.path('data-plane/main.ts'), '{"proxyPort":0}'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let complaint = ''
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
    expect(await once(child, 'close')).toEqual([1, null])
    expect(complaint).toContain('adminPort')
    expect(complaint).toContain('stateFile')
  })
})

describe('demo service and load generator as processes', () => {
  it('start, work together and end when they are asked to', async () => {
    const demo = await launch('demo-service/main.ts', { port: 0, version: '1.0.0' })
    const load = await launch('load/main.ts', { target: `http://127.0.0.1:${demo.ports['http']}`, statsPort: 0 })
    const total = async () => {
      const response = await fetch(`http://127.0.0.1:${load.ports['stats']}/stats`)
      return ((await response.json()) as { byStatus: Record<string, number> }).byStatus['200'] ?? 0
    }
    await expect.poll(total).toBeGreaterThan(10)
    for (const { child } of [load, demo]) {
      child.kill('SIGTERM')
      expect(await once(child, 'exit')).toEqual([0, null])
    }
  })

  it('do not start twice on one port', async () => {
    const taken = await serve((_, response) => response.end())
    cleanups.push(taken.stop)
    const child = spawn(
      process.execPath,
      [compiled.path('demo-service/main.ts'), JSON.stringify({ port: taken.port, version: '1' })],
      {
        stdio: 'ignore',
      },
    )
    expect(await once(child, 'close')).toEqual([1, null])
  })
})
