import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { logSumExp } from '../../../src/analysis/judges/sequential/wealth.ts'
import { NO_WORSE_BETS, splitGains, WORSE_BETS } from '../../../src/analysis/judges/split-test.ts'
import { logGamma } from '../../../src/analysis/statistics/log-gamma.ts'

const counts = fc.record({
  canaryEvents: fc.integer({ min: 0, max: 1_000 }),
  canaryTrials: fc.integer({ min: 1, max: 1_000_000 }),
  stableEvents: fc.integer({ min: 0, max: 1_000 }),
  stableTrials: fc.integer({ min: 1, max: 1_000_000 }),
})

const logBinomial = (k: number, n: number, p: number) =>
  logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1) + k * Math.log(p) + (n - k) * Math.log1p(-p)

describe.each([
  ['worse', WORSE_BETS],
  ['no worse', NO_WORSE_BETS],
])('the bets on %s', (_name, bets) => {
  it('rise from just above 1 and share one unit of money', () => {
    expect(bets.multiples.every((multiple, index) => multiple > (bets.multiples[index - 1] ?? 1))).toBe(true)
    expect(logSumExp(bets.logWeights)).toBeCloseTo(0, 12)
    expect(bets.multiples).toHaveLength(bets.logWeights.length)
  })
})

describe('the bets', () => {
  const bell = (at: number, spread: number) => Math.exp(-(Math.log(at) ** 2) / (2 * spread ** 2))

  it.each([
    ['worse', WORSE_BETS, { low: 1.1, high: 30, size: 39 }, (m: number) => 0.02 + bell((m - 1) / 1.6, 0.95)],
    ['no worse', NO_WORSE_BETS, { low: 1.02, high: 10, size: 24 }, (m: number) => 0.1 + bell(m / 1.5, 0.8)],
  ])('on %s are log-spaced, with a log-normal weight on a flat part', (_name, bets, { low, high, size }, weight) => {
    const step = Math.log(high / low) / (size - 1)
    for (const [index, multiple] of bets.multiples.slice(0, size).entries()) {
      expect(Math.log(multiple / low)).toBeCloseTo(step * index, 12)
      const against = (bets.logWeights[index] ?? 0) - (bets.logWeights[0] ?? 0)
      expect(against).toBeCloseTo(Math.log(weight(multiple) / weight(low)), 12)
    }
  })

  it('on worse have one far beyond the others, with three hundredths of the money', () => {
    expect(WORSE_BETS.multiples.slice(39)).toEqual([60])
    expect(Math.exp(WORSE_BETS.logWeights[39] ?? 0)).toBeCloseTo(0.03, 3)
    expect(NO_WORSE_BETS.multiples).toHaveLength(24)
  })
})

describe('the gain of a bet on one interval', () => {
  it('is the likelihood ratio of the split of the errors', () => {
    const seen = { canaryEvents: 7, canaryTrials: 500, stableEvents: 20, stableTrials: 9_500 }
    const probability = (theta: number) => (0.05 * theta) / (0.05 * theta + 0.95)
    for (const ratio of [1, 1.5, 0.8]) {
      const [gain] = splitGains(seen, ratio, [3])
      const expected = logBinomial(7, 27, probability(3 * ratio)) - logBinomial(7, 27, probability(ratio))
      expect(gain).toBeCloseTo(expected, 9)
    }
  })

  it('has mean 1 when the ratio is the accepted one, less when it is smaller, for every weight', () => {
    const mean = (share: number, events: number, ratio: number, truth: number, multiple: number) => {
      const trials = 1_000_000
      const q = (share * truth) / (share * truth + 1 - share)
      const terms = Array.from({ length: events + 1 }, (_, k) => {
        const seen = {
          canaryEvents: k,
          canaryTrials: trials * share,
          stableEvents: events - k,
          stableTrials: trials * (1 - share),
        }
        return logBinomial(k, events, q) + (splitGains(seen, ratio, [multiple])[0] ?? 0)
      })
      return Math.exp(logSumExp(terms))
    }
    fc.assert(
      fc.property(
        fc.double({ min: 0.001, max: 0.999, noNaN: true }),
        fc.integer({ min: 1, max: 40 }),
        fc.double({ min: 0.5, max: 3, noNaN: true }),
        fc.double({ min: 1.1, max: 50, noNaN: true }),
        (share, events, ratio, multiple) => {
          expect(mean(share, events, ratio, ratio, multiple)).toBeCloseTo(1, 7)
          expect(mean(share, events, ratio, ratio * 0.7, multiple)).toBeLessThan(1)
        },
      ),
    )
  })

  it('rises with the canary’s errors and falls with stable’s', () => {
    fc.assert(
      fc.property(counts, (seen) => {
        const [gain = 0] = splitGains(seen, 1.5, [2])
        const [more = 0] = splitGains({ ...seen, canaryEvents: seen.canaryEvents + 1 }, 1.5, [2])
        const [fewer = 0] = splitGains({ ...seen, stableEvents: seen.stableEvents + 1 }, 1.5, [2])
        expect(more).toBeGreaterThan(gain)
        expect(fewer).toBeLessThan(gain)
      }),
    )
  })

  it('adds up over intervals of one weight as if they were one', () => {
    const one = { canaryEvents: 3, canaryTrials: 100, stableEvents: 5, stableTrials: 900 }
    const two = { canaryEvents: 6, canaryTrials: 200, stableEvents: 10, stableTrials: 1_800 }
    const [gain = 0] = splitGains(one, 1, [4])
    expect(splitGains(two, 1, [4])[0]).toBeCloseTo(2 * gain, 12)
  })

  it('is nothing without errors, without trials, and with one arm only', () => {
    const none = { canaryEvents: 0, canaryTrials: 10, stableEvents: 0, stableTrials: 10 }
    expect(splitGains(none, 1, [2, 3])).toEqual([0, 0])
    expect(splitGains({ ...none, canaryTrials: 0, stableTrials: 0 }, 1, [2])).toEqual([0])
    expect(splitGains({ ...none, canaryEvents: 5, stableTrials: 0 }, 1, [2])).toEqual([0])
    expect(splitGains({ ...none, stableEvents: 5, canaryTrials: 0 }, 1, [2])).toEqual([0])
    expect(splitGains({ ...none, canaryEvents: 5, canaryTrials: 0 }, 1, [2])).toEqual([0])
    expect(splitGains({ ...none, canaryEvents: 5, canaryTrials: 0, stableTrials: 0 }, 1, [2])).toEqual([0])
    expect(splitGains({ ...none, canaryEvents: Number.NaN }, 1, [2, 3])).toEqual([0, 0])
  })

  it('is bounded by the share: the first error of the canary with none on stable earns at most 1/share', () => {
    const seen = { canaryEvents: 1, canaryTrials: 50, stableEvents: 0, stableTrials: 950 }
    for (const gain of splitGains(seen, 1, WORSE_BETS.multiples)) expect(gain).toBeLessThan(Math.log(1 / 0.05))
  })
})

describe('few events, over exposures of any weight', () => {
  const weights = fc.array(fc.constantFrom(0.01, 0.05, 0.25, 0.5, 0.9), { minLength: 1, maxLength: 9 })
  const bets = fc.array(
    fc.tuple(fc.double({ min: 1, max: 200, noNaN: true }), fc.double({ min: 0.01, max: 1, noNaN: true })),
    {
      minLength: 1,
      maxLength: 5,
    },
  )

  /** The exact probability that bets on events that come one by one, each at a canary's share, ever come to `goal`. */
  function reaches(
    shares: readonly number[],
    ratio: number,
    logs: readonly number[],
    multiples: readonly number[],
    goal: number,
  ): number {
    if (logSumExp(logs) >= goal) return 1
    const [share, ...later] = shares
    if (share === undefined) return 0
    const trials = { canaryTrials: 1_000 * share, stableTrials: 1_000 * (1 - share) }
    const after = (canaryEvents: number) => {
      const gains = splitGains({ ...trials, canaryEvents, stableEvents: 1 - canaryEvents }, ratio, multiples)
      return reaches(
        later,
        ratio,
        logs.map((log, bet) => log + (gains[bet] ?? 0)),
        multiples,
        goal,
      )
    }
    const chance = (share * ratio) / (share * ratio + 1 - share)
    return chance * after(1) + (1 - chance) * after(0)
  }

  it('fail a canary that is just as bad as accepted with at most α, exactly, whatever is bet on', () => {
    fc.assert(
      fc.property(
        weights,
        bets,
        fc.constantFrom(1, 1.5),
        fc.constantFrom(0.05, 0.2, 0.5),
        (shares, rows, ratio, alpha) => {
          const money = rows.reduce((sum, [, weight]) => sum + weight, 0)
          const logs = rows.map(([, weight]) => Math.log(weight / money))
          const multiples = rows.map(([multiple]) => multiple)
          expect(reaches(shares, ratio, logs, multiples, -Math.log(alpha) + 1e-9)).toBeLessThanOrEqual(alpha + 1e-9)
        },
      ),
    )
  })
})
