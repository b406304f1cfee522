import { Worker } from '@temporalio/worker'
import { describe, expect, it } from 'vitest'
import type { ReleaseCard } from '../../src/domain/release/release-card.ts'
import { beginLostLanes } from '../../src/worker/lost-lanes.ts'
import { workflowBundle } from '../support/temporal.ts'
import { ERRORS, planFor, type Stage, stagePerTest } from './harness.ts'

let stage: Stage
stagePerTest((opened) => {
  stage = opened
})

const QUICK = { steps: [{ weight: '100%' }] }
const SLOW = { steps: [{ weight: '10%' }, { bake: '1h' }, { weight: '100%' }] }
const AT_TEN = { blue: 9_000, green: 1_000 }
const AT_ZERO = { blue: 10_000, green: 0 }
const BAD = { requestsPerSecond: 400, errorRate: 0.3, slowShare: 0 }

const split = () => stage.router.observe().split
const told = () => stage.notices.map(({ text }) => text).join('\n')
const story = (card: ReleaseCard) => card.trail.map(({ text }) => text).join('\n')
const handleOf = (id: string) => stage.env.client.workflow.getHandle(id)
const laneHandle = () => handleOf(`lane/${stage.service}/production`)
const isBaking = (card: ReleaseCard) => card.phase === 'baking'
const isPaused = (card: ReleaseCard) => card.phase.startsWith('paused')

async function untilSplit(wanted: Record<string, number>): Promise<void> {
  await expect.poll(split).toEqual(wanted)
}

async function reset(workflowId: string, runId: string, eventId: number): Promise<void> {
  await stage.env.client.workflowService.resetWorkflowExecution({
    ...{ namespace: stage.env.namespace ?? 'default', requestId: `reset-${runId}`, reason: 'by hand' },
    workflowExecution: { workflowId, runId },
    workflowTaskFinishEventId: eventId as never,
  })
}

async function baking(source: Record<string, unknown> = SLOW): Promise<string> {
  const id = await stage.start(planFor(stage, source))
  await stage.untilCard(id, isBaking)
  return id
}

async function endByAbort(id: string): Promise<void> {
  await stage.command(id, 'abort')
  expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
  expect(split()).toEqual(AT_ZERO)
}

describe('a pause', () => {
  it('for a failed check keeps the router where it is', async () => {
    stage.script.pools['green'] = BAD
    const id = await stage.start(planFor(stage, { ...SLOW, checks: ERRORS, warmUp: '0s', onFail: 'pause' }))
    await stage.untilCard(id, isPaused)
    stage.router.meddle({ split: { blue: 0, green: 10_000 } })
    await untilSplit(AT_TEN)
    const card = await stage.untilCard(id, ({ repairs }) => repairs > 0)
    expect(card.verdicts.find(({ check }) => check === 'errors')?.outcome).toBe('fail')
    await endByAbort(id)
  })

  it('of an approval that expired keeps the router, and says what to do', async () => {
    const approve = { approve: { by: 'owners', within: '1s', onExpiry: 'pause' } }
    const id = await stage.start(planFor(stage, { steps: [{ weight: '10%' }, approve, { weight: '100%' }] }))
    const paused = await stage.untilCard(id, isPaused)
    stage.router.meddle({ split: { blue: 0, green: 10_000 } })
    await untilSplit(AT_TEN)
    const late = stage.command(id, 'approve', { actor: { person: 'bob', entrance: 'cli' }, step: paused.step })
    await expect(late).rejects.toMatchObject({ code: 'command.refused', fix: expect.stringContaining('resume') })
    await endByAbort(id)
  })

  it('after a write that failed keeps what was live, also when that write lands after all', async () => {
    const id = await stage.start(
      planFor(stage, {
        steps: [
          { weight: '10%' },
          { approve: { by: 'owners' } },
          { weight: '50%' },
          { bake: '1h' },
          { weight: '100%' },
        ],
      }),
    )
    await stage.untilCard(id, ({ approval }) => approval !== null)
    stage.router.inject({ call: 'apply', kind: 'lateApply' })
    stage.router.inject({ call: 'apply', kind: 'fail', code: 'router.misconfigured' })
    await stage.command(id, 'approve')
    const paused = await stage.untilCard(id, isPaused)
    expect(paused.weight).toBe(1_000)
    expect(stage.router.landLateWrites()).toBe(1)
    expect(split()).toEqual({ blue: 5_000, green: 5_000 })
    await untilSplit(AT_TEN)
    await stage.command(id, 'resume')
    await untilSplit({ blue: 5_000, green: 5_000 })
    await endByAbort(id)
  })
})

describe('drift', () => {
  it('that comes back again and again pauses the release, names what was seen, and is put right all the same', async () => {
    const id = await baking({ ...SLOW, onDrift: { repairs: 3, share: '100%' } })
    const hand = setInterval(() => stage.router.meddle({ split: { blue: 0, green: 10_000 } }), 100)
    try {
      const paused = await stage.untilCard(id, isPaused)
      expect(paused.reason).toMatch(/^another program writes to the router: it had to be repaired 3 times in a row; /)
      expect(paused.reason).toContain('the router was at 100% instead of 10%; repaired')
    } finally {
      clearInterval(hand)
    }
    await untilSplit(AT_TEN)
    await endByAbort(id)
  })

  it('is in the story at once, and its time is no bake time', async () => {
    const id = await baking({ steps: [{ weight: '10%' }, { bake: '4s' }, { weight: '100%' }], checks: ERRORS })
    stage.router.meddle({ split: { blue: 0, green: 10_000 } })
    const card = await stage.untilCard(id, (seen) => story(seen).includes('the router was at 100% instead of 10%'))
    expect(card.phase).toBe('baking')
    await stage.result(id)
    expect(story(await stage.releases.show(id))).toMatch(/bake extended by .*: no usable data in that time/)
  })

  it('with a newer fence that no release owns is overtaken, loudly, and abort ends at 0', async () => {
    const id = await baking()
    const fence = { release: 99_999_999_999_999, epoch: 1 }
    stage.router.land({ roles: { stable: 'blue', canary: 'green' }, exposure: { weight: 10_000, cohorts: [] }, fence })
    await untilSplit(AT_TEN)
    const text = 'with a fence (99999999999999:1) that no release owns; repaired'
    // The guard knows of a repair a moment before the story does.
    await stage.untilCard(id, (seen) => story(seen).includes(text))
    await endByAbort(id)
    // The next one starts above the foreign fence.
    expect(await stage.result(await stage.start(planFor(stage, QUICK)))).toMatchObject({ outcome: 'promoted' })
  })
})

describe('a router that a release has which began while nobody looked, as after a database was restored', () => {
  const fence = () => ({ release: Date.now(), epoch: 1 })
  const roles = { stable: 'blue', canary: 'green' }
  const AT_ALL = { blue: 0, green: 10_000 }
  const unknown = 'a release that this installation does not know began at'

  /** Until the next look is overdue that nobody takes: whatever begins now begins after it. */
  async function untilUnseen(workflow: ReturnType<typeof handleOf>): Promise<void> {
    const isOverdue = async () => {
      const looks = (await workflow.describe()).raw.pendingActivities ?? []
      const due = Math.max(...looks.map(({ scheduledTime }) => Number(scheduledTime?.seconds ?? 0) * 1_000 + 1_000))
      return Number.isFinite(due) && Date.now() > due
    }
    await expect.poll(isOverdue).toBe(true)
  }

  it('is left alone by a release, which is paused until somebody takes it over', async () => {
    const id = await baking()
    await stage.stopWorkers()
    await untilUnseen(handleOf(id))
    stage.router.land({ roles, exposure: { weight: 10_000, cohorts: [] }, fence: fence() })
    await stage.startWorker()
    const card = await stage.untilCard(id, isPaused)
    expect(card.reason).toMatch(new RegExp(`^${unknown} .*; it is left as it is: resume to take it over`))
    expect(split()).toEqual(AT_ALL)
    await stage.command(id, 'resume')
    await untilSplit(AT_TEN)
    await endByAbort(id)
  })

  it('is left alone by the lane, which forgets what it knew, and the next release begins from what it shows', async () => {
    await stage.result(await stage.start(planFor(stage, QUICK)))
    await stage.untilLane(({ keeper }) => keeper.state === 'holding')
    await stage.stopWorkers()
    await untilUnseen(laneHandle())
    stage.router.land({ roles, exposure: { weight: 0, cohorts: [] }, fence: fence() })
    await stage.startWorker()
    const lane = await stage.untilLane(({ keeper }) => keeper.state === 'idle')
    expect(lane).toMatchObject({ stable: null, promotedVersion: null })
    expect(lane.keeper.text).toContain('sluice recover --stable')
    await expect.poll(told).toContain(unknown)
    expect(split()).toEqual(AT_ZERO)
    const next = await stage.start(planFor(stage, QUICK), { version: '2.4.1' })
    expect(await stage.result(next)).toMatchObject({ outcome: 'promoted' })
    expect(split()).toEqual(AT_ALL)
  })
})

describe('a rollback', () => {
  it('writes also where the router cannot be read, and says on every view why it is not over', async () => {
    const id = await baking()
    stage.router.inject({ call: 'read', kind: 'fail', code: 'router.misconfigured', times: 60 })
    await stage.command(id, 'abort')
    await untilSplit(AT_ZERO)
    const card = await stage.untilCard(id, ({ rollback }) => rollback !== null)
    expect(card).toMatchObject({ phase: 'rolling-back', rollback: { tries: expect.any(Number) } })
    expect(card.rollback?.lastError).toContain('told to fail')
    stage.router.heal()
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
  })

  it('is refused to a release that had asked the router for nothing', async () => {
    stage.router.meddle({ split: { blue: 5_000, green: 5_000 } })
    const id = await stage.start(planFor(stage, QUICK))
    expect(await stage.result(id)).toMatchObject({ outcome: 'refused' })
    const card = await stage.releases.show(id)
    expect(card.phase).toBe('refused')
    expect(story(card)).toContain('blue 50%, green 50%')
    expect(story(card)).not.toContain('confirmed by the router')
  })
})

describe('a lane between releases', () => {
  it('holds the router: one that forgets its settings gets them again', async () => {
    await stage.result(await stage.start(planFor(stage, QUICK)))
    await stage.untilLane(({ running }) => running === null)
    stage.router.restart()
    expect(split()).toEqual(AT_ZERO)
    await untilSplit({ blue: 0, green: 10_000 })
    const lane = await stage.untilLane(({ keeper }) => keeper.keeping.repairs > 0)
    expect(lane.keeper.text).toContain('the lane keeps everybody on green; repaired once, last: ')
    await expect.poll(() => stage.notices.at(-1)?.text).toContain('between releases the router was at')
  })

  it('refuses a baseline that contradicts what it knows', async () => {
    await stage.result(await stage.start(planFor(stage, QUICK)))
    const freeze = await stage.untilLane(({ running }) => running === null)
    expect(freeze.stable).toEqual({ pool: 'green', version: '2.4.0' })
    // The lane would put it right before the release looks.
    stage.router.inject({ call: 'apply', kind: 'fail', times: 100_000 })
    stage.router.restart()
    const result = await stage.result(await stage.start(planFor(stage, QUICK), { version: '2.5.0' }))
    expect(result).toMatchObject({ outcome: 'refused' })
    expect(result.reason).toContain('a different pool from the one that the last release left them on')
    stage.router.heal()
    await untilSplit({ blue: 0, green: 10_000 })
  })

  it('brings the router back itself when its release is terminated in Temporal', async () => {
    const id = await baking()
    await handleOf(id).terminate('by hand')
    await untilSplit(AT_ZERO)
    const lane = await stage.untilLane(({ keeper }) => keeper.state === 'holding')
    expect(lane).toMatchObject({ running: null, stable: { pool: 'blue' } })
    const card = await stage.untilCard(id, ({ phase }) => phase === 'gone')
    expect(card).toMatchObject({ isEnded: true, weight: 0, verbs: [] })
    expect(card.reason).toContain('the lane keeps everybody on blue')
    await expect.poll(told).toContain(`${id.replace('release/', '')} ended without reporting it`)
    expect(await stage.result(await stage.start(planFor(stage, QUICK)))).toMatchObject({ outcome: 'promoted' })
  })

  it('tries without end to bring it back, and starts nothing before', async () => {
    const id = await baking()
    stage.router.inject({ call: 'read', kind: 'fail', times: 30 })
    await handleOf(id).terminate('by hand')
    const busy = await stage.untilLane(({ keeper }) => (keeper.recovery?.tries ?? 0) > 0)
    expect(busy.keeper.text).toMatch(/^sending everybody back to blue: .*; tried \d+ times, last: /)
    const next = await stage.start(planFor(stage, QUICK), { whenBusy: 'queue' })
    expect((await stage.untilLane(({ queue }) => queue.length > 0)).queue[0]?.releaseId).toBe(next)
    stage.router.heal()
    await stage.untilBegun(next)
    expect(await stage.result(next)).toMatchObject({ outcome: 'promoted' })
  })

  it('does as a person asks: recover ends what has the router and brings everybody back', async () => {
    const id = await baking()
    const target = { service: stage.service, environment: 'production' }
    await stage.releases.recover(target, { by: 'carol', reason: 'pager' })
    await untilSplit(AT_ZERO)
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back', reason: 'recover by carol: pager' })
    await stage.untilLane(({ keeper }) => keeper.state === 'holding')
    await stage.releases.recover(target, { by: 'carol', reason: 'moved by hand', stable: 'green' })
    await untilSplit({ blue: 0, green: 10_000 })
    // Nobody has said what is on it.
    expect((await stage.releases.lane(target)).stable).toEqual({ pool: 'green', version: null })
    await expect(stage.releases.recover(target, { by: 'carol', reason: '', stable: 'pink' })).rejects.toBeDefined()
  })
})

describe('a lane that has lost all it knew', () => {
  it('brings everybody to the pool that a person names, and holds it', async () => {
    const target = { service: stage.service, environment: 'production' }
    stage.router.meddle({ split: AT_TEN })
    const asked = { by: 'carol', reason: 'database lost', pools: ['blue', 'green'] }
    await expect(stage.releases.recover(target, asked)).rejects.toMatchObject({
      message: expect.stringContaining('name it with sluice recover --stable'),
    })
    await expect(stage.releases.recover(target, { ...asked, stable: 'pink' })).rejects.toBeDefined()
    await stage.releases.recover(target, { ...asked, stable: 'green' })
    await untilSplit({ blue: 0, green: 10_000 })
    await stage.untilLane(({ keeper, stable }) => keeper.state === 'holding' && stable?.pool === 'green')
  })
})

describe('a release that was reset in Temporal', () => {
  it('before its first exposure finds its own fence and takes everything back', async () => {
    const id = await baking()
    const { runId } = await handleOf(id).describe()
    await reset(id, runId, 4)
    expect(await handleOf(id).result()).toMatchObject({ outcome: 'rolled-back' })
    expect(split()).toEqual(AT_ZERO)
    expect(story(await stage.releases.show(id))).toContain('this release was reset in Temporal')
    await stage.untilLane(({ running, keeper }) => running === null && keeper.state === 'holding')
  })

  it('in the middle goes back as well, because it does not know what it had done', async () => {
    const id = await baking({
      steps: [{ weight: '10%' }, { bake: '1s' }, { weight: '50%' }, { bake: '1h' }, { weight: '100%' }],
    })
    await untilSplit({ blue: 5_000, green: 5_000 })
    const { runId } = await handleOf(id).describe()
    await reset(id, runId, 10)
    expect(await handleOf(id).result()).toMatchObject({ outcome: 'rolled-back' })
    expect(split()).toEqual(AT_ZERO)
  })
})

describe('a lane that was reset in Temporal', () => {
  const target = () => ({ service: stage.service, environment: 'production' })

  /** To the step that has started the release with this number. */
  async function resetTo(number: number): Promise<void> {
    const { events } = await laneHandle().fetchHistory()
    const starts = (events ?? []).flatMap((event) => event.startChildWorkflowExecutionInitiatedEventAttributes ?? [])
    const { runId } = await laneHandle().describe()
    await reset(laneHandle().workflowId, runId, Number(starts[number - 1]?.workflowTaskCompletedEventId))
    await expect.poll(told).toContain('the lane was reset in Temporal and goes on with what it had known; ')
  }

  async function promoted(version: string): Promise<void> {
    await stage.result(await stage.start(planFor(stage, QUICK), { version }))
    await stage.untilLane(({ keeper }) => keeper.state === 'holding')
  }

  it('moves nobody, knows what was promoted since, and goes on counting', async () => {
    for (const version of ['2.4.0', '2.4.1', '2.4.2']) await promoted(version)
    const landed = stage.router.landed.length
    await resetTo(2)
    const lane = await stage.untilLane(({ keeper }) => keeper.state === 'holding')
    expect(lane).toMatchObject({ stable: { pool: 'green', version: '2.4.2' }, running: null, nextNumber: 4 })
    expect(stage.router.landed.slice(landed)).toEqual([])
    const next = await stage.start(planFor(stage, QUICK), { version: '2.4.3' })
    expect(next).toBe(`release/${stage.service}/production/4`)
    expect(await stage.result(next)).toMatchObject({ outcome: 'promoted' })
  })

  it('does not again what was asked of it since, and leaves the release that runs alone', async () => {
    await promoted('2.4.0')
    await stage.releases.recover(target(), { by: 'carol', reason: 'pager' })
    await stage.untilLane(({ keeper }) => keeper.state === 'holding')
    const id = await stage.start(planFor(stage, SLOW), { version: '2.4.1' })
    await stage.untilCard(id, isBaking)
    await resetTo(1)
    expect(await stage.untilLane(({ running }) => running === id)).toMatchObject({ nextNumber: 3 })
    expect(await stage.untilCard(id, isBaking)).toMatchObject({ weight: 1_000 })
    await stage.command(id, 'abort')
    expect(await stage.result(id)).toMatchObject({
      outcome: 'rolled-back',
      reason: expect.not.stringContaining('carol'),
    })
    await stage.untilLane(({ keeper, stable }) => keeper.state === 'holding' && stable?.version === '2.4.0')
    const bundle = { workflowBundle: await workflowBundle() }
    await Worker.runReplayHistory(bundle, await laneHandle().fetchHistory(), laneHandle().workflowId)
  })
})

describe('a queue', () => {
  it('lets a release that was overtaken by a newer one wait for a word, and carries it out', async () => {
    const first = await baking()
    const second = await stage.start(planFor(stage, QUICK), { version: '2.4.1', whenBusy: 'queue' })
    const hotfix = await stage.start(planFor(stage, QUICK), { version: '2.4.2', whenBusy: 'replace' })
    expect(await stage.result(first)).toMatchObject({ outcome: 'rolled-back' })
    await stage.untilBegun(hotfix)
    expect(await stage.result(hotfix)).toMatchObject({ outcome: 'promoted' })
    await stage.untilBegun(second)
    const asked = await stage.untilCard(second, isPaused)
    expect(asked.reason).toContain('2.4.2 was promoted while 2.4.1 waited')
    expect(split()).toEqual({ blue: 0, green: 10_000 })
    await stage.command(second, 'resume')
    expect(await stage.result(second)).toMatchObject({ outcome: 'promoted' })
    expect(split()).toEqual(AT_ZERO)
  })

  it('lets go of one that somebody does not want any more', async () => {
    const first = await baking()
    const second = await stage.start(planFor(stage, QUICK), { whenBusy: 'queue' })
    const target = { service: stage.service, environment: 'production' }
    const lane = await stage.releases.withdraw(target, { releaseId: second, by: 'bob', reason: 'not today' })
    expect(lane.queue).toEqual([])
    await endByAbort(first)
    await stage.untilLane(({ running }) => running === null)
    await expect(handleOf(second).describe()).rejects.toBeDefined()
  })
})

describe('a lane that was ended in Temporal', () => {
  const target = () => ({ service: stage.service, environment: 'production' })
  const beginAgain = () =>
    beginLostLanes(
      {
        ...{ client: stage.env.client, taskQueue: stage.taskQueue, now: Date.now },
        isTarget: ({ service }) => service === stage.service,
      },
      Date.now() - 120_000,
    )
  async function untilBegunAgain(): Promise<void> {
    await expect.poll(beginAgain).toEqual([`lane/${stage.service}/production`])
    expect(await beginAgain()).toEqual([])
  }

  it('between releases is begun again, and holds the router as before', async () => {
    await stage.result(await stage.start(planFor(stage, QUICK)))
    await stage.untilLane(({ running }) => running === null)
    await laneHandle().terminate('by hand')
    stage.router.restart()
    await untilBegunAgain()
    await untilSplit({ blue: 0, green: 10_000 })
    const lane = await stage.untilLane(({ keeper }) => keeper.state === 'holding')
    expect(lane).toMatchObject({ stable: { pool: 'green', version: '2.4.0' }, nextNumber: 2 })
    await expect.poll(told).toContain('the lane was ended in Temporal and has begun again; ')
  })

  it('knows the release that runs, what waits, and the freeze', async () => {
    const first = await baking()
    const second = await stage.start(planFor(stage, QUICK), { version: '2.5.0', whenBusy: 'queue' })
    await stage.releases.freeze(target(), { by: 'carol', reason: 'fair' })
    await laneHandle().terminate('by hand')
    await untilBegunAgain()
    const lane = await stage.untilLane(({ running }) => running === first)
    expect(lane).toMatchObject({ freeze: { by: 'carol' }, queue: [{ releaseId: second }] })
    await endByAbort(first)
    await stage.releases.unfreeze(target(), { by: 'carol' })
    await stage.untilBegun(second)
    expect(await stage.result(second)).toMatchObject({ outcome: 'promoted' })
  })

  it('together with its release lets the next one start, which begins once everybody is back', async () => {
    const id = await baking()
    await handleOf(id).terminate('by hand')
    await laneHandle().terminate('by hand')
    const next = await stage.start(planFor(stage, QUICK), { version: '2.5.0' })
    await stage.untilBegun(next)
    expect(await stage.result(next)).toMatchObject({ outcome: 'promoted' })
    expect([...new Set(stage.router.landed.map(({ exposure }) => exposure.weight))]).toEqual([1_000, 0, 10_000])
  })

  it('is known as well to the wish that begins it before anybody else does', async () => {
    await stage.result(await stage.start(planFor(stage, QUICK)))
    await stage.untilLane(({ running }) => running === null)
    await laneHandle().terminate('by hand')
    stage.router.restart()
    const result = await stage.result(await stage.start(planFor(stage, QUICK), { version: '2.5.0' }))
    expect(result.reason).toContain('a different pool from the one that the last release left them on')
    await untilSplit({ blue: 0, green: 10_000 })
  })
})

describe('a message that somebody has made up', () => {
  const command = (id: string, more: Record<string, unknown> = {}) => ({
    ...{ verb: 'approve', releaseId: id, step: null, key: `forged-${Math.random()}`, reason: '' },
    ...{ actor: { person: 'alice', entrance: 'http' }, ...more },
  })

  it('cannot be another command than the door by which it comes', async () => {
    const steps = [{ weight: '10%' }, { approve: { by: 'owners', within: '1h', notAuthor: true } }, { weight: '100%' }]
    const id = await stage.start(planFor(stage, { steps }))
    await stage.untilCard(id, (card) => card.approval !== null)
    await handleOf(id).executeUpdate('pause', { args: [command(id)] })
    const card = await stage.releases.show(id)
    expect(card.approval?.given).toEqual([])
    expect(card.phase).toBe('paused (waiting)')
    await endByAbort(id)
  })

  it.each([null, 'x', 7, [], {}, { actor: null }])('such as %j is refused and wedges nothing', async (message) => {
    const id = await baking()
    await expect(handleOf(id).executeUpdate('abort', { args: [message] })).rejects.toBeDefined()
    for (const name of ['supersede', 'abort', 'no-such-signal']) await handleOf(id).signal(name, message)
    for (const name of ['releaseEnded', 'no-such-signal']) await laneHandle().signal(name, message)
    for (const name of ['submit', 'freeze', 'withdraw', 'recover'])
      await expect(laneHandle().executeUpdate(name, { args: [message] })).rejects.toBeDefined()
    await endByAbort(id)
  })

  it('of an end that has not been does not take the router from a release', async () => {
    const id = await baking()
    const roles = { stable: 'blue', canary: 'green' }
    const report = { releaseId: id, outcome: 'promoted', version: '6.6.6', reason: '', roles, turn: 9e14 }
    await laneHandle().signal('releaseEnded', report)
    await stage.untilCard(id, ({ latest }) => latest !== null || true)
    const lane = await stage.releases.lane({ service: stage.service, environment: 'production' })
    expect(lane).toMatchObject({ running: id, promotedVersion: null })
    expect(split()).toEqual(AT_TEN)
    await endByAbort(id)
  })

  it('of an end that has not been lets no second release wait where it is to be refused', async () => {
    const id = await baking()
    await laneHandle().signal('releaseEnded', { releaseId: id })
    await expect(stage.start(planFor(stage, QUICK))).rejects.toMatchObject({ code: 'lane.busy' })
    const lane = await stage.untilLane(({ queue }) => queue.length === 0)
    expect(lane.running).toBe(id)
    await endByAbort(id)
  })

  it('by the second door of an abort is an abort', async () => {
    const id = await baking()
    await handleOf(id).signal('abort', command(id, { verb: 'abort', reason: 'no update gets through' }))
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
    expect(split()).toEqual(AT_ZERO)
  })
})

describe('a wait without end', () => {
  const longestHistory = 60
  const runOf = async (id: string) => (await handleOf(id).describe()).runId

  async function pausedAndResumed(id: string, times: number): Promise<void> {
    for (let round = 0; round < times; round += 1) {
      await stage.command(id, 'pause')
      await stage.command(id, 'resume')
    }
  }

  it('in a bake goes on in new runs, with its clock', async () => {
    const id = await stage.start(planFor(stage, SLOW), { longestHistory })
    await stage.untilCard(id, isBaking)
    const first = await runOf(id)
    await pausedAndResumed(id, 8)
    await expect.poll(() => runOf(id)).not.toBe(first)
    const card = await stage.untilCard(id, isBaking)
    expect(card.bakeDuration).toBe(3_600_000)
    expect(story(card).match(/baseline read/g)).toHaveLength(1)
    stage.router.meddle({ split: { blue: 0, green: 10_000 } })
    await untilSplit(AT_TEN)
    await endByAbort(id)
  })

  it('in an approval asks once, and counts what was given before', async () => {
    const steps = [{ weight: '10%' }, { approve: { by: 'owners', need: 2, within: '1h' } }, { weight: '100%' }]
    const id = await stage.start(planFor(stage, { steps }), { longestHistory })
    const asked = await stage.untilCard(id, (card) => card.approval !== null)
    const as = (person: string) => ({ actor: { person, entrance: 'slack' } as const, step: asked.step })
    await stage.command(id, 'approve', as('bob'))
    const first = await runOf(id)
    await pausedAndResumed(id, 8)
    await expect.poll(() => runOf(id)).not.toBe(first)
    expect((await stage.untilCard(id, (card) => card.approval !== null)).approval?.given).toEqual(['bob'])
    await stage.command(id, 'approve', as('carol'))
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
    expect(stage.notices.filter(({ text }) => text.includes('asked to approve'))).toHaveLength(1)
  })

  it('in a rollback that cannot reach its router goes on trying in new runs', async () => {
    const id = await stage.start(planFor(stage, SLOW), { longestHistory: 50 })
    await stage.untilCard(id, isBaking)
    const first = await runOf(id)
    stage.router.inject({ call: 'apply', kind: 'fail', code: 'router.misconfigured', times: 100_000 })
    await stage.command(id, 'abort')
    await expect.poll(() => runOf(id)).not.toBe(first)
    const card = await stage.releases.show(id)
    expect(card).toMatchObject({ phase: 'rolling-back', weight: 1_000 })
    stage.router.heal()
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
    expect(split()).toEqual(AT_ZERO)
  }, 90_000)
})
