import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Action } from '../../src/domain/plan/actions.ts'
import { policySchema } from '../../src/domain/policy/policy.ts'
import type { ReleaseCard } from '../../src/domain/release/release-card.ts'
import type { PastReleases } from '../../src/releases/past-releases.ts'
import { ERRORS, LATENCY, planFor, type Stage, stagePerTest } from './harness.ts'

let stage: Stage
stagePerTest((opened) => {
  stage = opened
})

const lengthened = (action: Action): Action => (action.kind === 'bake' ? { ...action, duration: 600_000 } : action)

/** Visibility is a little behind. */
async function untilSeen(ask: () => Promise<PastReleases>, count: number): Promise<PastReleases> {
  for (;;) {
    const past = await ask()
    if (past.releases.length >= count) return past
    await sleep(100)
  }
}

const weights = () => stage.router.landed.map(({ exposure }) => exposure.weight)
const text = (trail: readonly { text: string }[]) => trail.map((entry) => entry.text).join('\n')

describe('a release that goes well', () => {
  it('goes through every weight in order, is promoted, and leaves everybody on the new version', async () => {
    const plan = planFor(stage, {
      steps: [{ weight: '5%' }, { bake: '2s' }, { weight: '50%' }, { bake: '1s' }, { weight: '100%' }],
      checks: { ...ERRORS, ...LATENCY },
    })
    const id = await stage.start(plan)
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted', reason: 'every step passed' })
    expect([...new Set(weights())]).toEqual([500, 5_000, 10_000])
    expect(stage.router.observe().split).toEqual({ blue: 0, green: 10_000 })
    const lane = await stage.untilLane(({ running }) => running === null)
    expect(lane).toMatchObject({ promotedVersion: '2.4.0', nextNumber: 2, stable: { pool: 'green', version: '2.4.0' } })
    expect(lane.keeper).toMatchObject({ state: 'holding', text: 'the lane keeps everybody on green' })
  })

  it('bakes at 100% as well, where comparisons go on with what stable has shown and fixed limits still watch', async () => {
    const limits = { ceiling: { errorRate: { max: '5%', minRequests: 20 } } }
    const plan = planFor(stage, {
      steps: [{ weight: '50%' }, { bake: '2s' }, { weight: '100%' }, { bake: '1h' }],
      checks: { ...ERRORS, ...LATENCY, ...limits },
      warmUp: '0s',
    })
    const id = await stage.start(plan)
    const ofErrors = (card: ReleaseCard) => card.verdicts.find(({ check }) => check === 'errors')
    const full = await stage.untilCard(
      id,
      (card) =>
        ofErrors(card)?.outcome === 'pass' && ofErrors(card)?.reason.startsWith('everybody is on 2.4.0: ') === true,
    )
    expect(ofErrors(full)?.reason).toMatch(
      /^everybody is on 2\.4\.0: errors .* against .* on stable before: no sign of being above /,
    )
    stage.script.pools['green'] = { requestsPerSecond: 400, errorRate: 0.2, slowShare: 0 }
    const result = await stage.result(id)
    expect(result).toMatchObject({ outcome: 'rolled-back' })
    expect(result.reason).toMatch(/^ceiling: /)
  })

  it('ends a bake early once the checks have proven the canary good', async () => {
    const plan = planFor(stage, {
      steps: [{ weight: '50%' }, { bake: { upTo: '1h', until: 'proven' } }, { weight: '100%' }],
      checks: { errors: { errorRate: { notWorseThan: '3x', minRequests: 20 } } },
      warmUp: '0s',
    })
    stage.script.pools['blue'] = { requestsPerSecond: 2_000, errorRate: 0.02, slowShare: 0.01 }
    stage.script.pools['green'] = { requestsPerSecond: 2_000, errorRate: 0.02, slowShare: 0.01 }
    const id = await stage.start(plan)
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
    expect(text((await stage.releases.show(id)).trail)).toContain('bake ended early: every check has shown')
  })

  it('swaps the roles of the pools for the next release', async () => {
    const plan = planFor(stage, { steps: [{ weight: '100%' }] })
    await stage.result(await stage.start(plan))
    await stage.result(await stage.start(plan, { version: '2.5.0' }))
    expect(stage.router.observe().split).toEqual({ blue: 10_000, green: 0 })
  })

  it('does not end a bake before the metrics have reached its end', async () => {
    const steps = [{ weight: '10%' }, { bake: '1s' }, { weight: '100%' }, { bake: '3s' }]
    stage.script.lag = 3_000
    const id = await stage.start(planFor(stage, { steps, checks: ERRORS }))
    await stage.untilCard(id, ({ weight, phase }) => weight === 10_000 && phase === 'baking')
    stage.script.pools['green'] = { requestsPerSecond: 400, errorRate: 1, slowShare: 0 }
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
  })

  it('is remembered with who had the new version when, as is one that was rolled back', async () => {
    const before = Date.now() - 60_000
    const steps = [{ weight: '5%' }, { bake: '2s' }, { weight: '100%' }, { bake: '1s' }]
    const plan = planFor(stage, { steps, checks: ERRORS })
    const good = await stage.start(plan)
    await stage.result(good)
    stage.script.pools['blue'] = { requestsPerSecond: 400, errorRate: 0.3, slowShare: 0 }
    const bad = await stage.start({ ...plan, actions: plan.actions.map(lengthened) }, { version: '2.5.0' })
    await stage.result(bad)
    const target = { service: stage.service, environment: 'production' }
    const { releases } = await untilSeen(() => stage.releases.past(target, before, 10), 2)
    expect(releases.map(({ releaseId, version, outcome }) => [releaseId, version, outcome])).toEqual([
      [bad, '2.5.0', 'rolled-back'],
      [good, '2.4.0', 'promoted'],
    ])
    expect(releases[0]).toMatchObject({
      ...{ abandoned: { cause: 'failed-check', by: 'guard' }, roles: { stable: 'green', canary: 'blue' } },
      spans: [{ exposure: { weight: 500 } }],
    })
    expect(releases[1]?.spans.map(({ exposure }) => exposure.weight)).toEqual([500, 10_000])
    for (const { from, until } of releases.flatMap(({ spans }) => spans)) expect(until).toBeGreaterThan(from)
    expect(await stage.releases.past(target, Date.now() + 60_000, 10)).toEqual({ releases: [], unread: 0 })
    expect((await stage.releases.past(target, before, 1)).unread).toBe(1)
  })

  it('sends cohorts first and unpins them once everybody has the new version', async () => {
    const plan = planFor(stage, {
      steps: [{ cohort: 'internal' }, { bake: '1s' }, { weight: '100%' }],
      checks: ERRORS,
    })
    await stage.result(await stage.start(plan))
    expect(stage.router.landed[0]?.exposure).toEqual({ weight: 0, cohorts: ['internal'] })
    expect(stage.router.observe()).toMatchObject({ split: { green: 10_000 }, cohorts: {} })
  })

  it('tells people in order, each message with what the last one was answered with', async () => {
    const id = await stage.start(planFor(stage, { steps: [{ weight: '100%' }] }))
    await stage.result(id)
    expect(stage.notices.map(({ ref }) => ref)).toEqual([null, ...stage.notices.slice(1).map(() => `message-of-${id}`)])
    expect(stage.notices.at(-1)?.text).toBe('2.4.0: promoted')
  })
})

describe('a bad version', () => {
  const steps = [{ weight: '10%' }, { bake: '60s' }, { weight: '100%' }]

  it('is rolled back on errors, with a sentence that has the numbers', async () => {
    const id = await stage.start(planFor(stage, { steps, checks: ERRORS }))
    await stage.untilCard(id, (card) => card.phase === 'baking')
    stage.script.pools['green'] = { requestsPerSecond: 400, errorRate: 0.1, slowShare: 0.01 }
    const result = await stage.result(id)
    expect(result.outcome).toBe('rolled-back')
    expect(result.reason).toMatch(/^errors [\d.]+% on 2\.4\.0 against [\d.]+% on stable/)
    expect(stage.router.observe().split).toEqual({ blue: 10_000, green: 0 })
  })

  it('is told apart by name from the version it was to replace', async () => {
    await stage.result(await stage.start(planFor(stage, { steps: [{ weight: '100%' }] }), { version: '2.3.9' }))
    stage.script.pools['blue'] = { requestsPerSecond: 400, errorRate: 0.1, slowShare: 0.01 }
    const id = await stage.start(planFor(stage, { steps, checks: ERRORS }))
    const result = await stage.result(id)
    expect(result.reason).toMatch(
      /^errors [\d.]+% on 2\.4\.0 against [\d.]+% on 2\.3\.9 \(.*\): at least 1\.5 times as many, odds of a false alarm /,
    )
    expect((await stage.releases.show(id)).replaces).toBe('2.3.9')
    const told = stage.notices.filter(({ releaseId }) => releaseId === id).map((notice) => notice.text)
    expect(told[0]).toBe('2.4.0: release started by alice, replaces 2.3.9, 10% on canary')
  })

  it('is rolled back on latency', async () => {
    const id = await stage.start(planFor(stage, { steps, checks: LATENCY }))
    await stage.untilCard(id, (card) => card.phase === 'baking')
    stage.script.pools['green'] = { requestsPerSecond: 400, errorRate: 0.005, slowShare: 0.2 }
    const result = await stage.result(id)
    expect(result.outcome).toBe('rolled-back')
    expect(result.reason).toMatch(/^latency p95 .* on 2\.4\.0 against .* on stable/)
  })

  it('is only held where the plan says pause, and goes on when somebody retries after a mend', async () => {
    const id = await stage.start(
      planFor(stage, {
        steps: [{ weight: '10%' }, { bake: '3s' }, { weight: '100%' }],
        checks: ERRORS,
        onFail: 'pause',
      }),
    )
    await stage.untilCard(id, (card) => card.phase === 'baking')
    stage.script.pools['green'] = { requestsPerSecond: 400, errorRate: 0.2, slowShare: 0.01 }
    const held = await stage.untilCard(id, (card) => card.phase === 'paused (baking)')
    expect(held.weight).toBe(1_000)
    await expect(stage.command(id, 'promote')).rejects.toMatchObject({ code: 'command.refused' })
    stage.script.pools['green'] = { requestsPerSecond: 400, errorRate: 0.005, slowShare: 0.01 }
    await stage.command(id, 'retry', { reason: 'mended' })
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
  })
})

describe('missing data', () => {
  it('never passes and never rolls back: the bake is held, then paused, and goes on when the data is back', async () => {
    const plan = planFor(stage, {
      steps: [{ weight: '10%' }, { bake: '2s' }, { weight: '100%' }],
      checks: ERRORS,
      onInconclusive: { holdFor: '3s', then: 'pause' },
    })
    stage.script.outage = { kind: 'error', fault: 'timeout', reason: 'the store does not answer' }
    const id = await stage.start(plan)
    const paused = await stage.untilCard(id, (card) => card.phase === 'paused (baking)')
    expect(paused.reason).toContain('the store does not answer')
    expect(weights()).not.toContain(10_000)
    stage.script.outage = null
    await stage.command(id, 'resume')
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
  })

  it('rolls back after the hold where the plan says so', async () => {
    const plan = planFor(stage, {
      steps: [{ weight: '10%' }, { bake: '1s' }, { weight: '100%' }],
      checks: ERRORS,
      onInconclusive: { holdFor: '2s', then: 'rollback' },
    })
    stage.script.outage = { kind: 'noData', reason: 'no such series' }
    const result = await stage.result(await stage.start(plan))
    expect(result).toMatchObject({ outcome: 'rolled-back' })
    expect(result.reason).toContain('no such series')
  })

  it('holds a canary that gets too few requests to be judged', async () => {
    stage.script.pools['green'] = { requestsPerSecond: 0, errorRate: 0, slowShare: 0 }
    const plan = planFor(stage, {
      steps: [{ weight: '1%' }, { bake: '1s' }, { weight: '100%' }],
      checks: ERRORS,
      onInconclusive: { holdFor: '2s', then: 'pause' },
    })
    const id = await stage.start(plan)
    const paused = await stage.untilCard(id, (card) => card.phase === 'paused (baking)')
    expect(paused.weight).toBe(100)
    await stage.command(id, 'abort')
    await stage.result(id)
  })
})

describe('people', () => {
  const approve = { approve: { by: 'owners', within: '1h' } }

  it('pause in the moment in which an exposure is to be raised: no step is left out', async () => {
    const approve = { approve: { by: 'owners', within: '1h' } }
    const steps = [{ weight: '10%' }, approve, { weight: '50%' }, { bake: '1h' }, { weight: '100%' }]
    const id = await stage.start(planFor(stage, { steps, checks: {} }))
    await stage.untilCard(id, ({ phase }) => phase === 'waiting')
    stage.looks.isHeld = true
    await stage.command(id, 'approve')
    await expect.poll(() => stage.looks.waiting).toBeGreaterThan(0)
    await stage.command(id, 'pause')
    stage.looks.isHeld = false
    await stage.command(id, 'resume')
    const card = await stage.untilCard(id, ({ phase }) => phase === 'baking')
    expect(card.weight).toBe(5_000)
    await stage.command(id, 'abort')
    await stage.result(id)
  })

  it('pause and resume a bake without counting the pause', async () => {
    const id = await stage.start(
      planFor(stage, { steps: [{ weight: '10%' }, { bake: '5s' }, { weight: '100%' }], checks: ERRORS }),
    )
    await stage.untilCard(id, ({ phase, latest }) => phase === 'baking' && latest !== null)
    await stage.command(id, 'pause', { reason: 'lunch' })
    const early = await stage.releases.show(id)
    const seenAt = early.latest?.at ?? Number.POSITIVE_INFINITY
    const late = await stage.untilCard(id, ({ latest }) => latest !== null && latest.at > seenAt + 2_000)
    expect(late.phase).toBe('paused (baking)')
    expect(late.bakeRemaining).toBe(early.bakeRemaining)
    await stage.command(id, 'resume')
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
  })

  it('approve: not the author, not a stranger, not twice, and only the step that asks', async () => {
    const plan = planFor(stage, {
      steps: [{ weight: '10%' }, { approve: { by: 'owners', need: 2 } }, { weight: '100%' }],
    })
    const id = await stage.start(plan)
    const asked = await stage.untilCard(id, (card) => card.approval !== null)
    const as = (person: string, step = asked.step) => ({ actor: { person, entrance: 'slack' } as const, step })
    await expect(stage.command(id, 'approve', as('alice'))).rejects.toMatchObject({ code: 'command.forbidden' })
    await expect(stage.command(id, 'approve', as('mallory'))).rejects.toMatchObject({ code: 'command.forbidden' })
    await expect(stage.command(id, 'approve', as('bob', 1))).rejects.toMatchObject({ code: 'command.stale' })
    await stage.command(id, 'approve', as('bob'))
    await expect(stage.command(id, 'approve', as('bob'))).rejects.toMatchObject({ code: 'command.refused' })
    await expect(stage.command(id, 'promote')).rejects.toMatchObject({ code: 'command.refused' })
    await stage.command(id, 'approve', as('carol'))
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
  })

  it('let an approval expire: the release rolls back by itself', async () => {
    const steps = [{ weight: '10%' }, { approve: { by: 'owners', within: '1s' } }, { weight: '100%' }]
    const result = await stage.result(await stage.start(planFor(stage, { steps })))
    expect(result).toMatchObject({ outcome: 'rolled-back' })
    expect(result.reason).toContain('nobody in owners approved step 2 within 1s')
  })

  it('reject: the release rolls back and says who', async () => {
    const id = await stage.start(planFor(stage, { steps: [{ weight: '10%' }, approve, { weight: '100%' }] }))
    await stage.untilCard(id, (card) => card.approval !== null)
    await stage.command(id, 'reject', { reason: 'wrong day' })
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back', reason: 'reject by bob: wrong day' })
  })

  it('end a bake early that a policy asks for only where the policy names them', async () => {
    const policy = policySchema.parse({ bake: { each: '10m' }, override: 'owners' })
    const steps = [{ weight: '5%' }, { bake: '24h' }, { weight: '100%' }]
    const id = await stage.start(planFor(stage, { steps }, { policies: [{ name: 'money', policy }] }))
    await stage.untilCard(id, ({ phase }) => phase === 'baking')
    const dave = { person: 'dave', entrance: 'cli' } as const
    await expect(stage.command(id, 'promote', { actor: dave, reason: 'late' })).rejects.toMatchObject({
      code: 'command.forbidden',
    })
    await expect(stage.command(id, 'promote')).rejects.toMatchObject({ code: 'command.refused' })
    await stage.command(id, 'promote', { reason: 'seen enough' })
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
  })

  it('end a bake early and extend one', async () => {
    const id = await stage.start(
      planFor(stage, { steps: [{ weight: '10%' }, { bake: '1h' }, { weight: '100%' }], checks: ERRORS }),
    )
    await stage.untilCard(id, (card) => card.phase === 'baking')
    await stage.command(id, 'extend', { by: 600_000 })
    expect((await stage.releases.show(id)).bakeDuration).toBe(4_200_000)
    await stage.command(id, 'promote', { reason: 'seen enough' })
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
  })

  it('send the same command twice with one effect', async () => {
    const id = await stage.start(planFor(stage, { steps: [{ weight: '10%' }, { bake: '1h' }, { weight: '100%' }] }))
    await stage.untilCard(id, (card) => card.phase === 'baking')
    await stage.command(id, 'extend', { by: 60_000, key: 'twice' })
    await stage.command(id, 'extend', { by: 60_000, key: 'twice' })
    expect((await stage.releases.show(id)).bakeDuration).toBe(3_660_000)
    await stage.command(id, 'abort')
    await stage.result(id)
  })
})

describe('abort', () => {
  it.each([
    ['while baking', [{ weight: '10%' }, { bake: '1h' }, { weight: '100%' }], 'baking'],
    [
      'while waiting for an approval',
      [{ weight: '10%' }, { approve: { by: 'owners' } }, { weight: '100%' }],
      'waiting',
    ],
    [
      'while analysing',
      [{ weight: '10%' }, { analyse: { for: '1h', checks: { more: ERRORS.errors } } }, { weight: '100%' }],
      'judging',
    ],
  ])('%s leads to weight 0, read back', async (_when, steps, phase) => {
    const id = await stage.start(planFor(stage, { steps }))
    await stage.untilCard(id, (card) => card.phase === phase)
    await stage.command(id, 'abort', { reason: 'it smells' })
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back', reason: 'abort by bob: it smells' })
    expect(stage.router.observe().split).toEqual({ blue: 10_000, green: 0 })
    expect(text((await stage.releases.show(id)).trail)).toContain('rolled back, confirmed by the router')
  })

  it('while paused leads to weight 0', async () => {
    const id = await stage.start(planFor(stage, { steps: [{ weight: '10%' }, { bake: '1h' }, { weight: '100%' }] }))
    await stage.untilCard(id, (card) => card.phase === 'baking')
    await stage.command(id, 'pause')
    await stage.command(id, 'abort')
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
  })

  it('does not wait for a write that hangs, and the late write does not win', async () => {
    stage.router.inject({ call: 'apply', kind: 'lateApply' })
    const id = await stage.start(planFor(stage, { steps: [{ weight: '30%' }, { bake: '1h' }, { weight: '100%' }] }))
    await stage.untilCard(id, (card) => card.phase === 'exposing')
    await stage.command(id, 'abort')
    while (stage.router.landLateWrites() === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
    expect(stage.router.observe().split).toEqual({ blue: 10_000, green: 0 })
  })

  it('of an ended release is refused with a sentence', async () => {
    const id = await stage.start(planFor(stage, { steps: [{ weight: '100%' }] }))
    await stage.result(id)
    await expect(stage.command(id, 'abort')).rejects.toMatchObject({ code: 'release.ended' })
    await expect(stage.command(`release/${stage.service}/production/99`, 'abort')).rejects.toMatchObject({
      code: 'release.unknown',
    })
  })

  it('in Temporal itself, as a cancellation, rolls back as well', async () => {
    const id = await stage.start(planFor(stage, { steps: [{ weight: '10%' }, { bake: '1h' }, { weight: '100%' }] }))
    await stage.untilCard(id, (card) => card.phase === 'baking')
    await stage.env.client.workflow.getHandle(id).cancel()
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
    expect(stage.router.observe().split).toEqual({ blue: 10_000, green: 0 })
  })
})

describe('the router', () => {
  const steps = [{ weight: '10%' }, { bake: '1h' }, { weight: '100%' }]

  it('that is changed by a foreign hand is repaired, and the story says so', async () => {
    const id = await stage.start(planFor(stage, { steps, checks: ERRORS }))
    await stage.untilCard(id, (card) => card.phase === 'baking')
    stage.router.meddle({ split: { blue: 2_000, green: 8_000 } })
    const repaired = await stage.untilCard(id, (card) => card.repairs > 0)
    expect(repaired.repairs).toBe(1)
    expect(stage.router.observe().split).toEqual({ blue: 9_000, green: 1_000 })
    expect(text(repaired.trail)).toContain('the router was at 80% instead of 10%; repaired')
    await stage.command(id, 'abort')
    await stage.result(id)
  })

  it('that shows the weight but sends other traffic pauses the release', async () => {
    const id = await stage.start(
      planFor(stage, { steps: [{ weight: '10%' }, { bake: '1h' }, { weight: '100%' }], checks: ERRORS }),
    )
    await stage.untilCard(id, (card) => card.phase === 'baking')
    stage.script.pools['green'] = { requestsPerSecond: 0, errorRate: 0, slowShare: 0 }
    const paused = await stage.untilCard(id, (card) => card.phase === 'paused (baking)')
    expect(paused.reason).toMatch(/^2\.4\.0 gets next to none of the requests \(.*\) at 10%: /)
    await stage.command(id, 'abort')
    await stage.result(id)
  })

  it('that restarts without its settings gets them again', async () => {
    const id = await stage.start(planFor(stage, { steps, checks: ERRORS }))
    await stage.untilCard(id, (card) => card.phase === 'baking')
    stage.router.restart()
    await stage.untilCard(id, (card) => card.repairs > 0)
    expect(stage.router.observe().split).toEqual({ blue: 9_000, green: 1_000 })
    await stage.command(id, 'promote', { reason: 'seen enough' })
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
  })

  it('that took a write but answered with a timeout is believed by what it shows', async () => {
    stage.router.inject({ call: 'apply', kind: 'applyThenTimeout' })
    const id = await stage.start(planFor(stage, { steps: [{ weight: '100%' }] }))
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
  })

  it('that cannot be read at the start changes nothing', async () => {
    stage.router.meddle({ split: { blue: 6_000, green: 4_000 } })
    const result = await stage.result(await stage.start(planFor(stage, { steps })))
    expect(result).toMatchObject({ outcome: 'refused' })
    expect(result.reason).toContain('it is not clear which pool is stable')
    expect(stage.router.landed).toEqual([])
  })
})

describe('a lane', () => {
  const slow = { steps: [{ weight: '10%' }, { bake: '1h' }, { weight: '100%' }] }

  it('answers the same key with the same release and refuses another plan under it', async () => {
    const plan = planFor(stage, slow)
    const first = await stage.start(plan, { key: 'once' })
    expect(await stage.start(plan, { key: 'once' })).toBe(first)
    await expect(stage.start(plan, { key: 'once', version: '9.9.9' })).rejects.toBeDefined()
    await stage.command(first, 'abort')
    await stage.result(first)
  })

  it('refuses a second release, queues it when asked, and starts it in its turn', async () => {
    const first = await stage.start(planFor(stage, slow))
    await stage.untilCard(first, (card) => card.phase === 'baking')
    await expect(stage.start(planFor(stage, slow))).rejects.toMatchObject({ code: 'lane.busy' })
    const second = await stage.start(planFor(stage, { steps: [{ weight: '100%' }] }), { whenBusy: 'queue' })
    await stage.command(first, 'abort')
    expect(await stage.result(first)).toMatchObject({ outcome: 'rolled-back' })
    await stage.untilLane((lane) => lane.running === null && lane.queue.length === 0)
    expect(await stage.result(second)).toMatchObject({ outcome: 'promoted' })
  })

  it('tells each release what was promoted last when it starts, not when it was asked for', async () => {
    const quick = planFor(stage, { steps: [{ weight: '100%' }] })
    const first = await stage.start(planFor(stage, slow), { version: '2.3.9' })
    const second = await stage.start(quick, { version: '2.4.0', whenBusy: 'queue' })
    const third = await stage.start(quick, { version: '2.5.0', whenBusy: 'queue' })
    await stage.command(first, 'abort')
    await stage.untilLane((lane) => lane.promotedVersion === '2.5.0')
    const cards = await Promise.all([first, second, third].map((id) => stage.releases.show(id)))
    expect(cards.map(({ replaces }) => replaces)).toEqual([null, null, '2.4.0'])
  })

  it('rolls the running release back when another is to replace it', async () => {
    const first = await stage.start(planFor(stage, slow))
    await stage.untilCard(first, (card) => card.phase === 'baking')
    const second = await stage.start(planFor(stage, { steps: [{ weight: '100%' }] }), {
      whenBusy: 'replace',
      version: '2.4.1',
    })
    const result = await stage.result(first)
    expect(result).toMatchObject({ outcome: 'rolled-back' })
    expect(result.reason).toContain(`replaced by ${second.replace('release/', '')} (2.4.1)`)
    await stage.untilLane((lane) => lane.promotedVersion === '2.4.1')
  })

  it('starts nothing while it is frozen and says by whom and why', async () => {
    const target = { service: stage.service, environment: 'production' }
    await stage.releases.freeze(target, { by: 'carol', reason: 'black friday' })
    await expect(stage.start(planFor(stage, slow))).rejects.toMatchObject({
      code: 'lane.frozen',
      message: 'frozen by carol: black friday',
    })
    await stage.releases.unfreeze(target, { by: 'carol' })
    const id = await stage.start(planFor(stage, { steps: [{ weight: '100%' }] }))
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
  })

  it('that was lost is rebuilt from visibility and adopts the open release', async () => {
    const first = await stage.start(planFor(stage, slow))
    await stage.untilCard(first, (card) => card.phase === 'baking')
    await stage.env.client.workflow.getHandle(`lane/${stage.service}/production`).terminate('lost')
    await expect(stage.start(planFor(stage, slow))).rejects.toMatchObject({ code: 'lane.busy' })
    await stage.command(first, 'abort')
    await stage.result(first)
    await stage.untilLane((lane) => lane.running === null)
    expect(await stage.start(planFor(stage, { steps: [{ weight: '100%' }] }))).toBe(
      `release/${stage.service}/production/2`,
    )
  })
})
