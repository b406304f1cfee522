import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clumpedGains, startDesignEffect } from '../../../../src/analysis/judges/sequential/design-effect.ts'
import { recordedNear } from '../../../../src/analysis/judges/sequential/latency-effect.ts'
import { effectOfRecord } from '../../../../src/analysis/judges/sequential/record-effect.ts'
import { WORSE_BETS } from '../../../../src/analysis/judges/split-test.ts'
import { createRandom, type Random } from '../../../../src/analysis/statistics/random.ts'
import type { CheckInput } from '../../../../src/domain/plan/checks.ts'
import type { RecordedEvents, RecordedStable } from '../../../../src/domain/recorded-noise.ts'
import type { Verdict } from '../../../../src/domain/verdict.ts'
import { arm, COARSE_BOUNDS, errorCheck, histogram, latencyCheck, look, ordersCheck, verdictsOver } from '../looks.ts'
import { delay, repeat, share } from '../replay.ts'

const EVERY = 10_000
const MINUTE = 60_000
const NOISY: RecordedEvents = {
  share: 0.005,
  noise: [
    { lasting: MINUTE, variation: 0.2 },
    { lasting: 20 * MINUTE, variation: 0.1 },
  ],
}
const TRIALS = { canaryTrials: 50, stableTrials: 950 }
const UNKNOWN: Verdict = { outcome: 'pass', reason: '', evidence: { judge: 'none', figures: {} } }
const recorded = (more: Partial<RecordedStable>): RecordedStable => ({ errors: null, events: {}, slow: [], ...more })

describe('the design effect of the record', () => {
  it('is 1 without one, and where there was no noise or is no request', () => {
    expect(effectOfRecord(null, TRIALS, EVERY, MINUTE)).toBe(1)
    expect(effectOfRecord(undefined, TRIALS, EVERY, MINUTE)).toBe(1)
    expect(effectOfRecord({ share: 0.005, noise: [] }, TRIALS, EVERY, MINUTE)).toBe(1)
    expect(effectOfRecord(NOISY, { canaryTrials: 0, stableTrials: 0 }, EVERY, MINUTE)).toBe(1)
    expect(effectOfRecord(NOISY, { canaryTrials: 0, stableTrials: 950 }, EVERY, MINUTE)).toBe(1)
  })

  it('grows with the events of the time that the noise lasts, and with what was watched of it', () => {
    // 0.2375 events a look in the mean of both arms: 1.425 a minute.
    expect(effectOfRecord(NOISY, TRIALS, EVERY, 0)).toBeCloseTo(1 + 4 * 0.2 * 0.2375, 9)
    expect(effectOfRecord(NOISY, TRIALS, EVERY, 50_000)).toBeCloseTo(1 + 4 * 0.2 * 1.425, 9)
    expect(effectOfRecord(NOISY, TRIALS, EVERY, 60 * MINUTE)).toBeCloseTo(1 + 4 * 0.1 * 20 * 1.425, 9)
    const twice = { canaryTrials: 100, stableTrials: 1_900 }
    expect(effectOfRecord(NOISY, twice, 2 * EVERY, 60 * MINUTE)).toBeCloseTo(1 + 4 * 0.1 * 20 * 1.425, 9)
  })

  it('never adds to what a bet wins, whatever a record says', () => {
    fc.assert(
      fc.property(
        fc.record({ share: fc.double(), noise: fc.array(fc.record({ lasting: fc.double(), variation: fc.double() })) }),
        fc.nat(30),
        fc.nat(30),
        (record, canaryEvents, stableEvents) => {
          const counts = { ...TRIALS, canaryEvents, stableEvents }
          const effect = effectOfRecord(record, counts, EVERY, MINUTE)
          expect(effect).toBeGreaterThanOrEqual(1)
          const gains = (least: number) => clumpedGains(counts, 1, WORSE_BETS.multiples, startDesignEffect(), least)
          const without = gains(1)
          for (const [index, gain] of gains(effect).entries()) {
            expect(Math.abs(gain)).toBeLessThanOrEqual(Math.abs(without[index] ?? 0))
            expect(gain * (without[index] ?? 0)).toBeGreaterThanOrEqual(0)
          }
        },
      ),
    )
  })

  it('is of the slow requests whose share is nearest', () => {
    const slow = [0.5, 0.1, 0.02].map((part) => ({ share: part, noise: [] }))
    expect([0.6, 0.08, 0.001].map((part) => recordedNear(slow, part)?.share)).toEqual([0.5, 0.1, 0.02])
    expect(recordedNear([], 0.1)).toBeNull()
  })
})

/** An hour at 100 requests/s, half of them on the canary, each arm with noise of CV .5 of its own every minute. */
function noisyHour(random: Random, times: number, known: RecordedStable | null): (index: number) => CheckInput {
  let [canary, stable] = [1, 1]
  return (index) => {
    if (index % 6 === 0) {
      canary = random.logNormal(-0.11, 0.47)
      stable = random.logNormal(-0.11, 0.47)
    }
    const failing = (factor: number) => random.binomial(500, Math.min(1, 0.005 * factor))
    const input = look(index, arm(500, failing(times * canary)), arm(500, failing(stable)), EVERY)
    return known === null ? input : { ...input, recorded: known }
  }
}

describe('a check that knows the record', () => {
  const own = recorded({ errors: { share: 0.005, noise: [{ lasting: MINUTE, variation: 0.25 }] } })

  it('keeps its budget where each version has noise of its own, and still sees a fourfold rise', () => {
    const random = createRandom(5)
    const check = errorCheck({ minRequests: 50 })
    const falseAlarms = (known: RecordedStable | null) =>
      share(repeat(60, () => delay(check, 360, EVERY, noisyHour(random, 1, known))))
    expect(falseAlarms(null)).toBeGreaterThan(0.15)
    expect(falseAlarms(own)).toBeLessThanOrEqual(0.08)
    expect(share(repeat(30, () => delay(check, 360, EVERY, noisyHour(random, 4, own))))).toBe(1)
  })

  it('tells a wider interval of errors, events and slow requests', () => {
    const noise = [{ lasting: MINUTE, variation: 0.5 }]
    const latency = (index: number) =>
      histogram(COARSE_BOUNDS, 500, () => createRandom(index).logNormal(Math.log(0.1), 0.6))
    const looks = (known: RecordedStable | null) =>
      Array.from({ length: 30 }, (_, index): CheckInput => {
        const both = arm(500, 5, { events: { orders: 50 }, latency: latency(index) })
        return { ...look(index, both, both, EVERY), ...(known !== null && { recorded: known }) }
      })
    const known = recorded({
      ...{ errors: { share: 0.01, noise }, events: { orders: { share: 0.1, noise } } },
      slow: [{ share: 0.05, noise }],
    })
    const last = (verdicts: readonly Verdict[]): Verdict => verdicts.at(-1) ?? UNKNOWN
    const width = ({ evidence: { figures } }: Verdict, name: string) =>
      (figures[`${name}AtMost`] ?? 0) / (figures[`${name}AtLeast`] ?? 1)
    for (const [check, name] of [
      [errorCheck(), 'ratio'],
      [ordersCheck(), 'ratio'],
      [latencyCheck(), 'slowRatio'],
    ] as const)
      expect(width(last(verdictsOver(check, looks(known))), name)).toBeGreaterThan(
        width(last(verdictsOver(check, looks(null))), name),
      )
  })
})
