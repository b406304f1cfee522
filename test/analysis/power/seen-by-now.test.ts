import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addToRatio, NO_RATIO, type RatioEvidence } from '../../../src/analysis/judges/sequential/ratio-evidence.ts'
import { countedPart, errorSight, eventSight } from '../../../src/analysis/power/event-power.ts'
import { type BakePlan, expectedRequests, smallestSize } from '../../../src/analysis/power/power.ts'
import { fallSeenByNow, riseSeenByNow } from '../../../src/analysis/power/seen-by-now.ts'
import { errorCheck, ordersCheck } from '../judges/looks.ts'

const planOf = (requestsPerSecond: number, weight: number, seconds: number): BakePlan => ({
  ...{ requestsPerSecond, weight, bake: seconds * 1_000, interval: 10_000 },
})

/** A bake in which everything went as expected. */
function asExpected(plan: BakePlan, rate: number): RatioEvidence {
  const { canary, stable } = expectedRequests(plan, plan.interval)
  const look = {
    ...{ canaryTrials: canary, stableTrials: stable },
    ...{ canaryEvents: canary * rate, stableEvents: stable * rate },
  }
  const looks = Array.from({ length: plan.bake / plan.interval }, () => look)
  return looks.reduce((evidence) => addToRatio(evidence, look), NO_RATIO)
}

/** As the judge asks: what independent events must show before it is sure that they are. */
function neededIn(plan: BakePlan, rate: number, alpha: number, changed = rate): number {
  const { canary, stable } = expectedRequests(plan, plan.bake)
  const budget = -Math.log(alpha)
  return (
    budget / countedPart(plan.bake / plan.interval, Math.max(canary * changed, stable * rate), stable * rate, budget)
  )
}

describe('the rise that would have been seen by now', () => {
  it.each<readonly [number, number, number, number, number, number]>([
    [100, 500, 600, 0.005, 1, 0.05],
    [100, 500, 60, 0.005, 1, 0.05],
    [100, 500, 3_600, 0.005, 1.5, 1 / 300],
    [50, 100, 600, 0.001, 1.5, 0.01],
    [1_000, 5_000, 600, 0.001, 1, 0.01],
    [10, 500, 600, 0.005, 1, 0.05],
    [1, 5_000, 600, 0.005, 1.5, 0.01],
    [1, 500, 3_600, 0.005, 1.5, 1 / 300],
    [1_000, 500, 3_600, 0.01, 1.25, 0.01],
    [1_000, 100, 3_600, 0.00001, 1.5, 0.01],
  ])(
    'is within a tenth of that of a planned bake: %d requests/s, %d bp, %d s, %d, ratio %d, α %d',
    (rps, weight, seconds, rate, notWorseThan, alpha) => {
      const plan = planOf(rps, weight, seconds)
      const check = errorCheck({ notWorseThan, alpha })
      const planned = smallestSize(errorSight(check, check.rule, rate), plan) ?? 0
      const seen =
        riseSeenByNow(asExpected(plan, rate), { ratio: notWorseThan, needed: neededIn(plan, rate, alpha, planned) }) ??
        0
      expect(Math.abs(Math.log(seen / planned))).toBeLessThan(0.1)
    },
  )

  it('is smaller after more looks and with less to be sure of; nothing without requests', () => {
    const at = (seconds: number, alpha: number) =>
      riseSeenByNow(asExpected(planOf(100, 500, seconds), 0.005), { ratio: 1.5, needed: -Math.log(alpha) }) ?? 0
    expect(at(600, 0.01)).toBeLessThan(at(300, 0.01))
    expect(at(600, 0.05)).toBeLessThan(at(600, 0.001))
    expect(riseSeenByNow(NO_RATIO, { ratio: 1.5, needed: 3 })).toBeNull()
    expect(fallSeenByNow(NO_RATIO, { ratio: 1.5, needed: 3 })).toBeNull()
  })

  it('takes what was seen at another weight along', () => {
    const [small, large] = [asExpected(planOf(100, 500, 600), 0.005), asExpected(planOf(100, 2_500, 60), 0.005)]
    const both = { ...small, strata: [...small.strata, ...large.strata] }
    const question = { ratio: 1.5, needed: Math.log(100) }
    expect(riseSeenByNow(both, question)).toBeLessThan(riseSeenByNow(small, question) ?? 0)
    expect(riseSeenByNow(both, question)).toBeLessThan(riseSeenByNow(large, question) ?? 0)
  })
})

describe('the fall that would have been seen by now', () => {
  it.each<readonly [number, number, number, number, number, number]>([
    [100, 500, 600, 0.03, 0.9, 0.05],
    [100, 5_000, 3_600, 0.03, 0.9, 0.05],
    [10, 500, 3_600, 0.1, 0.8, 0.01],
    [1_000, 500, 600, 0.01, 1, 0.01],
  ])('is within a tenth of that of a planned bake: %d, %d bp, %d s, %d, %d, α %d', (rps, weight, seconds, ...rest) => {
    const [rate, notBelow, alpha] = rest
    const plan = planOf(rps, weight, seconds)
    const sight = eventSight(ordersCheck({ notBelow, alpha }), 'fall', rate)
    const planned = sight === null ? null : smallestSize(sight, plan)
    const seen =
      fallSeenByNow(asExpected(plan, rate), { ratio: 1 / notBelow, needed: neededIn(plan, rate, alpha) }) ?? 0
    expect(Math.abs(seen / rate - (planned ?? 0))).toBeLessThan(0.1 * (planned ?? 0))
  })

  it('is none while even no event at all would not be seen', () => {
    expect(fallSeenByNow(asExpected(planOf(10, 500, 60), 0.03), { ratio: 1, needed: Math.log(100) })).toBeNull()
  })
})

describe('whatever was seen', () => {
  it('has an answer that is a rate, or none', () => {
    const wild = fc.oneof(fc.double({ min: 0, max: 1e15, noNaN: true }), fc.constantFrom(0, 1, 1e15, 5e-324))
    fc.assert(
      fc.property(fc.array(fc.tuple(wild, wild, wild, wild), { maxLength: 5 }), (rows) => {
        const evidence = rows.reduce(
          (all, [canaryEvents, canaryTrials, stableEvents, stableTrials]) =>
            addToRatio(all, { canaryEvents, canaryTrials, stableEvents, stableTrials }),
          NO_RATIO,
        )
        for (const seen of [riseSeenByNow, fallSeenByNow]) {
          const rate = seen(evidence, { ratio: 1.5, needed: Math.log(300) })
          expect(rate === null || rate >= 0).toBe(true)
        }
      }),
    )
  })
})
