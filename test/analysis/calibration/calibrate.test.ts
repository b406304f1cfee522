import { describe, expect, it } from 'vitest'
import { calibrate } from '../../../src/analysis/calibration/calibrate.ts'
import type { RecordedInterval } from '../../../src/analysis/calibration/replays.ts'
import { createRandom, type Random } from '../../../src/analysis/statistics/random.ts'
import type { ArmCounts } from '../../../src/domain/observation.ts'
import { arm, COARSE_BOUNDS, errorCheck, histogram, latencyCheck, look, ordersCheck } from '../judges/looks.ts'
import { delay } from '../judges/replay.ts'

type CalibrationRequest = Parameters<typeof calibrate>[0]

const MINUTE = 60_000
const counts = (requests: number, errors: number): ArmCounts => ({ requests, errors, latency: null, events: {} })

/** Log-normal noise per minute with mean 1, this coefficient of variation and this autocorrelation. */
function noise(random: Random, minutes: number, cv: number, correlation: number): readonly number[] {
  const variance = Math.log1p(cv * cv)
  let z = random.normal()
  return Array.from({ length: minutes }, () => {
    z = correlation * z + Math.sqrt(1 - correlation ** 2) * random.normal()
    return Math.exp(Math.sqrt(variance) * z - variance / 2)
  })
}

function record(
  random: Random,
  minutes: number,
  cv: number,
  correlation: number,
  shards = 1,
): readonly RecordedInterval[] {
  const levels = Array.from({ length: shards }, () => noise(random, minutes, cv, correlation))
  return Array.from({ length: minutes }, (_, minute) => ({
    duration: MINUTE,
    shards: levels.map((level) => {
      const requests = random.poisson(6_000 / shards)
      return counts(requests, random.binomial(requests, Math.min(1, 0.005 * (level[minute] ?? 1))))
    }),
  }))
}

const request = (more: Partial<CalibrationRequest>): CalibrationRequest => ({
  check: errorCheck(),
  record: [],
  weights: Array.from({ length: 60 }, () => 500),
  effects: [4],
  replays: 100,
  random: createRandom(91).uniform,
  ...more,
})

describe('calibration on recorded errors', () => {
  it('leaves a check alone whose false alarms are within its budget', () => {
    const report = calibrate(request({ record: record(createRandom(92), 600, 0, 0) }))
    expect(report.current.falseAlarms).toBeLessThanOrEqual(0.05)
    expect(report.proposed).toEqual(report.current)
    expect(report.summary).toMatch(
      /^errors: with 1 times, .*% of 100 replays of stable against itself failed \(budget 5%\); the check is well set$/,
    )
    expect(report.effects).toEqual([{ times: 4, detected: 1, medianDelay: expect.any(Number) }])
    expect(report.effects[0]?.medianDelay).toBeLessThanOrEqual(4 * MINUTE)
    expect(report.minRequests).toBeGreaterThan(500)
    expect(report.minRequests).toBeLessThan(700)
  })

  it.each([0.5, 1])('leaves alone what the judge bears by itself: noise of minutes of CV %d on each arm', (cv) => {
    const { current, proposed } = calibrate(request({ record: record(createRandom(93), 2_880, cv, 0) }))
    expect(current.falseAlarms).toBeLessThanOrEqual(0.05)
    expect(proposed?.alpha).toBeGreaterThanOrEqual(0.025)
  })

  it.each<readonly [string, number, number, number]>([
    ['CV 0.5, AR 0.8', 0.5, 0.8, 0.1],
    ['CV 0.5, AR 0.95', 0.5, 0.95, 0.1],
  ])('finds a tolerance that holds on fresh traffic with noise of %s on each arm', (_name, cv, correlation, most) => {
    const report = calibrate(request({ record: record(createRandom(93), 2_880, cv, correlation) }))
    expect(report.current.falseAlarms).toBeGreaterThan(0.05)
    const { proposed } = report
    expect(Math.log(proposed?.notWorseThan ?? 1) - Math.log(proposed?.alpha ?? 1)).toBeGreaterThan(Math.log(20) + 0.1)
    const check = errorCheck({ notWorseThan: proposed?.notWorseThan ?? 1, alpha: proposed?.alpha ?? 1 })
    const random = createRandom(94)
    const alarms = Array.from({ length: 120 }, () => {
      const [canary, stable] = [noise(random, 60, cv, correlation), noise(random, 60, cv, correlation)]
      return delay(check, 60, MINUTE, (index) => {
        const [ours, theirs] = [random.poisson(300), random.poisson(5_700)]
        return look(
          index,
          arm(ours, random.binomial(ours, Math.min(1, 0.005 * (canary[index] ?? 1)))),
          arm(theirs, random.binomial(theirs, Math.min(1, 0.005 * (stable[index] ?? 1)))),
          MINUTE,
        )
      })
    }).filter(Number.isFinite).length
    expect(alarms / 120).toBeLessThanOrEqual(most)
    expect(report.summary).toContain('would give')
  })

  it('proposes what sees the effect soonest: nothing for bursts, a wider ratio for what lasts', () => {
    const proposedFor = (correlation: number) =>
      calibrate(request({ record: record(createRandom(101), 4_320, 0.5, correlation), replays: 200 })).proposed
    const [bursts, lasting] = [proposedFor(0), proposedFor(0.97)]
    expect(bursts?.alpha).toBe(0.05)
    expect(bursts?.notWorseThan).toBeLessThan(lasting?.notWorseThan ?? 0)
  })

  it('measures a rate with two sides by how far it may fall', () => {
    const random = createRandom(102)
    const orders = (level: () => number) =>
      Array.from({ length: 400 }, () => {
        const share = Math.min(1, 0.05 * level())
        return {
          duration: MINUTE,
          shards: [{ requests: 6_000, errors: 0, latency: null, events: { orders: random.binomial(6_000, share) } }],
        }
      })
    const check = ordersCheck({ notBelow: 0.8, notAbove: 3 })
    const even = calibrate(request({ check, record: orders(() => 1), effects: [], replays: 40 }))
    expect([even.isFall, even.current.notWorseThan, even.proposed?.notWorseThan]).toEqual([true, 1.25, 1])
    expect(even.summary).toContain('orders: with 0.8 times, ')
    const levels = noise(random, 400, 0.6, 0.95).values()
    const lasting = orders(() => levels.next().value ?? 1)
    const uneven = calibrate(request({ check, record: lasting, effects: [0.25], replays: 40 }))
    expect(uneven.current.falseAlarms).toBeGreaterThan(0.05)
    expect(uneven.proposed?.notWorseThan ?? 9).toBeGreaterThanOrEqual(1.25)
    expect(uneven.summary).toMatch(/a fall to 0\.25 times is (still seen|then seen)/)
  })

  it('tells how much more its counts vary than events that come one by one', () => {
    const random = createRandom(111)
    const clumpy = Array.from({ length: 600 }, () => ({
      duration: MINUTE,
      shards: [counts(6_000, 10 * random.poisson(3))],
    }))
    const report = calibrate(request({ record: clumpy, effects: [], replays: 20 }))
    expect(report.designEffect).toBeGreaterThan(7)
    expect(report.designEffect).toBeLessThan(13)
    expect(report.summary).toMatch(/; what it counts varies [\d.]+ times as much as events that come one by one, /)
    const even = calibrate(request({ record: record(createRandom(92), 600, 0, 0), effects: [], replays: 20 }))
    expect(even.designEffect).toBeLessThan(1.3)
    expect(even.summary).not.toContain('one by one')
  })

  it('uses the difference between shards when there are several', () => {
    const uneven = calibrate(request({ record: record(createRandom(95), 300, 1, 0.5, 4) }))
    const even = calibrate(request({ record: record(createRandom(95), 300, 0, 0, 4) }))
    expect(uneven.current.falseAlarms).toBeGreaterThan(0.1)
    expect(even.current.falseAlarms).toBeLessThanOrEqual(0.05)
  })

  it('takes the time of day for what it is', () => {
    const random = createRandom(96)
    const day = Array.from({ length: 2_880 }, (_, minute) => {
      const requests = random.poisson(6_000)
      return {
        duration: MINUTE,
        shards: [
          counts(requests, random.binomial(requests, 0.005 * (1 + 0.6 * Math.sin((minute / 1_440) * 2 * Math.PI)))),
        ],
      }
    })
    expect(calibrate(request({ record: day })).current.falseAlarms).toBeLessThanOrEqual(0.06)
  })

  it('says so when no tolerance is enough', () => {
    const random = createRandom(97)
    let bad = false
    const wild = Array.from({ length: 400 }, (_, minute) => {
      if (minute % 20 === 0) bad = random.uniform() < 0.5
      return { duration: MINUTE, shards: [counts(6_000, bad ? 3_000 : 3)] }
    })
    const report = calibrate(request({ record: wild }))
    expect(report.proposed).toBeNull()
    expect(report.proposedEffects).toEqual([])
    expect(report.summary).toContain('too uneven')
  })

  it('says so when what keeps the budget sees nothing any more', () => {
    const random = createRandom(103)
    // The share of errors jumps in the middle of the record, as when another version has come.
    const changed = Array.from({ length: 600 }, (_, minute) => {
      const requests = random.poisson(600)
      return { duration: MINUTE, shards: [counts(requests, random.binomial(requests, minute < 300 ? 0.01 : 0.04))] }
    })
    const weights = Array.from({ length: 10 }, () => 500)
    const report = calibrate(request({ record: changed, weights, effects: [1.5, 2] }))
    expect(report.current.falseAlarms).toBeGreaterThan(0.05)
    expect(report.proposedEffects.map(({ medianDelay }) => medianDelay)).toEqual([null, null])
    expect(report.summary).toMatch(
      /, but even 2 times is then seen in only \d+% of the replays: the metric is too uneven/,
    )
  })

  it('is the same for the same seed', () => {
    const one = () =>
      calibrate(
        request({ record: record(createRandom(98), 200, 0.5, 0), replays: 20, random: createRandom(1).uniform }),
      )
    expect(one()).toEqual(one())
  })

  it('takes an empty record and a record without errors', () => {
    const empty = calibrate(request({ record: [], replays: 3 }))
    expect(empty.current.falseAlarms).toBe(0)
    expect(empty.minRequests).toBeNull()
    expect(empty.effects).toEqual([{ times: 4, detected: 0, medianDelay: null }])
    const clean = [{ duration: MINUTE, shards: [counts(100, 0)] }]
    expect(calibrate(request({ record: clean, replays: 3 })).minRequests).toBeNull()
  })
})

describe('calibration of other checks', () => {
  it('measures a rate on its own side', () => {
    const random = createRandom(99)
    const orders = Array.from({ length: 200 }, () => ({
      duration: MINUTE,
      shards: [{ requests: 6_000, errors: 0, latency: null, events: { orders: random.binomial(6_000, 0.05) } }],
    }))
    const report = calibrate(
      request({ check: ordersCheck({ notBelow: 0.9 }), record: orders, effects: [0.5], replays: 40 }),
    )
    expect(report.current.falseAlarms).toBeLessThanOrEqual(0.05)
    expect(report.effects[0]).toMatchObject({ times: 0.5, detected: 1 })
    const above = calibrate(
      request({ check: ordersCheck({ notBelow: null, notAbove: 1.1 }), record: orders, effects: [2], replays: 40 }),
    )
    expect(above.effects[0]).toMatchObject({ detected: 1 })
  })

  it('measures latency, all requests slower by the effect', () => {
    const random = createRandom(100)
    const slow = Array.from({ length: 120 }, () => ({
      duration: MINUTE,
      shards: [
        {
          requests: 3_000,
          errors: 0,
          latency: histogram(COARSE_BOUNDS, 3_000, () => random.logNormal(-2.3, 0.6)),
          events: {},
        },
      ],
    }))
    const report = calibrate(request({ check: latencyCheck(), record: slow, effects: [1, 2], replays: 20 }))
    expect(report.current.falseAlarms).toBeLessThanOrEqual(0.1)
    expect(report.effects[0]?.detected).toBeLessThanOrEqual(0.1)
    expect(report.effects[1]).toMatchObject({ times: 2, detected: 1 })
    expect(report.minRequests).toBe(1_000)
  })
})
