import { describe, expect, it } from 'vitest'
import { laneIdOf } from '../../src/domain/target.ts'
import { beginLostLanes } from '../../src/worker/lost-lanes.ts'
import { ERRORS, nextKey, planFor, type Stage, stagePerTest } from './harness.ts'

let stage: Stage
stagePerTest((opened) => {
  stage = opened
  stage.script.pools['blue'] = GOOD
  stage.script.pools['green'] = GOOD
})

const GOOD = { requestsPerSecond: 400, errorRate: 0.01, slowShare: 0 }
const BAD = { ...GOOD, errorRate: 0.7 }
const STEPS = [{ weight: '50%' }, { bake: '6s' }, { weight: '100%' }]
const QUICK = [{ weight: '100%' }]
const target = () => ({ service: stage.service, environment: 'production' })
const bob = { person: 'bob', entrance: 'cli' } as const
const told = () => stage.notices.map(({ text }) => text).join('\n')
const watched = (onFail: string) =>
  planFor(stage, { steps: STEPS, checks: ERRORS, warmUp: '0s', after: { watch: '14d', keep: '2h', onFail } })

async function promoted(id: string): Promise<void> {
  await stage.untilCard(id, ({ phase }) => phase === 'promoted' || phase === 'watching')
  await stage.untilLane(({ running }) => running === null)
}

/** The version before, then one that is watched after its promotion. */
async function watching(onFail: string): Promise<string> {
  await promoted(await stage.start(planFor(stage, { steps: QUICK }), { version: '2.3.9' }))
  // The first release leaves everybody on green: the canary of the second one is blue.
  const id = await stage.start(watched(onFail))
  await promoted(id)
  return id
}

describe('a version that was promoted', () => {
  it('goes on being watched with the lane free, and goes back by itself when it fails', async () => {
    const id = await watching('rollback')
    const card = await stage.untilCard(id, ({ phase }) => phase === 'watching')
    expect(card).toMatchObject({ isEnded: true, watchedUntil: expect.any(Number), weight: 10_000 })
    const free = await stage.releases.lane(target())
    expect(free).toMatchObject({
      promotedVersion: '2.4.0',
      keeper: { state: 'holding' },
      former: { version: '2.3.9', pool: 'green', watchedBy: id },
    })
    stage.script.pools['blue'] = BAD
    const lane = await stage.untilLane(
      ({ promotedVersion, keeper }) => promotedVersion === '2.3.9' && keeper.state === 'holding',
    )
    expect(lane).toMatchObject({
      stable: { pool: 'green', version: '2.3.9' },
      vetoes: [{ version: '2.4.0' }],
      former: null,
    })
    expect(stage.router.observe().split).toEqual({ green: 10_000, blue: 0 })
    await expect
      .poll(told)
      .toMatch(/2\.4\.0: failed while it was watched after its promotion, .*; everybody is sent back to 2\.3\.9/)
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
  })

  it('is only told of where the plan says so, and left by one command in one step, in a freeze as well', async () => {
    const id = await watching('tell')
    stage.script.pools['blue'] = BAD
    const failed = await stage.untilCard(id, ({ reason }) => reason !== null)
    expect(failed).toMatchObject({ phase: 'watching', reason: expect.stringMatching(/^failed while watched: /) })
    await stage.releases.freeze(target(), { by: 'carol', reason: 'holidays' })
    const asked = { actor: bob, reason: 'orders are lost', key: nextKey() }
    const { releaseId } = await stage.releases.back(target(), asked)
    expect(await stage.releases.back(target(), asked)).toMatchObject({ releaseId })
    const card = await stage.untilCard(releaseId, ({ phase }) => phase === 'baking')
    expect(card).toMatchObject({ version: '2.3.9', replaces: '2.4.0', weight: 10_000, author: 'bob' })
    expect(stage.router.observe().split).toEqual({ green: 10_000, blue: 0 })
    await stage.command(releaseId, 'promote')
    expect(await stage.result(releaseId)).toMatchObject({ outcome: 'promoted' })
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
    const { trail } = await stage.releases.show(id)
    expect(trail.at(-1)?.text).toMatch(/^no longer watched: shop-\d+\/production\/3 begins$/)
    await stage.untilLane(({ running }) => running === null)
    await expect(stage.releases.back(target(), { ...asked, key: nextKey() })).rejects.toMatchObject({
      code: 'command.refused',
      message: 'no plan says that the pool of the version before is kept',
    })
  })
})

describe('a start of the version before', () => {
  const plan = () => planFor(stage, { steps: STEPS, checks: {}, after: { watch: '14d', keep: '2h' } })
  const ask = (more: object) => {
    const asked = {
      plan: plan(),
      version: '2.3.9',
      author: bob,
      reason: '',
      whenBusy: 'reject',
      mayReturn: true,
    } as const
    return stage.releases.start({ ...asked, key: nextKey(), ...more })
  }

  it('returns in one step, can be asked again when it was aborted, and follows the plan when it is told to', async () => {
    await promoted(await stage.start(planFor(stage, { steps: QUICK }), { version: '2.3.9' }))
    const second = await stage.start(plan())
    await promoted(second)
    expect((await stage.releases.lane(target())).former).toMatchObject({ watchedBy: second })
    await stage.env.client.workflow.getHandle(second).terminate('nobody needs the watch')
    await stage.untilLane(({ former }) => former?.watchedBy === null)
    await stage.releases.freeze(target(), { by: 'carol', reason: 'holidays' })
    await expect(ask({})).rejects.toMatchObject({ code: 'lane.frozen', fix: expect.stringContaining('sluice back') })
    await stage.releases.unfreeze(target(), { by: 'carol' })
    const returned = await ask({})
    expect(returned).toMatchObject({ placed: 'started', returns: { version: '2.3.9', pool: 'green', from: '2.4.0' } })
    const { releaseId } = returned
    await stage.untilCard(releaseId, ({ phase }) => phase === 'baking')
    expect(stage.router.observe().split).toEqual({ green: 10_000, blue: 0 })
    await stage.command(releaseId, 'abort')
    expect(await stage.result(releaseId)).toMatchObject({ outcome: 'rolled-back' })
    const free = await stage.untilLane(({ running }) => running === null)
    expect(free).toMatchObject({
      promotedVersion: '2.4.0',
      former: { version: '2.3.9', pool: 'green', watchedBy: null },
    })
    const planned = await ask({ mayReturn: false })
    expect(planned).not.toHaveProperty('returns')
    const card = await stage.untilCard(planned.releaseId, ({ phase }) => phase === 'baking')
    expect(card).toMatchObject({ weight: 5_000, steps: [{ label: 'weight 50%' }, {}, {}] })
    await stage.command(planned.releaseId, 'abort')
    await stage.result(planned.releaseId)
  })
})

describe('a plan', () => {
  it('tells people on its way, and stops for what goes on in the background only where that must have passed', async () => {
    // Too few requests to be judged: it holds nothing until it must have passed.
    const slow = { few: { errorRate: { max: '50%', minRequests: 2_000, failures: 1, of: 1 } } }
    const steps = [
      { weight: '50%' },
      { analyse: { start: 'soak', checks: slow } },
      { bake: '2s' },
      { notify: { text: 'half of the users have it' } },
      { analyse: { passed: 'soak' } },
      { weight: '100%' },
    ]
    const id = await stage.start(planFor(stage, { steps, warmUp: '0s' }))
    const card = await stage.untilCard(id, ({ phase }) => phase === 'judging')
    expect(card).toMatchObject({ step: 5, weight: 5_000, verdicts: [{ check: 'few', outcome: 'inconclusive' }] })
    await expect.poll(told).toContain('2.4.0: half of the users have it')
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
  })

  it('goes back at once when what goes on in the background fails', async () => {
    const limit = { ceiling: { errorRate: { max: '20%', failures: 1, of: 1 } } }
    const steps = [
      { weight: '50%' },
      { analyse: { start: 'soak', checks: limit } },
      { bake: '1h' },
      { analyse: { passed: 'soak' } },
      { weight: '100%' },
    ]
    const id = await stage.start(planFor(stage, { steps, warmUp: '0s', floor: { errors: '95%', requests: 1_000 } }))
    await stage.untilCard(id, ({ phase }) => phase === 'baking')
    stage.script.pools['green'] = BAD
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back', reason: expect.stringMatching(/^ceiling/) })
  })

  it('is left by itself when its lane was ended in Temporal just then, once that has begun again', async () => {
    await watching('rollback')
    await stage.env.client.workflow.getHandle(laneIdOf(target())).terminate('by hand')
    stage.script.pools['blue'] = BAD
    await expect.poll(told).toContain('everybody is sent back to 2.3.9')
    const isTarget = ({ service }: { readonly service: string }) => service === stage.service
    const parts = { client: stage.env.client, taskQueue: stage.taskQueue, isTarget, now: Date.now }
    await expect.poll(() => beginLostLanes(parts, Date.now() - 120_000)).toHaveLength(1)
    await stage.untilLane(({ promotedVersion, keeper }) => promotedVersion === '2.3.9' && keeper.state === 'holding')
    expect(stage.router.observe().split).toEqual({ green: 10_000, blue: 0 })
  })

  it('is left by one command while the flag store is away, and its flags go off once it is back', async () => {
    await promoted(await stage.start(planFor(stage, { steps: QUICK }), { version: '2.3.9' }))
    const steps = [{ weight: '50%' }, { flag: { banner: 'on' } }, { weight: '100%' }]
    await promoted(await stage.start(planFor(stage, { steps, checks: {}, after: { keep: '2h' } })))
    stage.flags.isDown = true
    const { releaseId } = await stage.releases.back(target(), { actor: bob, reason: '', key: nextKey() })
    await expect.poll(() => stage.router.observe().split).toEqual({ green: 10_000, blue: 0 })
    stage.flags.isDown = false
    const card = await stage.untilCard(releaseId, ({ phase }) => phase === 'baking')
    expect(card).toMatchObject({ weight: 10_000, flags: ['banner off'] })
    await stage.command(releaseId, 'promote')
    await stage.result(releaseId)
  })
})
