import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addToRatio,
  dearestRatio,
  NO_RATIO,
  type RatioEvidence,
  ratioInterval,
  swapRatio,
} from '../../../../src/analysis/judges/sequential/ratio-evidence.ts'
import type { SplitCounts } from '../../../../src/analysis/judges/split-test.ts'
import { createRandom } from '../../../../src/analysis/statistics/random.ts'

const over = (looks: readonly SplitCounts[], designEffect?: number): RatioEvidence =>
  looks.reduce((before, counts) => addToRatio(before, counts, designEffect), NO_RATIO)

const counts = (canaryEvents: number, canaryTrials: number, stableEvents: number, stableTrials: number) => ({
  ...{ canaryEvents, canaryTrials, stableEvents, stableTrials },
})

const interval = (evidence: RatioEvidence, confidence = 0.95) => {
  const found = ratioInterval(evidence, confidence)
  if (found === null) throw new Error('no interval')
  return found
}

describe('the interval of a ratio', () => {
  /** Share of releases in which it has excluded the true ratio at some look of an hour. */
  const missed = (canary: number, stable: number, rate: number, ratio: number, runs: number): number => {
    const random = createRandom(7)
    let misses = 0
    for (let run = 0; run < runs; run += 1) {
      let evidence = NO_RATIO
      for (let index = 0; index < 360; index += 1) {
        const [canaryTrials, stableTrials] = [random.poisson(canary), random.poisson(stable)]
        // The rate of both drifts by ±80% within the hour, which is nobody's business.
        const now = rate * (1 + 0.8 * Math.sin(index / 30))
        evidence = addToRatio(evidence, {
          ...{ canaryTrials, stableTrials },
          canaryEvents: random.binomial(canaryTrials, now * ratio),
          stableEvents: random.binomial(stableTrials, now),
        })
        const found = ratioInterval(evidence, 0.95)
        if (found === null || (found.atLeast <= ratio && ratio <= found.atMost)) continue
        misses += 1
        break
      }
    }
    return misses / runs
  }

  it.each<readonly [string, number, number, number, number]>([
    ['100 requests/s at 5%', 50, 950, 0.005, 1],
    ['100 requests/s at 5%', 50, 950, 0.005, 2],
    ['10 requests/s at 5%', 5, 95, 0.005, 1],
    ['10 requests/s at 5%', 5, 95, 0.005, 2],
    ['2 requests/s at 5%', 1, 19, 0.01, 2],
    ['40 requests/s at 50%', 200, 200, 0.02, 1],
    ['hardly any error', 50, 950, 0.0001, 1],
  ])('holds the true one at every look of an hour in 95 of 100 releases: %s, %d : %d, %d × %d', (_name, ...setting) => {
    expect(missed(...setting, 150)).toBeLessThanOrEqual(0.05)
  })

  it('is exact from the first event on: both ends of a few events are those of a sum done by hand', () => {
    // One event on the canary at even odds: the likelihood is θ/(1 + θ), its mean ½ by symmetry.
    const { atLeast, atMost } = interval(over([counts(1, 10, 0, 10)]))
    expect(atLeast).toBeCloseTo(0.025 / 0.975, 4)
    expect(atMost).toBe(Number.POSITIVE_INFINITY)
  })

  it('says at most where the canary has no event, at least where stable has none, and nothing without any', () => {
    expect(ratioInterval(over([counts(0, 50, 0, 950)]), 0.95)).toBeNull()
    const none = interval(over([counts(0, 500, 40, 9_500)]))
    expect(none.atLeast).toBe(0)
    expect(none.atMost).toBeGreaterThan(1)
    expect(none.atMost).toBeLessThan(6)
    const only = interval(over([counts(10, 500, 0, 9_500)]))
    expect(only.atLeast).toBeGreaterThan(5)
    expect(only.atMost).toBe(Number.POSITIVE_INFINITY)
  })

  it('is not fooled by a weight that changes while the rate of both does', () => {
    const looks = Array.from({ length: 120 }, (_, index) => {
      const [share, rate] = index < 60 ? [0.01, 0.002] : [0.5, 0.03]
      const [canary, stable] = [10_000 * share, 10_000 * (1 - share)]
      return counts(canary * rate, canary, stable * rate, stable)
    })
    const { atLeast, atMost } = interval(over(looks))
    expect(atLeast).toBeGreaterThan(0.93)
    expect(atLeast).toBeLessThan(1)
    expect(atMost).toBeLessThan(1.07)
    expect(over(looks).strata.length).toBe(2)
  })

  it('keeps at most a stratum per half unit of the odds, however many looks', () => {
    const random = createRandom(1)
    const looks = Array.from({ length: 2_000 }, () => counts(1, 1 + random.poisson(3), 1, 1 + random.poisson(30)))
    expect(over(looks).strata.length).toBeLessThan(15)
    const odd = over([counts(1, 5e-324, 1, 1e15), counts(1, 1e15, 1, 1), counts(Number.NaN, 1, 1, 1)])
    expect(odd).toEqual(NO_RATIO)
  })

  it('is wider where events come in clumps: of so many one counts', () => {
    const looks = Array.from({ length: 50 }, () => counts(5, 1_000, 50, 10_000))
    const [independent, clumped] = [interval(over(looks)), interval(over(looks, 5))]
    const tenth = interval(over(looks.slice(0, 10)))
    expect(clumped.atMost).toBeGreaterThan(independent.atMost)
    expect(clumped.atMost).toBeCloseTo(tenth.atMost, 6)
    expect(clumped.atLeast).toBeCloseTo(tenth.atLeast, 6)
    expect(over(looks, Number.NaN)).toEqual(over(looks))
  })

  const count = fc.integer({ min: 0, max: 200 })
  const trials = fc.integer({ min: 1, max: 10_000 })
  const look = fc.tuple(count, trials, count, trials).map((one) => counts(...one))
  const looks = fc.array(look, { minLength: 1, maxLength: 12 })

  it('is no less sure of less: lower is at most upper, and a higher confidence is wider', () => {
    fc.assert(
      fc.property(looks, fc.double({ min: 0.5, max: 0.999, noNaN: true }), (seen, confidence) => {
        const found = ratioInterval(over(seen), confidence)
        const wider = ratioInterval(over(seen), (1 + confidence) / 2)
        if (found === null || wider === null) return
        expect(found.atLeast).toBeLessThanOrEqual(found.atMost)
        expect(wider.atLeast).toBeLessThanOrEqual(found.atLeast * (1 + 1e-5))
        expect(wider.atMost).toBeGreaterThanOrEqual(found.atMost * (1 - 1e-5))
      }),
    )
  })

  it('asks only how the requests are split, not how many there are, and turns around with the arms', () => {
    fc.assert(
      fc.property(looks, fc.constantFrom(0.5, 3, 1_000), (seen, scale) => {
        const found = ratioInterval(over(seen), 0.95)
        if (found === null) return
        const scaled = seen.map((one) => ({
          ...one,
          ...{ canaryTrials: one.canaryTrials * scale, stableTrials: one.stableTrials * scale },
        }))
        const same = interval(over(scaled))
        expect(same.atLeast).toBeCloseTo(found.atLeast, 4)
        const turned = interval(swapRatio(over(seen)))
        const near = (left: number, right: number) =>
          left === right || Math.abs(Math.log(left) - Math.log(right)) < 1e-4
        expect(near(turned.atMost, 1 / found.atLeast)).toBe(true)
        expect(near(turned.atLeast, 1 / found.atMost)).toBe(true)
      }),
    )
  })

  it('never throws and never loops, whatever the counts', () => {
    const wild = fc.oneof(
      fc.double(),
      fc.constantFrom(0, -1, 1e15, 1e300, 5e-324, Number.NaN, Number.POSITIVE_INFINITY),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(wild, wild, wild, wild), { maxLength: 6 }), (rows) => {
        const evidence = over(rows.map((row) => counts(...row)))
        expect(JSON.parse(JSON.stringify(evidence))).toEqual(evidence)
        const found = ratioInterval(evidence, 0.95)
        expect(found === null || found.atLeast <= found.atMost).toBe(true)
      }),
    )
  })
})

describe('the dearest of the ratios that a canary may have', () => {
  /** Looks at three weights, of so many events on the canary for each 10 that stable's rate explains. */
  const seen = (events: number) =>
    over([counts(events, 1_000, 495, 49_500), counts(events, 1_000, 95, 9_500), counts(events, 1_000, 45, 4_500)])

  /** By brute force: ln of the likelihood, and of its mean over a normal prior of ln θ that is a fifth wide. */
  function odds(looks: readonly (readonly [number, number, number, number])[], ratio: number): number {
    const logLikelihood = (x: number) =>
      looks.reduce((sum, [a, n, b, m]) => {
        const canary = (n * Math.exp(x)) / (n * Math.exp(x) + m)
        return sum + a * Math.log(canary) + b * Math.log1p(-canary)
      }, 0)
    const top = logLikelihood(0)
    let mean = 0
    for (let z = -12; z <= 12; z += 0.01)
      mean += Math.exp(logLikelihood(z / 5) - top - (z * z) / 2) * (0.01 / Math.sqrt(2 * Math.PI))
    return mean * Math.exp(top - logLikelihood(Math.log(ratio)))
  }

  it.each<readonly [string, readonly Parameters<typeof counts>[]]>([
    ['few events', [[1, 1_000, 20, 9_000]]],
    [
      'many, at three weights',
      [
        [12, 1_000, 495, 49_500],
        [12, 1_000, 95, 9_500],
        [12, 1_000, 45, 4_500],
      ],
    ],
    ['a canary that is better', [[4, 1_000, 95, 9_500]]],
    ['a canary that is worse', [[40, 1_000, 95, 9_500]]],
  ])('is where the excess by its odds is largest: %s', (_name, looks) => {
    const evidence = over(looks.map((look) => counts(...look)))
    for (const least of [1.05, 2, 6]) {
      const found = dearestRatio(evidence, least)
      if (found === null) throw new Error('no ratio')
      expect(found.logOdds).toBeCloseTo(Math.log(odds(looks, found.ratio)), 6)
      expect(found.ratio).toBeGreaterThanOrEqual(least * (1 - 1e-9))
      const worth = (ratio: number) => (ratio - 1) / odds(looks, ratio)
      for (let ratio = least; ratio < 100; ratio *= 1.05)
        expect(worth(ratio)).toBeLessThanOrEqual(worth(found.ratio) * (1 + 1e-3))
    }
  })

  it('is none before an event, where every ratio is left possible, and of all ratios', () => {
    expect(dearestRatio(NO_RATIO, 2)).toBeNull()
    // The canary's odds fall no faster than its excess rises.
    expect(dearestRatio(over([counts(3, 1_000, 1, 9_000)]), 2)).toBeNull()
    expect(dearestRatio(over([counts(3, 1_000, 2, 9_000)]), 2)).not.toBeNull()
    expect(dearestRatio(seen(10), 1)).toBeNull()
  })

  it('has longer odds the more was seen of a canary that is as good, and shorter ones with a design effect', () => {
    const [few, many] = [seen(10), over([counts(100, 10_000, 950, 95_000)])]
    const clumped = over([counts(100, 10_000, 950, 95_000)], 4)
    const logOdds = (evidence: RatioEvidence) => dearestRatio(evidence, 2)?.logOdds ?? Number.NaN
    expect(logOdds(many)).toBeGreaterThan(logOdds(few))
    expect(logOdds(clumped)).toBeLessThan(logOdds(many))
    expect(logOdds(clumped)).toBeGreaterThan(0)
  })

  it('had odds of one to one on average, whenever one stops: a release of that ratio wins nothing', () => {
    const random = createRandom(11)
    const runs = 400
    let sum = 0
    for (let run = 0; run < runs; run += 1) {
      let evidence = NO_RATIO
      let best = 0
      // Stops as soon as the odds are three to one, or after twenty looks.
      for (let look = 0; look < 20; look += 1) {
        evidence = addToRatio(evidence, counts(random.poisson(2), 100, random.poisson(9), 900))
        const found = dearestRatio(evidence, 2)
        best = found !== null && Math.abs(found.ratio - 2) < 1e-6 ? Math.exp(found.logOdds) : 0
        if (best >= 3) break
      }
      sum += best
    }
    expect(sum / runs).toBeLessThanOrEqual(1)
  })
})
