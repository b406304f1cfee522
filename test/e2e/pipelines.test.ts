import { temporal } from '@temporalio/proto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TargetAdapters } from '../../src/activities/dependencies.ts'
import { SluiceError } from '../../src/domain/errors.ts'
import {
  type Pipeline,
  type PipelineStage,
  STAGE_FAILURES,
  type StageFailure,
} from '../../src/domain/pipeline/pipeline.ts'
import type { PipelineVerb } from '../../src/domain/pipeline/pipeline-verbs.ts'
import { laneIdOf, type TargetId, targetName } from '../../src/domain/target.ts'
import { NOTHING_OUTSIDE } from '../../src/hooks/create-outside.ts'
import type { AskOutcome, CallRequest, Outside } from '../../src/hooks/outside.ts'
import type { PipelineRequest, Pipelines, ShownPipeline, StartedPipeline } from '../../src/releases/pipelines.ts'
import { createPipelines } from '../../src/releases/temporal-pipelines.ts'
import { ALWAYS_ANEW } from '../../src/releases/views.ts'
import { beginLostLanes } from '../../src/worker/lost-lanes.ts'
import { pipelineStartsId } from '../../src/workflows/messages.ts'
import { recordHistories } from '../support/histories.ts'
import { createMemoryRouterWorld } from '../support/memory-router.ts'
import { AUTHOR, ERRORS, nextKey, planFor, type Stage, stagePerTest, until } from './harness.ts'
import { healthyScript, scriptedSource } from './scripted-source.ts'

/** A router and traffic of its own for each target. */
function createWorlds() {
  const worlds = new Map<string, ReturnType<typeof worldOf>>()
  return (target: TargetId) => {
    const name = targetName(target)
    const world = worlds.get(name) ?? worldOf()
    worlds.set(name, world)
    return world
  }
}

function worldOf() {
  const router = createMemoryRouterWorld({ pools: ['blue', 'green'], deadline: 300 })
  return { router, script: healthyScript(), isConfigured: true }
}

const worldsOf = createWorlds()

/** What somebody outside answers when a gate asks, and what they were asked last. */
let board: AskOutcome = { kind: 'wait', reason: '' }
let asking: CallRequest | null = null
const outside: Outside = {
  ...NOTHING_OUTSIDE,
  async ask(request) {
    asking = request
    return board
  },
}

let stage: Stage
let pipelines: Pipelines
let begun: string[] = []
/** Looks that nobody waited for may still be on their way when a test is over. */
let looks: Promise<unknown>[] = []
stagePerTest(
  (opened) => {
    stage = opened
  },
  {
    outside,
    adaptersOf(target): TargetAdapters {
      const { router, script, isConfigured } = worldsOf(target)
      if (!isConfigured)
        throw new SluiceError('target.unknown', { message: `there is no target ${targetName(target)} in sluice.yaml` })
      return {
        pools: ['blue', 'green'],
        router: router.connect(),
        metrics: { scripted: scriptedSource(script, router) },
      }
    },
  },
)

beforeEach(() => {
  begun = []
  looks = []
  pipelines = facade()
})

afterEach(async () => {
  await Promise.allSettled(looks)
  const starts = pipelineStartsId(stage.taskQueue)
  if (process.env['SLUICE_RECORD'] !== undefined) await recordHistories(stage.env, [...begun, starts])
})

function facade(longestHistory?: number): Pipelines {
  const { env, taskQueue } = stage
  const releases = {
    show(id: string) {
      const look = stage.releases.show(id)
      looks.push(look)
      return look
    },
  }
  const short = longestHistory === undefined ? {} : { longestHistory }
  return createPipelines({ client: env.client, taskQueue, releases, times: ALWAYS_ANEW, ...short })
}

const at = (environment: string): TargetId => ({ service: stage.service, environment })
const world = (environment: string) => worldsOf(at(environment))
const QUICK = [{ weight: '10%' }, { bake: '1s' }, { weight: '100%' }]
const LONG = [{ weight: '10%' }, { bake: '1h' }, { weight: '100%' }]

function stageOf(
  environment: string,
  after: readonly string[],
  more: Partial<PipelineStage> & { steps?: object[] } = {},
) {
  const { steps = QUICK, ...rest } = more
  const plan = planFor(stage, { steps, checks: ERRORS, warmUp: '0s', after: { keep: '1h' } })
  return {
    ...{ name: environment, target: at(environment), plan: { ...plan, environment }, after, soak: 0 },
    ...rest,
  }
}

/** The canary environment, then both regions at once. */
const regions = (more: Parameters<typeof stageOf>[2] = {}) => [
  stageOf('canary', []),
  stageOf('eu', ['canary'], more),
  stageOf('us', ['canary'], more),
]

async function start(stages: readonly PipelineStage[], onFail: StageFailure, door = pipelines): Promise<string> {
  const pipeline = { name: 'everywhere', stages, onFail }
  return idOf(await door.start(asked(pipeline)))
}

/** A request for a pipeline, by a key of its own. */
function asked(
  pipeline: Pipeline,
  versions: PipelineRequest['versions'] = { [stage.service]: '2.4.0' },
): PipelineRequest {
  return { pipeline, versions, author: AUTHOR, reason: '', key: nextKey() }
}

function idOf(started: StartedPipeline): string {
  if ('heldBy' in started) throw new Error(`not started: ${started.heldBy.pipelineId} has a target`)
  begun.push(started.pipelineId)
  return started.pipelineId
}

/** Promotes a version before, so that there is one to go back to. */
async function released(...environments: readonly string[]): Promise<void> {
  const ids = environments.map((environment) => {
    const plan = { ...planFor(stage, { steps: [{ weight: '100%' }] }), environment }
    return stage.start(plan, { version: '2.3.9' })
  })
  for (const id of await Promise.all(ids)) await stage.result(id)
}

/** Everybody at once: what is promoted before the version of the test. */
const before = () => {
  const { steps, actions } = planFor(stage, { steps: [{ weight: '100%' }] })
  return { steps, actions }
}

const command = (pipelineId: string, verb: PipelineVerb, person = 'bob') =>
  pipelines.command({
    ...{ verb, pipelineId, stage: null, key: nextKey(), reason: '' },
    actor: { person, entrance: 'cli' },
  })

const untilShown = (id: string, wanted: (seen: ShownPipeline) => boolean) => until(() => pipelines.show(id), wanted)
/** A return is watched for a minute: who has seen enough promotes it. */
async function untilSettled(id: string, wanted: (seen: ShownPipeline) => boolean): Promise<ShownPipeline> {
  const ended = new Set<string>()
  return await untilShown(id, (seen) => {
    for (const { phase, returnId } of seen.stages) {
      if (phase !== 'returned' || returnId === null || ended.has(returnId)) continue
      ended.add(returnId)
      looks.push(stage.command(returnId, 'promote'))
    }
    return wanted(seen)
  })
}
const untilEnd = (id: string) => untilSettled(id, ({ isEnded }) => isEnded)
const phases = ({ stages }: ShownPipeline) => Object.fromEntries(stages.map(({ name, phase }) => [name, phase]))
/** The pool that the version goes to where another one was promoted before it. */
const NEW = 'blue'
const shareOf = (environment: string, pool = NEW) => world(environment).router.observe().split[pool]
const placesIn = ({ trail }: ShownPipeline, ...texts: readonly string[]) =>
  texts.map((text) => trail.findIndex((line) => line.text.includes(text)))

describe('a pipeline that goes well', () => {
  it('takes the version from the canary environment to both regions, each by a release of its own lane', async () => {
    const id = await start(regions(), 'rollback-all')
    const shown = await untilEnd(id)
    expect(shown.phase).toBe('promoted')
    const [canary = -1, eu = -1, us = -1] = placesIn(shown, 'canary: done', '/eu/1 started', '/us/1 started')
    expect(canary).toBeGreaterThan(0)
    expect(Math.min(eu, us)).toBeGreaterThan(canary)
    for (const environment of ['canary', 'eu', 'us']) {
      expect(shareOf(environment, 'green')).toBe(10_000)
      // The lane learns of a promotion a moment after the release itself has said so.
      const lane = await until(
        () => stage.releases.lane(at(environment)),
        ({ promotedVersion }) => promotedVersion === '2.4.0',
      )
      expect(lane.nextNumber).toBe(2)
    }
    const card = await stage.releases.show(`${stage.service}/eu/1`)
    expect(card).toMatchObject({ author: 'alice', phase: 'promoted' })
    await until(
      () => pipelines.list({ name: 'everywhere', phase: 'promoted' }, { size: 5, next: null }),
      (listed) => listed.pipelines.some(({ pipelineId, phase }) => pipelineId === id && phase === 'promoted'),
    )
  })

  it('asks once for the same key, waits for an approval that its author cannot give, and goes on in new runs', async () => {
    const approve = { by: 'owners', people: ['alice', 'bob'], need: 1, notAuthor: true, within: 3_600_000 }
    const pipeline = {
      name: 'everywhere',
      stages: [stageOf('canary', []), stageOf('eu', ['canary'], { approve })],
      onFail: 'stop',
    } as const
    const request = asked(pipeline)
    const door = facade(30)
    const [first, second] = await Promise.all([door.start(request), door.start(request)])
    expect(second).toEqual(first)
    await expect(door.start({ ...request, versions: { [stage.service]: '2.5.0' } })).rejects.toMatchObject({
      code: 'lane.key-reused',
    })
    const id = idOf(first)
    await untilShown(id, (seen) => phases(seen)['eu'] === 'asking')
    expect((await pipelines.open()).map(({ pipelineId }) => pipelineId)).toContain(id)
    await expect(command(id, 'approve', 'alice')).rejects.toMatchObject({ code: 'command.forbidden' })
    await command(id, 'approve')
    await stage.env.client.workflow.getHandle(id).result()
    const told = stage.notices.filter(({ releaseId }) => releaseId === id)
    expect(told.map(({ ref }) => ref)).toEqual([null, ...told.slice(1).map(() => `message-of-${id}`)])
    expect(told.find(({ asks }) => asks === 'eu')?.card).toMatchObject({ verbs: expect.arrayContaining(['approve']) })
    expect(told.at(-1)).toMatchObject({ text: expect.stringContaining('every stage'), card: { phase: 'promoted' } })
    expect(await pipelines.show(id)).toMatchObject({ phase: 'promoted' })
    await expect(command(id, 'abort')).rejects.toMatchObject({ code: 'pipeline.ended' })
    const { runId } = await stage.env.client.workflow.getHandle(id).describe()
    const started = await stage.env.client.workflow.getHandle(id, runId).fetchHistory()
    expect(started.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId).not.toBe('')
  })
})

describe('pipelines that are started in the same moment', () => {
  it('never share a target: of all that want it one proceeds, the others are told which one, and it is free after its end', async () => {
    const doors = [facade(), facade()]
    const pipelineOf = (name: string) =>
      ({ name, stages: [stageOf('eu', [], { steps: LONG })], onFail: 'stop' }) as const
    const requests = Array.from({ length: 8 }, (_, index) => asked(pipelineOf(`race-${index}`)))
    const startAll = () => Promise.all(requests.map((request, index) => (doors[index % 2] ?? pipelines).start(request)))
    const answers = await startAll()
    const winners = answers.filter((answer) => 'pipelineId' in answer)
    expect(winners).toHaveLength(1)
    const [winner = { heldBy: { pipelineId: '', targets: [] } }] = winners
    const id = idOf(winner)
    const lost = { heldBy: { pipelineId: id, targets: [at('eu')] } }
    for (const answer of answers) expect(answer).toEqual('heldBy' in answer ? lost : { pipelineId: id })
    expect(await startAll()).toEqual(answers)
    await untilShown(id, ({ releases }) => releases['eu']?.phase === 'baking')
    expect(await stage.releases.lane(at('eu'))).toMatchObject({ nextNumber: 2, queue: [] })
    // What has ended may still have messages to send, here to nobody: that keeps no target.
    stage.messenger.isDown = true
    await command(id, 'abort')
    await untilEnd(id)
    const loser = requests.find((_, index) => 'heldBy' in (answers[index] ?? {})) ?? asked(pipelineOf('next'))
    const next = idOf(
      await until(
        () => pipelines.start(loser),
        (answer) => 'pipelineId' in answer,
      ),
    )
    stage.messenger.isDown = false
    await command(next, 'abort')
  })
})

describe('a stage that fails', () => {
  it('takes everything back, the last stage first, where the second region is bad', async () => {
    await released('canary', 'eu', 'us', 'asia')
    const stages = [...regions(), stageOf('asia', ['eu', 'us'], { steps: LONG })]
    const bad = world('asia').script.pools[NEW]
    if (bad !== undefined) bad.errorRate = 0.4
    const shown = await untilEnd(await start(stages, 'rollback-all'))
    expect(shown.phase).toBe('rolled-back')
    expect(phases(shown)).toEqual({ canary: 'returned', eu: 'returned', us: 'returned', asia: 'failed' })
    const [canary = -1, eu = -1, us = -1] = placesIn(
      shown,
      ...['canary', 'eu', 'us'].map((name) => `${name}: everybody is on the version before`),
    )
    expect(canary).toBeGreaterThan(Math.max(eu, us))
    for (const environment of ['canary', 'eu', 'us', 'asia']) expect(shareOf(environment)).toBe(0)
    expect(shown.reason).toMatch(/^asia: rolled back, .*errors/)
  })

  it('has not rolled back where the version before fails everybody, who goes forward again', async () => {
    await released('canary')
    const id = await start([stageOf('canary', [], { soak: 3_600_000 })], 'stop')
    await untilShown(id, (seen) => phases(seen)['canary'] === 'soaking')
    const old = world('canary').script.pools['green']
    if (old !== undefined) old.errorRate = 1
    await command(id, 'abort')
    const shown = await untilShown(id, ({ isEnded }) => isEnded)
    expect(shown.phase).toBe('failed')
    expect(phases(shown)).toEqual({ canary: 'stuck' })
    expect(shown.trail.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/^canary: still has the version and does not go back by itself, .*\/3: (rolled|rolling)/),
    )
    await until(
      async () => shareOf('canary'),
      (share) => share === 10_000,
    )
  })

  it('stops for a person, says when its target has left the configuration, and is tried again by a resume', async () => {
    world('eu').isConfigured = false
    const id = await start([stageOf('canary', []), stageOf('eu', ['canary'])], 'stop')
    const paused = await untilShown(id, ({ phase }) => phase === 'paused')
    expect(paused.reason).toContain('there is no target')
    expect(phases(paused)).toEqual({ canary: 'done', eu: 'waiting' })
    world('eu').isConfigured = true
    await stage.releases.pin(at('eu'), { by: 'carol', reason: 'holidays' })
    await command(id, 'resume')
    const again = await untilShown(id, ({ phase, reason }) => phase === 'paused' && reason !== paused.reason)
    expect(again.reason).toContain('pinned by carol: holidays')
    await stage.releases.unpin(at('eu'), { by: 'carol' })
    await command(id, 'resume')
    expect(await untilEnd(id)).toMatchObject({ phase: 'promoted' })
  })

  it('counts as failed when its release is ended in Temporal; the others keep the version where that is wished', async () => {
    const id = await start([stageOf('canary', []), stageOf('eu', ['canary'], { steps: LONG })], 'rollback-stage')
    const running = await untilShown(id, ({ releases }) => releases['eu']?.phase === 'baking')
    const release = running.stages[1]?.releaseId ?? ''
    await stage.env.client.workflow.getHandle(release).terminate('by hand')
    const shown = await untilEnd(id)
    expect(shown.phase).toBe('failed')
    expect(phases(shown)).toEqual({ canary: 'done', eu: 'failed' })
    expect(shown.trail.at(-1)?.text).toBe('failed: canary still has the version')
    await until(
      async () => shareOf('eu', 'green'),
      (share) => share === 0,
    )
  })
})

describe('a wave in which one stage fails', () => {
  /** Two regions at once, of which the first is bad, then one more. */
  async function fallen(onFail: StageFailure) {
    const [bad, good, last] = ['bad', 'good', 'last'].map((name) => `${name}-${onFail}`)
    if (bad === undefined || good === undefined || last === undefined) throw new Error('three environments')
    await released(bad, good)
    const pool = world(bad).script.pools[NEW]
    if (pool !== undefined) pool.errorRate = 0.4
    const failing = stageOf(bad, [], { name: 'bad', steps: [{ weight: '20%' }, { bake: '1h' }, { weight: '100%' }] })
    const stages = [failing, stageOf(good, [], { name: 'good' }), stageOf(last, ['bad', 'good'], { name: 'last' })]
    const id = idOf(await pipelines.start(asked({ name: onFail, stages, onFail })))
    const isSettled = ({ isEnded, phase, stages: [, other] }: ShownPipeline) =>
      isEnded || (phase === 'paused' && other?.phase === 'done')
    const shown = await untilSettled(id, isSettled)
    return { id, shown, shares: [shareOf(bad), shareOf(good)] }
  }

  it('takes back that stage, all of them, or stops for a person, as the pipeline says', async () => {
    const [all, own, stop] = await Promise.all(STAGE_FAILURES.map(fallen))
    if (all === undefined || own === undefined || stop === undefined) throw new Error('three policies')
    expect(all.shown.phase).toBe('rolled-back')
    expect(phases(all.shown)).toEqual({ bad: 'failed', good: 'returned', last: 'waiting' })
    expect(all.shares).toEqual([0, 0])
    expect(own.shown.phase).toBe('failed')
    expect(phases(own.shown)).toEqual({ bad: 'failed', good: 'done', last: 'waiting' })
    expect(own.shares).toEqual([0, 10_000])
    expect(stop.shown.phase).toBe('paused')
    expect(phases(stop.shown)).toEqual({ bad: 'failed', good: 'done', last: 'waiting' })
    expect(stop.shares).toEqual([0, 10_000])
    await command(stop.id, 'resume')
    const again = await untilShown(stop.id, ({ phase, reason }) => phase === 'paused' && reason !== stop.shown.reason)
    expect(again.reason).toMatch(/^bad: its release is not taken: 2\.4\.0, rolled back by .*sluice allow/)
    await command(stop.id, 'abort')
    expect(await untilEnd(stop.id)).toMatchObject({ phase: 'rolled-back' })
  })
})

describe('a gate between stages', () => {
  it('waits for a yes from outside, pauses when none comes in time, and a no takes everything back', async () => {
    await released('canary')
    const gate = (more: object) => ({ kind: 'call-gate', call: 'change-board', within: 3_600_000, ...more }) as const
    const stages = [
      stageOf('canary', [], { gate: gate({ within: 2_000, onFail: 'pause' }) }),
      stageOf('eu', ['canary'], { gate: gate({}) }),
    ]
    board = { kind: 'wait', reason: 'nobody has looked' }
    const id = await start(stages, 'rollback-all')
    const waiting = await untilShown(id, (seen) => typeof seen.stages[0]?.due === 'number')
    expect(waiting.stages[0]?.reason).toBe('change-board has not said yes yet: nobody has looked')
    const late = await untilShown(id, ({ phase }) => phase === 'paused')
    expect(late.reason).toBe('canary: change-board has not said yes yet: nobody has looked')
    board = { kind: 'yes', reason: 'go' }
    await command(id, 'resume')
    await untilShown(id, (seen) => phases(seen)['canary'] === 'running')
    expect(asking).toMatchObject({ target: at('canary'), releaseId: id, version: '2.4.0', direction: 'ask' })
    board = { kind: 'no', reason: 'frozen for the holidays' }
    const shown = await untilEnd(id)
    expect(shown).toMatchObject({ phase: 'rolled-back', reason: 'eu: change-board says no: frozen for the holidays' })
    expect(phases(shown)).toEqual({ canary: 'returned', eu: 'failed' })
    expect(shown.trail.map(({ text }) => text)).toContain('canary: change-board says yes: go')
    expect(shareOf('canary')).toBe(0)
  })
})

describe('a train', () => {
  it('with all or back takes every stage of the first service back, the last one first, when the second one fails', async () => {
    const second = `${stage.service}-search`
    await released('canary', 'eu')
    const own = stageOf('canary', ['eu'], {
      name: 'search',
      target: { service: second, environment: 'canary' },
      steps: LONG,
    })
    const search = { ...own, plan: { ...own.plan, service: second } }
    await stage.result(await stage.start({ ...search.plan, ...before() }, { version: '1.8.0' }))
    const pool = worldsOf(search.target).script.pools[NEW]
    if (pool !== undefined) pool.errorRate = 0.4
    const stages = [stageOf('canary', []), stageOf('eu', ['canary']), search]
    const versions = { [stage.service]: '2.4.0', [second]: '1.9.0' }
    const shown = await untilEnd(
      idOf(await pipelines.start(asked({ name: 'all-or-back', stages, onFail: 'rollback-all' }, versions))),
    )
    expect(shown).toMatchObject({ phase: 'rolled-back', reason: expect.stringContaining('search: rolled back') })
    expect(phases(shown)).toEqual({ canary: 'returned', eu: 'returned', search: 'failed' })
    const [eu = -1, canary = -1] = placesIn(shown, 'eu: everybody is on', 'canary: everybody is on')
    expect(eu).toBeGreaterThan(0)
    expect(canary).toBeGreaterThan(eu)
    for (const { target } of stages) expect(worldsOf(target).router.observe().split[NEW]).toBe(0)
  })

  it('takes every service back, the last one first, when the workflow of the pipeline is cancelled in Temporal', async () => {
    const second = `${stage.service}-search`
    const own = stageOf('canary', ['search'], { steps: LONG })
    const search = stageOf('canary', [], { name: 'search', target: { service: second, environment: 'canary' } })
    const stages = [{ ...search, plan: { ...search.plan, service: second } }, own]
    for (const { plan } of stages) await stage.result(await stage.start({ ...plan, ...before() }, { version: '2.3.9' }))
    const pipeline = { name: 'train', stages, onFail: 'stop' } as const
    const versions = { [stage.service]: '2.4.0', [second]: '1.9.0' }
    const id = idOf(await pipelines.start(asked(pipeline, versions)))
    await untilShown(id, ({ releases }) => releases['canary']?.phase === 'baking')
    await stage.env.client.workflow.getHandle(id).cancel()
    const shown = await untilEnd(id)
    expect(shown).toMatchObject({ phase: 'rolled-back', reason: expect.stringContaining('was cancelled in Temporal') })
    expect(phases(shown)).toEqual({ search: 'returned', canary: 'returned' })
    const [first = -1, last = -1] = placesIn(shown, 'canary: its release has rolled back', 'search: everybody is on')
    expect(last).toBeGreaterThan(first)
    for (const { target } of stages) expect(worldsOf(target).router.observe().split[NEW]).toBe(0)
  })
})

describe('a pipeline in the midst of a wave', () => {
  it('survives the end of its worker and of a lane, is paused and resumed with its releases, and takes everything back when aborted', async () => {
    await released('canary', 'eu', 'us')
    const id = await start(regions({ steps: LONG }), 'stop')
    const isBaking = ({ releases }: ShownPipeline) =>
      releases['eu']?.phase === 'baking' && releases['us']?.phase === 'baking'
    await untilShown(id, isBaking)
    await stage.stopWorkers()
    await stage.env.client.workflow.getHandle(laneIdOf(at('us'))).terminate('by hand')
    await stage.startWorker()
    const { client } = stage.env
    const lost = { client, taskQueue: stage.taskQueue, isTarget: () => true, now: Date.now }
    await until(
      () => beginLostLanes(lost, Date.now() - 60_000),
      (lanes) => lanes.includes(laneIdOf(at('us'))),
    )
    await command(id, 'pause')
    await untilShown(
      id,
      ({ releases }) => releases['eu']?.phase === 'paused (baking)' && releases['us']?.phase === 'paused (baking)',
    )
    await command(id, 'resume')
    await untilShown(id, isBaking)
    await command(id, 'abort')
    const shown = await untilEnd(id)
    expect(shown.phase).toBe('rolled-back')
    expect(phases(shown)).toEqual({ canary: 'returned', eu: 'returned', us: 'returned' })
    for (const environment of ['canary', 'eu', 'us']) expect(shareOf(environment)).toBe(0)
    expect(shown.reason).toBe('abort by bob')
  })

  it('takes back also what it had begun before somebody reset it in Temporal, and does not know of any more', async () => {
    await released('canary', 'eu', 'us')
    const approve = { by: 'owners', people: ['bob'], need: 1, notAuthor: true, within: 60_000 }
    const id = await start([stageOf('canary', [], { approve }), stageOf('eu', ['canary'], { steps: LONG })], 'stop')
    await untilShown(id, (seen) => phases(seen)['canary'] === 'asking')
    await command(id, 'approve')
    await untilShown(id, ({ releases }) => releases['eu']?.phase === 'baking')
    const { runId } = await stage.env.client.workflow.getHandle(id).describe()
    await stage.env.client.workflowService.resetWorkflowExecution({
      ...{ namespace: stage.env.namespace ?? 'default', requestId: 'by hand', reason: 'by hand' },
      workflowExecution: { workflowId: id, runId },
      workflowTaskFinishEventId: 4 as never,
      resetReapplyType: temporal.api.enums.v1.ResetReapplyType.RESET_REAPPLY_TYPE_NONE,
    })
    await untilShown(id, (seen) => phases(seen)['canary'] === 'asking')
    await command(id, 'abort')
    const shown = await untilEnd(id)
    expect(phases(shown)).toEqual({ canary: 'returned', eu: 'returned' })
    expect(shown.phase).toBe('rolled-back')
    for (const environment of ['canary', 'eu']) expect(shareOf(environment)).toBe(0)
  })
})
