import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clumpedGains, startDesignEffect } from '../../../../src/analysis/judges/sequential/design-effect.ts'
import { recordedNear } from '../../../../src/analysis/judges/sequential/latency-effect.ts'
import { effectOfRecord } from '../../../../src/analysis/judges/sequential/record-effect.ts'
import { WORSE_BETS } from '../../../../src/analysis/judges/split-test.ts'
import type { RecordedEvents } from '../../../../src/domain/recorded-noise.ts'

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

  it('takes a clock that went back for the beginning, and noise beyond all measure for none', () => {
    expect(effectOfRecord(NOISY, TRIALS, EVERY, -MINUTE)).toBe(effectOfRecord(NOISY, TRIALS, EVERY, 0))
    const absurd = { share: 0.005, noise: [{ lasting: MINUTE, variation: 1e9 }] }
    expect(effectOfRecord(absurd, TRIALS, EVERY, MINUTE)).toBe(1)
    expect(effectOfRecord({ ...NOISY, noise: [...absurd.noise, ...NOISY.noise] }, TRIALS, EVERY, 0)).toBe(
      effectOfRecord(NOISY, TRIALS, EVERY, 0),
    )
    expect(effectOfRecord(NOISY, TRIALS, 0, MINUTE)).toBe(1)
    expect(effectOfRecord({ ...NOISY, share: Number.NaN }, TRIALS, EVERY, MINUTE)).toBe(1)
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
