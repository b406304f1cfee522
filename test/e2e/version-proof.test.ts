import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { NOTHING_OUTSIDE } from '../../src/hooks/create-outside.ts'
import type { Outside } from '../../src/hooks/outside.ts'
import { outsideOf, REQUEST } from '../hooks/parts.ts'
import { freePort } from '../support/server-process.ts'
import { planFor, type Stage, stagePerTest, until } from './harness.ts'

let stage: Stage
let asked: Outside
const children: ChildProcess[] = []

/** The stage's target is another one in each test; what its version is asked by stays the same. */
const outside: Outside = {
  ...NOTHING_OUTSIDE,
  versionsOf: (request, pool, signal) => asked.versionsOf({ ...request, target: REQUEST.target }, pool, signal),
}
stagePerTest((opened) => (stage = opened), { outside })
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

const INSTANCE = `
const [version, port] = process.argv.slice(1)
require('node:http').createServer((_, response) => response.end(version)).listen(Number(port), '127.0.0.1', () => process.send('up'))
`

/** Deploys a version: a process that listens where the one before it did. */
async function deploy(version: string, port: number): Promise<() => Promise<void>> {
  const child = spawn(process.execPath, ['-e', INSTANCE, version, String(port)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  children.push(child)
  await once(child, 'message')
  return async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
}

async function begin(onFail: 'rollback' | 'pause') {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  asked = outsideOf({}, {}, { version: { instances: { blue: [url], green: [url] } } })
  const stop = await deploy('2.4.0', port)
  const plan = { steps: [{ weight: '10%' }, { bake: '1h' }, { weight: '100%' }], onFail }
  const id = await stage.start(planFor(stage, plan, { proof: { within: 60_000 } }))
  await stage.untilCard(id, ({ phase }) => phase === 'baking')
  const reason = `green no longer runs 2.4.0, the version that the release says: 127.0.0.1:${port} runs 2.3.9`
  return { id, port, stop, reason }
}

describe('a canary whose process is replaced by another version in the middle of a bake', () => {
  it('is rolled back with a sentence that names what runs there; one that is only away is not', async () => {
    const { id, port, stop, reason } = await begin('rollback')
    await stop()
    const unknown = (notices: readonly string[] = []) => notices.some((one) => one.startsWith('nobody knows whether'))
    await until(
      () => stage.releases.show(id),
      (card) => unknown(card.notices),
    )
    await deploy('2.3.9', port)
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back', cause: 'version', reason })
    expect(stage.router.landed.at(-1)?.exposure.weight).toBe(0)
  })

  it('pauses where the plan says so, and goes on at a word once the right one is back', async () => {
    const { id, port, stop, reason } = await begin('pause')
    await stop()
    const stopWrong = await deploy('2.3.9', port)
    const paused = await stage.untilCard(id, ({ phase }) => phase.startsWith('paused'))
    expect(paused.reason).toContain(reason)
    expect(stage.router.landed.at(-1)?.exposure.weight).toBe(1_000)
    await stage.command(id, 'resume')
    await stage.untilCard(id, ({ trail }) => trail.filter(({ text }) => text.includes(reason)).length > 1)
    await stopWrong()
    await deploy('2.4.0', port)
    await stage.command(id, 'resume')
    await stage.command(id, 'promote')
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
  })
})
