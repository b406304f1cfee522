import { describe, expect, it } from 'vitest'
import { rolesWith } from '../../../src/domain/exposure.ts'
import {
  type Former,
  fallBackProblem,
  formerOf,
  returnByStart,
  returnOf,
  returnText,
} from '../../../src/domain/lane/former.ts'
import { dutyOf, nextToStart } from '../../../src/domain/lane/lane-duty.ts'
import { enqueue } from '../../../src/domain/lane/lane-queue.ts'
import { fallenBack, recoverTo } from '../../../src/domain/lane/lane-recovery.ts'
import { emptyLane, type LaneState } from '../../../src/domain/lane/lane-state.ts'
import { formerText, laneView, returnsTo } from '../../../src/domain/lane/lane-view.ts'
import { ended, start, stopped, vanished, watchClosed } from '../../../src/domain/lane/running-release.ts'
import type { Plan } from '../../../src/domain/plan/plan.ts'
import { readPlanText } from '../../../src/domain/plan/plan-text.ts'
import { planContext } from '../plan/plan-context.ts'

const TEXT = `service: checkout
environment: production
steps: [{ weight: 50% }, { bake: 10m }, { weight: 100% }]
checks:
  errors: { errorRate: { notWorseThan: 1.5x } }
  ceiling: { errorRate: { max: 5% }, onFail: rollback }
windows: { only: "Mon-Fri 09:00-16:00 UTC" }
`
function planOf(after: string): Plan {
  const read = readPlanText(`${TEXT}after: ${after}\n`, 'plan.yaml', planContext())
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  return read.plan
}
const HOUR = 3_600_000
const input = { plan: planOf('{ watch: 14d, keep: 2h, onFail: rollback }'), releaseId: 'release/checkout/production/2' }
const PROMOTED = { phase: 'promoted', endedAt: 1_000 } as const
const former = formerOf({ ...input, replaces: '2.3.9' }, PROMOTED) as Former
const lane: LaneState<{ version: string }> = {
  ...emptyLane(),
  ...{ promotedVersion: '2.4.0', rest: { stable: 'blue', canary: 'green' }, former },
}
const seen = { releaseId: input.releaseId, cause: 'failed-check', reason: 'errors 5%' } as const

describe('a lane without a router', () => {
  const unrouted = { ...lane, isUnrouted: true } as const

  it('holds nothing between releases, and has no pool to show or to go back to', () => {
    expect(dutyOf(unrouted)).toEqual({ kind: 'wait' })
    const view = laneView({ service: 'checkout', environment: 'production' }, {
      ...unrouted,
      queue: [],
    } as never)
    expect(view).toMatchObject({ isUnrouted: true, stable: null, former: null, keeper: { state: 'idle' } })
    expect(returnOf(unrouted, 2_000)).toMatchObject({ kind: 'impossible', fix: expect.stringContaining('flags off') })
  })
})

describe('what a promotion leaves to go back to', () => {
  it('is the version before, for as long as the plan says that its pool is kept', () => {
    expect(former).toMatchObject({ version: '2.3.9', until: 1_000 + 2 * HOUR, isWatched: true })
    expect(formerOf({ ...input, plan: planOf('{ watch: 1d }') }, PROMOTED)).toMatchObject({
      until: null,
      version: null,
    })
    expect(formerOf({ ...input, plan: planOf('{ keep: 1d }') }, PROMOTED)).toMatchObject({ isWatched: false })
  })

  it('is nothing where the plan says nothing, and where nothing was promoted', () => {
    const { after: _, ...plan } = input.plan
    expect(formerOf({ ...input, plan }, PROMOTED)).toBeNull()
    expect(formerOf(input, { ...PROMOTED, phase: 'rolled-back' })).toBeNull()
  })

  it('is known to the lane from the end of the release to the start of the next one', () => {
    const running = { releaseId: input.releaseId, number: 2 }
    const report = { releaseId: input.releaseId, outcome: 'promoted', version: '2.4.0', former } as const
    const after = ended({ ...lane, former: null, running }, report, 5)
    expect(after.former).toEqual(former)
    const waiting = { releaseId: 'release/checkout/production/3', number: 3, entry: { version: '2.5.0' } }
    const next = enqueue(after, waiting, { key: 'k', fingerprint: 'f' }, false)
    expect(start(next, 9).former).toBeNull()
    expect(start(enqueue(emptyLane(), waiting, { key: 'k', fingerprint: 'f' }, false), 9)).not.toHaveProperty('former')
  })

  it('is no longer watched once the release that did so has closed, whatever closed it', () => {
    expect(watchClosed(lane, input.releaseId).former).toEqual({ ...former, isWatched: false })
    expect(watchClosed(lane, 'release/checkout/production/1')).toBe(lane)
    expect(watchClosed({ ...lane, former: null }, input.releaseId).former).toBeNull()
  })

  it('is shown with its pool and its time', () => {
    const { former: shown } = laneView({ service: 'checkout', environment: 'production' }, {
      ...lane,
      queue: [],
    } as unknown as Parameters<typeof laneView>[1])
    expect(shown).toMatchObject({ version: '2.3.9', pool: 'green', watchedBy: input.releaseId })
    expect(shown == null ? '' : formerText(shown)).toBe('2.3.9 on green, kept until 1970-01-01 02:00 UTC')
  })
})

describe('a start of the version before', () => {
  const asked = { version: '2.3.9', mayReturn: true }
  const view = (state: LaneState<never>) => laneView({ service: 'checkout', environment: 'production' }, state)
  const shown = { ...lane, queue: [] }

  it('is a return while its pool is kept and nothing else goes on, and is announced as one', () => {
    expect(returnByStart(lane, asked, HOUR)).toMatchObject({ version: '2.3.9', pool: 'green', former })
    expect(returnsTo(view(shown), '2.3.9', HOUR)).toMatchObject({ version: '2.3.9', pool: 'green' })
    expect(returnText({ version: '2.3.9', pool: 'green', from: '2.4.0' })).toBe(
      '2.3.9 is the version before 2.4.0 and its pool is kept: everybody returns to green in one step, and the steps of the plan are left out',
    )
    expect(returnText({ version: '2.3.9', pool: 'green', from: null })).toContain('the version before and its pool')
  })

  const word = { reason: 'fair', by: 'alice', at: 0 }
  it.each([
    ['a freeze', { freeze: word }],
    ['a pin', { pin: { ...word, version: '2.4.0' } }],
  ])('is not announced as one under %s, which refuses it', (_what, change) => {
    expect(returnsTo(view({ ...shown, ...change }), '2.3.9', HOUR)).toBeNull()
  })

  const recovery = { reason: '', by: '', since: 0, tries: 0, lastError: null }
  it.each([
    ['it is another version', {}, { ...asked, version: '2.4.0' }],
    ['its time is over', { former: { ...former, until: 10 } }, asked],
    ['nobody keeps its pool', { former: { ...former, until: null } }, asked],
    ['a release runs', { running: { releaseId: 'release/checkout/production/3', number: 3 } }, asked],
    ['the router is being brought back', { recovery }, asked],
    ['nothing was there before', { former: null }, asked],
  ])('follows its plan when %s', (_when, change, wish) => {
    expect(returnByStart({ ...lane, ...change }, wish, HOUR)).toBeNull()
    expect(returnsTo(view({ ...shown, ...change }), wish.version, HOUR)).toBeNull()
  })

  it('follows its plan where whoever starts wants that, and from an entrance that does not know of returns', () => {
    expect(returnByStart(lane, { ...asked, mayReturn: false }, HOUR)).toBeNull()
    expect(returnByStart(lane, { version: '2.3.9' }, HOUR)).toBeNull()
  })
})

describe('a person who returns', () => {
  it('may while the pool is kept', () => {
    expect(returnOf(lane, 2 * HOUR)).toMatchObject({ kind: 'possible', version: '2.3.9', pool: 'green' })
  })

  it.each([
    [
      'a release runs',
      { running: { releaseId: 'release/checkout/production/3', number: 3 } },
      /is running on this target/,
    ],
    [
      'the router is being brought back',
      { recovery: { reason: '', by: '', since: 0, tries: 0, lastError: null } },
      /already/,
    ],
    ['nothing was left', { former: null }, /^no plan says that the pool/],
    ['no plan keeps the pool', { former: { ...former, until: null } }, /^no plan says that the pool/],
    ['nobody knows the version', { former: { ...former, version: null } }, /^nobody knows which version is on green/],
    ['its time is over', { former: { ...former, until: 10 } }, /^2\.3\.9 was kept on green until 1970-01-01T00:00Z/],
  ])('may not when %s', (_when, change, message) => {
    const way = returnOf({ ...lane, ...change }, HOUR)
    expect(way).toMatchObject({ kind: 'impossible', message: expect.stringMatching(message), fix: expect.any(String) })
  })

  it('is not held by a freeze or a pin, and goes before what waits', () => {
    const held = { ...lane, freeze: { reason: 'holidays', by: 'carol', at: 0 } }
    const usual = { releaseId: 'release/checkout/production/3', number: 3, entry: { version: '2.5.0' } }
    const own = {
      releaseId: 'release/checkout/production/4',
      number: 4,
      isReturn: true,
      entry: { version: '2.3.9' },
    } as const
    const queued = enqueue(held, usual, { key: 'a', fingerprint: '' }, false)
    expect(nextToStart(queued)).toBeNull()
    expect(nextToStart(enqueue(queued, own, { key: 'b', fingerprint: '' }, true))).toBe(own)
  })

  it('goes in one step that people and windows do not hold, watched by what needs nobody on stable', () => {
    const { plan } = former
    expect(plan.actions.map(({ kind }) => kind)).toEqual(['expose', 'bake'])
    expect(plan.actions[0]).toMatchObject({ exposure: { weight: 10_000, cohorts: [] } })
    expect(plan.checks).toMatchObject([{ name: 'ceiling', onFail: 'pause' }])
    expect(plan).toMatchObject({ isReturn: true, onFail: 'pause' })
    expect(plan).not.toHaveProperty('windows')
    expect(plan).not.toHaveProperty('after')
  })
})

describe('a return that nobody is on in the end', () => {
  const own = {
    releaseId: 'release/checkout/production/3',
    number: 3,
    isReturn: true,
    entry: { version: '2.3.9' },
  } as const
  const under = start(enqueue(lane, own, { key: 'k', fingerprint: 'f' }, true), 9)
  const unwatched = { ...former, isWatched: false }
  const roles = { stable: 'blue', canary: 'green' }

  it.each(['rolled-back', 'refused'] as const)('leaves the version before where it was: %s', (outcome) => {
    expect(under.former).toBeNull()
    const after = ended(under, { releaseId: own.releaseId, outcome, version: '2.3.9', roles }, 20)
    expect(after.former).toEqual(unwatched)
    expect(returnOf(after, HOUR)).toMatchObject({ kind: 'possible', version: '2.3.9', pool: 'green' })
  })

  it('leaves it there as well when its workflow is gone, or was stopped', () => {
    expect(vanished(under, own.releaseId, 20).former).toEqual(unwatched)
    expect(stopped(under)).toMatchObject({ running: null, former: unwatched })
  })

  it('leaves nothing when it was promoted, or another release owns the router', () => {
    for (const outcome of ['promoted', 'superseded'] as const)
      expect(ended(under, { releaseId: own.releaseId, outcome, version: '2.3.9', roles }, 20).former).toBeNull()
  })

  it('is told from a release with a plan, whose pool holds something else by then', () => {
    const { isReturn: _, ...usual } = own
    const begun = start(enqueue(lane, usual, { key: 'k', fingerprint: 'f' }, true), 9)
    const report = { releaseId: own.releaseId, outcome: 'rolled-back', version: '2.5.0', roles } as const
    expect(ended(begun, report, 20).former).toBeNull()
  })
})

describe('a recovery', () => {
  const wish = { reason: 'recover by carol: pager', by: 'carol' }
  const flagged = { ...lane, promotedFlags: ['banner', 'search'] }
  const OTHER = { stable: 'green', canary: 'blue' }

  it('of a lane that has lost everything brings everybody to the pool that is named, and does nothing without one', () => {
    const lost = emptyLane<{ version: string }>()
    expect(recoverTo(lost, OTHER, wish, 20)).toMatchObject({ rest: OTHER, promotedVersion: null, recovery: wish })
    expect(recoverTo(lost, null, wish, 20)).toMatchObject({ rest: null, recovery: null })
    expect(rolesWith('green', ['blue', 'green'])).toEqual(OTHER)
    expect(rolesWith('pink', ['blue', 'green'])).toBeNull()
    expect(rolesWith('green', ['green'])).toBeNull()
  })

  it('to the pool that has everybody leaves the version before where it was, and every flag', () => {
    for (const roles of [null, lane.rest]) {
      const back = recoverTo(flagged, roles, wish, 20)
      expect(back).toMatchObject({ rest: lane.rest, promotedVersion: '2.4.0', former: { isWatched: false } })
      expect(back.recovery).not.toHaveProperty('flags')
    }
  })

  it('to the other pool sets the flags off that the version before does not carry, and says which version that is', () => {
    const back = recoverTo(flagged, OTHER, wish, 20)
    expect(back).toMatchObject({
      ...{ rest: { stable: 'green', canary: 'blue' }, promotedVersion: '2.3.9', former: null },
      recovery: { ...wish, flags: ['banner', 'search'] },
    })
    expect(back).not.toHaveProperty('promotedFlags')
    const unknown = recoverTo({ ...flagged, former: null }, OTHER, wish, 20)
    expect(unknown).toMatchObject({ promotedVersion: null, recovery: { flags: ['banner', 'search'] } })
  })

  it('that has begun takes over what a later one is to set off, with its own reason', () => {
    const first = recoverTo(flagged, null, { ...wish, flags: ['late'] }, 20)
    const second = recoverTo(first, OTHER, { reason: 'moved', by: 'dave', flags: ['late'] }, 30)
    expect(second.recovery).toMatchObject({ ...wish, flags: ['late', 'banner', 'search'] })
  })
})

describe('a return from a version with flags', () => {
  it('sets them off, because the version before does not carry them', () => {
    const [first, ...rest] = input.plan.actions
    if (first?.kind !== 'expose') throw new Error('the plan begins with an exposure')
    const flags = { checkout: { weight: 10_000, cohorts: [] } }
    const plan = { ...input.plan, actions: [{ ...first, exposure: { ...first.exposure, flags } }, ...rest] }
    const { actions = [], steps } = formerOf({ ...input, plan }, PROMOTED)?.plan ?? {}
    expect(actions).toMatchObject([
      { step: 1, exposure: { weight: 10_000 } },
      { step: 2, exposure: { weight: 10_000, flags: { checkout: { weight: 0, cohorts: [] } } } },
      { step: 3, kind: 'bake' },
    ])
    // Users go back first, for the store of the flags may be away.
    expect(actions[0]).not.toHaveProperty('exposure.flags')
    expect(steps?.map(({ label }) => label)).toEqual(['weight 100%', 'flag checkout off', 'bake 1m'])
  })
})

describe('a version that fails while it is watched after its promotion', () => {
  it('is left by a recovery to the version before, and not started again', () => {
    const back = fallenBack(lane, seen, HOUR)
    expect(back).toMatchObject({
      ...{ rest: { stable: 'green', canary: 'blue' }, promotedVersion: '2.3.9', former: null },
      ...{ recovery: { by: 'guard', reason: '2.4.0 failed, errors 5%' } },
      vetoes: [{ version: '2.4.0', cause: 'failed-check' }],
    })
  })

  it.each([
    ['another release runs', { running: { releaseId: 'release/checkout/production/3', number: 3 } }, seen],
    ['it is another release that asks', {}, { ...seen, releaseId: 'release/checkout/production/1' }],
    ['the pool is not kept any more', { former: { ...former, until: 10 } }, seen],
    ['the lane is at it already', { recovery: { reason: '', by: '', since: 0, tries: 0, lastError: null } }, seen],
  ])('stays when %s', (_when, change, message) => {
    const now = { ...lane, ...change }
    expect(fallBackProblem(now, message, HOUR)).toEqual(expect.any(String))
    expect(fallenBack(now, message, HOUR)).toBe(now)
  })
})
