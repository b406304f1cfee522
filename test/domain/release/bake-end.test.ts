import { describe, expect, it } from 'vitest'
import { bakeEnd } from '../../../src/domain/release/bake-end.ts'
import type { GuardState } from '../../../src/domain/release/guard.ts'
import { beginState } from '../../../src/domain/release/release-state.ts'
import { planWith } from '../../simulation/plans.ts'

const MINUTE = 60_000
const checks = { errors: { errorRate: { notWorseThan: '1.5x' } } }
const plan = planWith({ steps: [{ weight: '50%' }, { bake: '10m' }, { weight: '100%' }], checks, warmUp: '0s' })
const state = { ...beginState('release/shop/production/1'), exposedAt: 0 }
const clock = { startedAt: 0, duration: 10 * MINUTE, elapsed: 0, runningSince: 0, prolongedBy: 0, isEnded: false }
const at = { clock, state, plan, checks: plan.checks, now: 10 * MINUTE, isKept: true }

function guardSaying(outcome: 'pass' | 'inconclusive', evidenceFrom = 0): GuardState {
  const verdict = { outcome, reason: 'so far', evidence: { judge: 'test', figures: {} }, cause: 'undecided' }
  return {
    ...{ checks: { errors: { state: null, verdict } }, blindSince: null, blindSpans: [] },
    ...{ lookedAt: 10 * MINUTE, looks: 60, looksHere: 60, evidenceFrom },
  } as unknown as GuardState
}

describe('a bake whose time is over', () => {
  it('ends when every check passes', () => {
    expect(bakeEnd({ ...at, guard: guardSaying('pass') })).toEqual({ kind: 'end' })
  })

  it('is held for a check that does not, and for a guard that has never looked', () => {
    expect(bakeEnd({ ...at, guard: guardSaying('inconclusive') })).toMatchObject({
      kind: 'hold',
      waiting: 'errors: so far',
    })
    expect(bakeEnd({ ...at, guard: null })).toMatchObject({ kind: 'hold' })
  })

  it('of a ramp ends with the raise that the guard has weighed, and is held while that costs too much', () => {
    const ramp = planWith({
      steps: [{ weight: '1%' }, { ramp: { to: '5%', spend: '1x', atLeast: '10m' } }, { weight: '100%' }],
      ...{ checks, warmUp: '0s' },
    })
    const there = { ...at, plan: ramp, state: { ...state, position: 1 } }
    const weighed = (to: number, isAffordable: boolean) => ({
      ...guardSaying('pass'),
      raise: { to, isAffordable, reason: 'with numbers' },
    })
    expect(bakeEnd({ ...there, guard: weighed(200, true) })).toEqual({ kind: 'end', raise: 'with numbers' })
    expect(bakeEnd({ ...there, guard: weighed(200, false) })).toMatchObject({ kind: 'hold', waiting: 'with numbers' })
    for (const guard of [weighed(500, true), guardSaying('pass')])
      expect(bakeEnd({ ...there, guard })).toMatchObject({
        kind: 'hold',
        waiting: 'the guard has not weighed the next weight yet',
      })
    const unsure = { ...weighed(200, true), ...guardSaying('inconclusive') }
    expect(bakeEnd({ ...there, guard: unsure })).toMatchObject({ kind: 'hold', waiting: 'errors: so far' })
    const cut = { ...there, clock: { ...clock, isEnded: true } }
    expect(bakeEnd({ ...cut, guard: weighed(200, false) })).toEqual({ kind: 'end' })
    const late = { ...clock, held: ramp.onInconclusive.holdFor }
    expect(bakeEnd({ ...there, clock: late, guard: weighed(200, false) })).toMatchObject({
      kind: 'give-up',
      reason: expect.stringContaining('with numbers'),
    })
  })

  it('counts nothing that was seen before the exposure, but for releases of an older version', () => {
    const guard = guardSaying('pass', -MINUTE)
    expect(bakeEnd({ ...at, guard })).toMatchObject({ kind: 'hold', waiting: expect.stringContaining('not looked at') })
    expect(bakeEnd({ ...at, guard, isKept: false })).toEqual({ kind: 'end' })
  })

  it('goes on while the canary warms up', () => {
    const actions = plan.actions.map((one) => (one.kind === 'expose' ? { ...one, warmsUpFor: 11 * MINUTE } : one))
    const live = { weight: 5_000, cohorts: [] }
    const warming = { ...at, state: { ...state, live }, plan: { ...plan, actions }, guard: guardSaying('pass') }
    expect(bakeEnd(warming)).toMatchObject({ kind: 'prolong', isWarmUp: true })
  })
})
