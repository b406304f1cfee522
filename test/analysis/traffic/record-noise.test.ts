import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../../../src/analysis/statistics/random.ts'
import { recordedStableOf } from '../../../src/analysis/traffic/record-noise.ts'
import type { ArmCounts, RecordedWindow } from '../../../src/domain/observation.ts'

const MINUTE = 60_000
const counts = (requests: number, errors: number, more: Partial<ArmCounts> = {}): ArmCounts => ({
  ...{ requests, errors, latency: null, events: {} },
  ...more,
})

/** A day of stable, minute by minute. */
function day(countsAt: (minute: number) => ArmCounts, minutes = 1_440): readonly RecordedWindow[] {
  return Array.from({ length: minutes }, (_, minute) => ({
    ...{ start: minute * MINUTE, end: (minute + 1) * MINUTE },
    counts: countsAt(minute),
  }))
}

const variationsOf = (record: readonly RecordedWindow[]) =>
  (recordedStableOf(record)?.errors?.noise ?? []).map(({ variation }) => variation)

describe('the noise of a record', () => {
  it('is nearly none where errors come one by one, whatever the time of day does', () => {
    const random = createRandom(1)
    const swing = (minute: number) => 30 * (1 + 0.8 * Math.sin((2 * Math.PI * minute) / 1_440))
    const recorded = recordedStableOf(day((minute) => counts(6_000, random.poisson(swing(minute)))))
    expect(recorded?.errors?.share).toBeCloseTo(0.005, 4)
    expect(recorded?.errors?.noise.map(({ lasting }) => lasting)).toEqual([MINUTE, 5 * MINUTE, 20 * MINUTE])
    for (const { variation } of recorded?.errors?.noise ?? []) expect(variation).toBeLessThan(0.02)
  })

  it('is that of each length: what is drawn anew every minute evens out over twenty', () => {
    const random = createRandom(2)
    const [minute = 0, five = 0, twenty = 0] = variationsOf(
      day(() => counts(6_000, random.poisson(30 * random.logNormal(0, 0.4)))),
    )
    expect(minute).toBeGreaterThan(0.1)
    expect(minute).toBeLessThan(0.25)
    expect(five).toBeLessThan(minute / 3)
    expect(twenty).toBeLessThan(five / 2)
  })

  it('hardly knows of an incident of an hour', () => {
    const random = createRandom(3)
    const record = day((minute) => counts(6_000, random.poisson(minute >= 600 && minute < 640 ? 600 : 30)))
    for (const variation of variationsOf(record)) expect(variation).toBeLessThan(1)
    expect(variationsOf(record)[0]).toBeLessThan(0.7)
  })

  it('is told of events and of slow requests as well, where they are known', () => {
    const random = createRandom(4)
    const upperBoundsSeconds = [0.1, 0.5]
    const recorded = recordedStableOf(
      day(() => {
        const slow = random.poisson(120 * random.logNormal(0, 0.5))
        const latency = { upperBoundsSeconds, counts: [3_000, 3_000 - slow, slow] }
        const missing = { errors: 'nobody counts them' }
        return counts(6_000, 0, { latency, missing, events: { orders: random.poisson(60) } })
      }),
    )
    expect(recorded?.errors).toBeNull()
    expect(recorded?.events['orders']?.share).toBeCloseTo(0.01, 3)
    expect(recorded?.slow.map(({ share }) => Number(share.toFixed(2)))).toEqual([0.5, 0.02])
    expect(recorded?.slow[1]?.noise[0]?.variation).toBeGreaterThan(0.1)
    expect(JSON.stringify(recorded).length).toBeLessThan(1_000)
  })

  it('is unknown of a record that is short, coarse or nearly empty', () => {
    expect(recordedStableOf([])).toBeNull()
    expect(recordedStableOf(day(() => counts(6_000, 30), 100))).toBeNull()
    expect(recordedStableOf(day(() => counts(1, 0)))?.errors).toBeNull()
    const hours = day(() => counts(6_000, 30)).map(({ counts: seen }, hour) => ({
      ...{ start: hour * 60 * MINUTE, end: (hour + 1) * 60 * MINUTE, counts: seen },
    }))
    expect(recordedStableOf(hours)?.errors).toBeNull()
  })

  it('is one of numbers within bounds whatever the record holds', () => {
    const number = fc.oneof(fc.nat(1_000), fc.double(), fc.constantFrom(Number.NaN, -1, Infinity))
    const window = fc.record({ start: number, length: number, requests: number, errors: number })
    fc.assert(
      fc.property(fc.array(window, { maxLength: 40 }), fc.boolean(), (windows, isLong) => {
        const recorded = recordedStableOf([
          ...windows.map(({ start, length, requests, errors }) => ({
            ...{ start, end: start + length, counts: counts(requests, errors) },
          })),
          ...(isLong ? day(() => counts(600, 3), 400) : []),
        ])
        for (const { variation } of recorded?.errors?.noise ?? []) {
          expect(variation).toBeGreaterThanOrEqual(0)
          expect(variation).toBeLessThanOrEqual(2)
        }
      }),
    )
  })
})
