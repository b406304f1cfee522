import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type BakePlan,
  bakeForPower,
  describePower,
  detectionPower,
  type Rise,
  smallestRise,
} from '../../src/analysis/power.ts'
import { createRandom } from '../../src/analysis/random.ts'
import { splitGains, WORSE_BETS } from '../../src/analysis/split-test.ts'
import { growWealth, startWealth } from '../../src/analysis/wealth.ts'
import type { SequentialRule, ThresholdRule } from '../../src/domain/checks.ts'

const plan: BakePlan = { requestsPerSecond: 100, weight: 500, bake: 60_000, interval: 10_000 }
const rule: SequentialRule = { judge: 'sequential', notWorseThan: 1, alpha: 0.05, minRequests: 0 }
const rise: Rise = { from: 0.005, to: 0.02 }

/** Share of simulated bakes that fail. */
function simulate(bake: BakePlan, errors: Rise, by: SequentialRule, runs: number): number {
  const random = createRandom(81)
  const requests = (bake.requestsPerSecond * bake.interval) / 1_000
  const canaryTrials = (requests * bake.weight) / 10_000
  const stableTrials = requests - canaryTrials
  let failed = 0
  for (let run = 0; run < runs; run += 1) {
    let wealth = startWealth(WORSE_BETS.multiples.length)
    for (let at = 0; at < bake.bake && wealth.logPeak < -Math.log(by.alpha); at += bake.interval) {
      const counts = {
        canaryEvents: random.poisson(canaryTrials * errors.to),
        canaryTrials,
        stableEvents: random.poisson(stableTrials * errors.from),
        stableTrials,
      }
      wealth = growWealth(
        wealth,
        splitGains(counts, by.notWorseThan, WORSE_BETS.multiples),
        WORSE_BETS.logWeights,
        bake.interval,
      )
    }
    if (wealth.logPeak >= -Math.log(by.alpha)) failed += 1
  }
  return failed / runs
}

describe('the power of a bake with the sequential rule', () => {
  it.each<readonly [number, number, number, number, number, number, number]>([
    [100, 500, 60, 0.005, 0.02, 1, 0.05],
    [100, 500, 120, 0.005, 0.02, 1, 0.05],
    [100, 500, 600, 0.005, 0.01, 1, 0.01],
    [50, 100, 600, 0.001, 0.01, 1.5, 0.01],
    [50, 100, 1_500, 0.001, 0.01, 1.5, 0.01],
    [10, 500, 600, 0.005, 0.02, 1, 0.05],
    [1_000, 5_000, 60, 0.001, 0.0015, 1, 0.01],
    [20, 1_000, 60, 0.0005, 0.05, 1.5, 0.01],
  ])(
    'is within 0.05 of simulation (and its error) for %d requests/s, weight %d bp, %d s, %d → %d, ratio %d, alpha %d',
    (requestsPerSecond, weight, seconds, from, to, notWorseThan, alpha) => {
      const bake = { requestsPerSecond, weight, bake: seconds * 1_000, interval: 10_000 }
      const by = { ...rule, notWorseThan, alpha }
      const runs = 400
      const simulated = simulate(bake, { from, to }, by, runs)
      const chance = 2 * Math.sqrt(0.25 / runs)
      expect(Math.abs(detectionPower(bake, { from, to }, by) - simulated)).toBeLessThan(0.05 + chance)
    },
  )

  it('grows with the bake, the traffic and the rise, and falls with tolerance and confidence', () => {
    const power = detectionPower(plan, rise, rule)
    expect(power).toBeGreaterThan(0.4)
    expect(power).toBeLessThan(0.65)
    expect(detectionPower({ ...plan, bake: 180_000 }, rise, rule)).toBeGreaterThan(power)
    expect(detectionPower({ ...plan, requestsPerSecond: 300 }, rise, rule)).toBeGreaterThan(power)
    expect(detectionPower(plan, { ...rise, to: 0.05 }, rule)).toBeGreaterThan(power)
    expect(detectionPower(plan, rise, { ...rule, notWorseThan: 2 })).toBeLessThan(power)
    expect(detectionPower(plan, rise, { ...rule, alpha: 0.001 })).toBeLessThan(power)
  })

  it('is 0 for what cannot be seen or makes no sense', () => {
    expect(detectionPower({ ...plan, weight: 10_000 }, rise, rule)).toBe(0)
    for (const bad of [
      { weight: 0 },
      { weight: 10_001 },
      { bake: 0 },
      { interval: 0 },
      { requestsPerSecond: 0 },
      { requestsPerSecond: Number.NaN },
    ])
      expect(detectionPower({ ...plan, ...bad }, rise, rule)).toBe(0)
    for (const bad of [
      { from: 0.02, to: 0.02 },
      { from: -1, to: 0.5 },
      { from: 0, to: 1.1 },
      { from: Number.NaN, to: 1 },
    ])
      expect(detectionPower(plan, bad, rule)).toBe(0)
  })

  it('is a probability whatever is asked', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 1e6, noNaN: true }),
        fc.integer({ min: 1, max: 9_999 }),
        fc.integer({ min: 1_000, max: 86_400_000 }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        (requestsPerSecond, weight, bake, from, more) => {
          const power = detectionPower(
            { requestsPerSecond, weight, bake, interval: 10_000 },
            { from, to: from + more },
            rule,
          )
          expect(power >= 0 && power <= 1).toBe(true)
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('advice about a bake', () => {
  it('finds the bake that has 90 % power, in whole looks', () => {
    const longer = bakeForPower(plan, rise, rule) ?? 0
    expect(longer % plan.interval).toBe(0)
    expect(detectionPower({ ...plan, bake: longer }, rise, rule)).toBeGreaterThanOrEqual(0.9)
    expect(detectionPower({ ...plan, bake: longer * 0.9 - 10_000 }, rise, rule)).toBeLessThan(0.9)
    expect(bakeForPower(plan, { from: 0.005, to: 0.0051 }, rule)).toBeNull()
  })

  it('finds the smallest rise that is seen with 90 % power', () => {
    const smallest = smallestRise(plan, 0.005, rule) ?? 0
    expect(detectionPower(plan, { from: 0.005, to: smallest }, rule)).toBeGreaterThanOrEqual(0.9)
    expect(detectionPower(plan, { from: 0.005, to: smallest * 0.95 }, rule)).toBeLessThan(0.9)
    expect(smallestRise(plan, 0, rule)).toBeNull()
    expect(smallestRise({ ...plan, requestsPerSecond: 0.001 }, 0.005, rule)).toBeNull()
  })

  it('is one sentence', () => {
    expect(
      describePower(
        { requestsPerSecond: 50, weight: 100, bake: 600_000, interval: 10_000 },
        { from: 0.001, to: 0.01 },
        { ...rule, notWorseThan: 1.5, alpha: 0.01 },
      ),
    ).toMatch(
      /^at 50 requests\/s and 1% this bake of 10m sees a rise from 0\.1 % to 1 % with \d\d % power; 3\dm( \d+s)? gives 90 %$/,
    )
    expect(describePower({ ...plan, bake: 3_600_000 }, rise, rule)).toBe(
      'at 100 requests/s and 5% this bake of 1h sees a rise from 0.5 % to 2 % with over 99 % power',
    )
    expect(describePower(plan, { from: 0.005, to: 0.0051 }, rule)).toMatch(
      /under 1 % power; no bake up to 30d gives 90 %$/,
    )
  })
})

describe('the power of a bake with a fixed limit', () => {
  const limit: ThresholdRule = { judge: 'threshold', max: 0.01, failures: 1, of: 1, minRequests: 10 }
  const bake = { ...plan, bake: 600_000, interval: 60_000 }

  it('is that of independent looks', () => {
    // 300 requests a look: a breach is at least 4 errors; the mean is 6.
    const none = [0, 1, 2, 3].reduce((sum, k) => sum + (Math.exp(-6) * 6 ** k) / [1, 1, 2, 6][k]!, 0)
    expect(detectionPower(bake, rise, limit)).toBeCloseTo(1 - none ** 10, 9)
    expect(detectionPower({ ...bake, bake: 60_000 }, rise, limit)).toBeCloseTo(1 - none, 9)
    expect(detectionPower({ ...bake, bake: 120_000 }, rise, { ...limit, failures: 2, of: 2 })).toBeCloseTo(
      (1 - none) ** 2,
      9,
    )
    const two = detectionPower({ ...bake, bake: 180_000 }, rise, { ...limit, failures: 2, of: 3 })
    expect(two).toBeCloseTo(3 * (1 - none) ** 2 * none + (1 - none) ** 3, 9)
  })

  it('falls with the failures that are needed and is a lower bound for long histories', () => {
    const [one, three, many] = [1, 3, 9].map((failures) => detectionPower(bake, rise, { ...limit, failures, of: 10 }))
    expect(one).toBeGreaterThan(three ?? 0)
    expect(three).toBeGreaterThan(many ?? 0)
    const long = detectionPower(bake, rise, { ...limit, failures: 9, of: 13 })
    expect(long).toBeCloseTo(many ?? 0, 6)
  })

  it('is 0 when no look has enough requests or the rule can never fail', () => {
    expect(detectionPower(bake, rise, { ...limit, minRequests: 1_000 })).toBe(0)
    expect(detectionPower(bake, rise, { ...limit, failures: 3, of: 2 })).toBe(0)
    expect(detectionPower({ ...bake, bake: 30_000 }, rise, limit)).toBe(0)
  })
})
