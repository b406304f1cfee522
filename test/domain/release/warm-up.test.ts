import { describe, expect, it } from 'vitest'
import { type Plan, readPlan } from '../../../src/domain/plan/plan.ts'
import { releaseCard } from '../../../src/domain/release/release-card.ts'
import { describeForTemporal } from '../../../src/domain/release/release-details.ts'
import { reduce } from '../../../src/domain/release/release-reducer.ts'
import { beginState, type ReleaseState } from '../../../src/domain/release/release-state.ts'
import { watchFor } from '../../../src/domain/release/release-watch.ts'
import { warmUpWords } from '../../../src/domain/release/release-words.ts'
import { checksAt, warmsUpUntil, warmUpOfLive } from '../../../src/domain/release/warm-up.ts'
import { planContext } from '../plan/plan-context.ts'

const ERRORS = { errorRate: { notWorseThan: '1.5x' } }
const READ = readPlan(
  {
    ...{ service: 'checkout', environment: 'production', warmUp: '1m', checks: { errors: ERRORS } },
    steps: [
      { weight: '5%' },
      { analyse: { for: '10m', checks: { late: { ...ERRORS, warmUp: '2m' } } } },
      { weight: '8%' },
      { bake: '10m' },
      { weight: '100%' },
    ],
  },
  planContext(),
)
if ('problems' in READ) throw new Error('the plan of this test is not valid')
const PLAN: Plan = READ.plan
const source = { plan: PLAN, version: '2.7.0', author: { person: 'dave' }, startedAt: 5 }

const state = (weight: number, position: number, more: Partial<ReleaseState> = {}): ReleaseState => ({
  ...beginState('release/checkout/production/7'),
  ...{ phase: 'baking', live: { weight, cohorts: [] }, exposedAt: 10_000, position },
  ...more,
})

describe('the warm-up of the live exposure', () => {
  it('is that of the exposure that is live, not of the one that is asked for', () => {
    expect(warmUpOfLive(state(500, 1), PLAN)).toEqual({ warmsUpFor: 60_000 })
    expect(warmUpOfLive(state(500, 2), PLAN)).toEqual({ warmsUpFor: 60_000 })
    expect(warmUpOfLive(state(800, 3), PLAN)).toEqual({})
    expect(warmUpOfLive(state(500, 0), { actions: [] })).toEqual({})
  })

  it('is told to the guard', () => {
    expect(watchFor(state(500, 1), PLAN)).toMatchObject({ warmsUpFor: 60_000 })
    expect(watchFor(state(800, 3), PLAN)).not.toHaveProperty('warmsUpFor')
  })

  it('lasts as long as the longest of the checks that watch', () => {
    const until = (at: ReleaseState) => warmsUpUntil(at, PLAN, checksAt(at, PLAN))
    expect(until(state(500, 0))).toBe(70_000)
    expect(until(state(500, 1))).toBe(130_000)
    expect(until(state(800, 3))).toBeNull()
    expect(until(state(500, 0, { exposedAt: null }))).toBeNull()
  })
})

describe('the views', () => {
  it('say how long the canary warms up yet, and nothing once that is over', () => {
    const card = (now: number, more: Partial<ReleaseState> = {}) => releaseCard(source, state(500, 0, more), null, now)
    expect(card(30_000).warmsUpUntil).toBe(70_000)
    expect(warmUpWords(card(30_000), 30_500)).toBe('warms up for 40s')
    expect(warmUpWords(card(30_000), 70_000)).toBe('')
    expect(warmUpWords({}, 70_000)).toBe('')
    expect(card(70_000).warmsUpUntil).toBeNull()
    const abandoned = { cause: 'abort', by: 'ana', reason: 'no', at: 20_000 } as const
    expect(card(30_000, { abandoned }).warmsUpUntil).toBeNull()
    expect(card(30_000, { phase: 'promoted', endedAt: 20_000 }).warmsUpUntil).toBeNull()
  })

  it('give the time of day where a page stands still', () => {
    expect(describeForTemporal(source, state(500, 0))).toContain('\nwarms up until 1970-01-01T00:01:10.000Z: ')
    expect(describeForTemporal(source, state(800, 3))).not.toContain('warms up')
    expect(describeForTemporal(source, state(500, 0, { phase: 'promoted' }))).not.toContain('warms up')
  })
})

describe('a bake that is prolonged for a warm-up', () => {
  it('is longer, and still makes up for time that nobody watched', () => {
    const clock = { startedAt: 0, duration: 10_000, elapsed: 0, runningSince: 0, prolongedBy: 0, isEnded: false }
    const prolonged = { type: 'bake-prolonged', at: 10_000, by: 5_000, reason: 'warm' } as const
    expect(reduce(state(500, 1, { bake: clock }), { ...prolonged, isWarmUp: true }).bake).toMatchObject({
      ...{ duration: 15_000, prolongedBy: 0 },
    })
    expect(reduce(state(500, 1, { bake: clock }), prolonged).bake).toMatchObject({ prolongedBy: 5_000 })
  })
})
