import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Plan } from '../../src/domain/plan/plan.ts'
import type { ReleaseCard } from '../../src/domain/release/release-card.ts'
import { createPipelines } from '../../src/releases/temporal-pipelines.ts'
import { createReleases } from '../../src/releases/temporal-releases.ts'
import { ALWAYS_ANEW } from '../../src/releases/views.ts'
import { planFor } from '../e2e/harness.ts'
import { workflowBundle } from '../support/temporal.ts'
import { openWorld, stopped, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(async () => {
  await world.close()
})

const checks = { errors: { errorRate: { notWorseThan: '3x', minRequests: 5 } } }
const TARGET = { service: 'checkout', environment: 'production' }
let starts = 0

const call = { kind: 'webhook', answersLater: false } as const

function plan(bake: string, first: readonly object[] = []): Plan {
  const steps = [...first, { weight: '20%' }, { bake }, { weight: '100%' }]
  const made = planFor({ service: 'checkout' }, { steps, checks }, { calls: { deploy: call, remove: call } })
  // The harness reads plans for a scripted source; here the proxy itself is scraped.
  return { ...made, checks: made.checks.map((check) => ({ ...check, source: 'proxy' })) }
}

async function start(bake: string, first: readonly object[] = []): Promise<string> {
  starts += 1
  const author = { person: 'alice', entrance: 'http' } as const
  const request = { plan: plan(bake, first), version: `3.0.${starts}`, author, reason: '', whenBusy: 'reject' } as const
  return (await world.releases.start({ ...request, key: `start-${starts}` })).releaseId
}

async function until(id: string, wanted: (card: ReleaseCard) => boolean): Promise<ReleaseCard> {
  for (;;) {
    const card = await world.releases.show(id)
    if (wanted(card)) return card
    await sleep(100)
  }
}

const result = (id: string) => world.client.workflow.getHandle(id).result()
const bakeEnd = (card: ReleaseCard) =>
  card.trail.findLast(({ text }) => text.includes('confirmed by the router'))?.at ?? 0

describe('a release whose processes are killed', () => {
  it('goes on in another worker when its own is killed in the middle of a bake: same release, same deadline', async () => {
    const first = world.startWorker()
    const id = await start('8s')
    const baking = await until(id, (card) => card.phase === 'baking' && card.latest !== null)
    first.kill('SIGKILL')
    world.startWorker()
    expect(await result(id)).toMatchObject({ outcome: 'promoted' })
    const card = await world.releases.show(id)
    const exposures = card.trail.filter(({ text }) => text === '20% requested')
    expect(exposures).toHaveLength(1)
    expect(card.endedAt ?? 0).toBeGreaterThanOrEqual(bakeEnd(baking) + 8_000)
    expect(card.trail.some(({ text }) => text.startsWith('bake goes on'))).toBe(false)
    expect(new Set(Object.values(await world.split()))).toEqual(new Set([0, 10_000]))
  })

  it('applies an exposure once in effect when the worker is killed between the write and its record', async () => {
    const worker = world.startWorker()
    await sleep(1_000)
    let writes = 0
    world.afterWrite = () => {
      writes += 1
      if (writes === 1) {
        // Whoever of the workers wrote it: all of them are gone before the answer is passed on.
        for (const victim of [worker, ...others]) victim.kill('SIGKILL')
        world.startWorker()
      }
    }
    const others = [world.startWorker()]
    const id = await start('1s')
    expect(await result(id)).toMatchObject({ outcome: 'promoted' })
    world.afterWrite = null
    expect(writes).toBeGreaterThan(1)
    const card = await world.releases.show(id)
    expect(card.trail.filter(({ text }) => text === '20% confirmed by the router')).toHaveLength(1)
    expect(new Set(Object.values(await world.split()))).toEqual(new Set([0, 10_000]))
  })

  it('asks again with the same key when the worker is killed between a call and its record, and in the middle of an undo', async () => {
    const killAll = () => {
      world.afterCall = null
      world.killWorkers()
      world.startWorker()
    }
    world.startWorker()
    world.afterCall = killAll
    const id = await start('5m', [{ hook: { call: 'deploy', undo: 'remove' } }])
    await until(id, ({ phase }) => phase === 'baking')
    world.afterCall = killAll
    const actor = { person: 'bob', entrance: 'cli' } as const
    await world.releases.command({ verb: 'abort', releaseId: id, step: null, key: 'undo-me', actor, reason: '' })
    expect(await result(id)).toMatchObject({ outcome: 'rolled-back' })
    const [deploy, remove] = [`${id}/step-1/deploy`, `${id}/step-1/undo-remove`]
    expect(world.calls).toEqual([deploy, deploy, remove, remove])
    const { trail } = await world.releases.show(id)
    const told = trail.map(({ text }) => text)
    expect(told.filter((text) => text === 'deploy done')).toHaveLength(1)
    expect(told.filter((text) => text === 'deploy undone by remove')).toHaveLength(1)
    expect(new Set(Object.values(await world.split()))).toEqual(new Set([0, 10_000]))
  })

  it('survives the kill of Temporal in the middle of a bake, and still rolls back on command', async () => {
    world.startWorker()
    const id = await start('5m')
    await until(id, (card) => card.phase === 'baking' && card.latest !== null)
    await world.temporal.kill()
    await world.temporal.start()
    const card = await until(id, ({ phase }) => phase === 'baking')
    expect(card.weight).toBe(2_000)
    const actor = { person: 'bob', entrance: 'cli' } as const
    await world.releases.command({ verb: 'abort', releaseId: id, step: null, key: 'after-kill', actor, reason: '' })
    expect(await result(id)).toMatchObject({ outcome: 'rolled-back' })
    expect(new Set(Object.values(await world.split()))).toEqual(new Set([0, 10_000]))
  })
})

describe('a pipeline whose processes are killed', () => {
  // What was seen before a kill is no answer to what came of it.
  const fresh = () => ({ ...world, taskQueue: 'sluice', times: ALWAYS_ANEW })
  const written = (bake: string) => ({
    ...{ ...TARGET, steps: [{ weight: '20%' }, { bake }, { weight: '100%' }], after: { keep: '1h' } },
  })
  const lane = () => createReleases(fresh()).lane(TARGET)
  const shown = (id: string) => createPipelines(fresh()).show(id)

  /** Until something is so; while a worker begins nobody answers. */
  async function untilStage(id: string, phase: string): Promise<void> {
    for (;;) {
      const seen = await shown(id).catch(() => null)
      if (seen?.stages[0]?.phase === phase) return
      await sleep(100)
    }
  }

  it('starts a stage once and takes it back once when the workers are killed between the lane’s answer and its record', async () => {
    world.startWorker()
    while ((await lane().catch(() => null)) === null) await sleep(100)
    await result(await start('1s'))
    const [before, split] = [await lane(), await world.split()]
    world.killWorkers()
    const submitting = stopped(world.startWorker('submit'))
    const stages = [
      { name: 'production', target: TARGET, plan: planFor(TARGET, written('1s')), after: [], soak: 3_600_000 },
    ]
    const author = { person: 'alice', entrance: 'http' } as const
    const asked = { versions: { checkout: '4.0.0' }, author, reason: '', key: 'a pipeline' }
    const request = { ...asked, pipeline: { name: 'shop', stages, onFail: 'stop' } } as const
    const pipelines = createPipelines(fresh())
    const started = await pipelines.start(request)
    const pipelineId = 'pipelineId' in started ? started.pipelineId : ''
    await submitting
    world.killWorkers()
    world.startWorker()
    await untilStage(pipelineId, 'soaking')
    expect(await pipelines.start(request)).toEqual({ pipelineId })
    world.killWorkers()
    const returning = stopped(world.startWorker('back'))
    const actor = { person: 'bob', entrance: 'cli' } as const
    await pipelines.command({ verb: 'abort', pipelineId, stage: null, key: 'take it back', actor, reason: '' })
    await returning
    world.killWorkers()
    world.startWorker()
    await untilStage(pipelineId, 'returned')
    // Otherwise the version before is looked at for a minute.
    const releaseId = (await shown(pipelineId)).stages[0]?.returnId ?? ''
    await createReleases(fresh()).command({ verb: 'promote', releaseId, step: null, key: 'seen', actor, reason: '' })
    expect(await result(pipelineId)).toMatchObject({ outcome: 'rolled-back' })
    expect((await lane()).nextNumber - before.nextNumber).toBe(2)
    expect(await world.split()).toEqual(split)
    const told = (await shown(pipelineId)).trail.map(({ text }) => text)
    expect(told.filter((text) => text.endsWith(' started'))).toHaveLength(1)
    expect(told.filter((text) => text.includes('goes back by'))).toHaveLength(1)
  })

  it('is one, and does once what it is told, where an API is killed before it has answered and is asked again by the same key', async () => {
    world.startWorker()
    const before = await lane()
    const stage = { stage: 'production', target: 'checkout/production', plan: written('1h') }
    const body = { pipeline: { pipeline: 'once', stages: [stage] }, version: '5.0.0' }
    const ask = (url: string, path: string, key: string, sent: object) =>
      fetch(`${url}/api/v1/pipelines${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': key, 'x-sluice-person': 'alice' },
        body: JSON.stringify(sent),
      }).then(
        async (response) => ({ status: response.status, answer: (await response.json()) as Record<string, string> }),
        () => null,
      )
    /** Asks an API that is killed when Temporal has answered it, and then another one the same. */
    async function askTwice(stopAfter: string, ...asked: [path: string, key: string, sent: object]) {
      const first = await world.startApi(stopAfter)
      const unheard = stopped(first.child)
      const lost = ask(first.url, ...asked)
      await unheard
      first.child.kill('SIGKILL')
      expect(await lost).toBeNull()
      return ask((await world.startApi()).url, ...asked)
    }

    const started = await askTwice('start', '', 'start-once', body)
    expect(started?.status, JSON.stringify(started)).toBe(201)
    const pipelineId = started?.answer['pipelineId'] ?? ''
    await untilStage(pipelineId, 'running')
    const path = `/${pipelineId.replace('pipeline/', '')}/commands`
    const paused = await askTwice('pause', path, 'pause-once', { verb: 'pause', reason: 'lunch' })
    expect(paused).toMatchObject({ status: 200, answer: { phase: 'paused' } })
    const told = (await shown(pipelineId)).trail.map(({ text }) => text)
    expect(told.filter((text) => text === 'paused by alice: lunch')).toHaveLength(1)
    const listed = async () =>
      (await createPipelines(fresh()).list({ name: 'once' }, { size: 5, next: null })).pipelines
    await expect.poll(listed).toHaveLength(1)
    const actor = { person: 'bob', entrance: 'cli' } as const
    await createPipelines(fresh()).command({ verb: 'abort', pipelineId, stage: null, key: 'end it', actor, reason: '' })
    expect(await result(pipelineId)).toMatchObject({ outcome: 'rolled-back' })
    expect((await lane()).nextNumber - before.nextNumber).toBe(1)
  })
})

it('whatever was killed, every history can be replayed', async () => {
  const histories = world.client.workflow.list().intoHistories()
  const names: string[] = []
  for await (const { workflowId, error } of Worker.runReplayHistories(
    { workflowBundle: await workflowBundle() },
    histories,
  )) {
    expect(error, workflowId).toBeUndefined()
    names.push(workflowId)
  }
  expect(names.join()).toMatch(/release.*pipeline|pipeline.*release/)
})
