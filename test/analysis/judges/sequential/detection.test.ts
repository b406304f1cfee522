import { describe, expect, it } from 'vitest'
import { createRandom, type Random } from '../../../../src/analysis/statistics/random.ts'
import type { CheckInput } from '../../../../src/domain/plan/checks.ts'
import { arm, errorCheck, look, ordersCheck } from '../looks.ts'
import { delay, median, repeat, share } from '../replay.ts'

interface Traffic {
  readonly requestsPerSecond: number
  readonly weightAt: (minute: number) => number
  readonly stableRateAt: (minute: number) => number
  /** Canary rate / stable rate. */
  readonly ratioAt: (minute: number) => number
}

const EVERY = 10_000
const usual: Traffic = { requestsPerSecond: 100, weightAt: () => 0.05, stableRateAt: () => 0.005, ratioAt: () => 1 }

function errorLook(random: Random, traffic: Traffic): (index: number) => CheckInput {
  return (index) => {
    const minute = (index * EVERY) / 60_000
    const weight = traffic.weightAt(minute)
    const requests = (traffic.requestsPerSecond * EVERY) / 1_000
    const [canary, stable] = [random.poisson(requests * weight), random.poisson(requests * (1 - weight))]
    const rate = traffic.stableRateAt(minute)
    return look(
      index,
      arm(canary, random.binomial(canary, rate * traffic.ratioAt(minute))),
      arm(stable, random.binomial(stable, rate)),
      EVERY,
    )
  }
}

describe('false alarms of the error judge at alpha 5% over an hour of looks every 10 s', () => {
  const ramp = (minute: number) => [0.01, 0.05, 0.1, 0.25, 0.5][Math.floor(minute / 12)] ?? 0.5

  it.each<readonly [string, Partial<Traffic>]>([
    ['steady traffic', {}],
    ['a fleet-wide drift of ±80%', { stableRateAt: (minute) => 0.005 * (1 + 0.8 * Math.sin(minute / 10)) }],
    [
      'a ramp of the weight while the fleet gets worse',
      { weightAt: ramp, stableRateAt: (minute) => 0.003 + 0.00012 * minute },
    ],
    ['a fleet incident late in a ramp', { weightAt: ramp, stableRateAt: (minute) => (minute < 50 ? 0.003 : 0.03) }],
  ])('are within alpha with %s', (_name, traffic) => {
    const random = createRandom(31)
    const delays = repeat(100, () => delay(errorCheck(), 360, EVERY, errorLook(random, { ...usual, ...traffic })))
    expect(share(delays)).toBeLessThanOrEqual(0.05)
  })

  it('are rarer still for a canary that is better, and within alpha for one exactly at the accepted ratio', () => {
    const random = createRandom(32)
    const better = repeat(100, () =>
      delay(errorCheck(), 360, EVERY, errorLook(random, { ...usual, ratioAt: () => 0.7 })),
    )
    expect(share(better)).toBeLessThanOrEqual(0.01)
    const check = errorCheck({ notWorseThan: 1.5 })
    const edge = repeat(60, () => delay(check, 180, EVERY, errorLook(random, { ...usual, ratioAt: () => 1.5 })))
    expect(share(edge)).toBeLessThanOrEqual(0.05)
  })

  it('are within alpha for a two-sided rate', () => {
    const random = createRandom(33)
    const check = ordersCheck({ notBelow: 1, notAbove: 1 })
    const orders = (requests: number) => arm(requests, 0, { events: { orders: random.binomial(requests, 0.05) } })
    const delays = repeat(80, () =>
      delay(check, 120, EVERY, (index) => look(index, orders(random.poisson(100)), orders(random.poisson(900)))),
    )
    expect(share(delays)).toBeLessThanOrEqual(0.05)
  })
})

describe('noise of each arm on its own, which no test of counts expects', () => {
  it('costs less than a quarter of the good releases at CV 1 per minute', () => {
    const random = createRandom(35)
    const spread = Math.sqrt(Math.log(2))
    const noisy = () => {
      const minutes = Array.from({ length: 60 }, () => random.logNormal(-(spread ** 2) / 2, spread))
      return (minute: number) => Math.min(1, 0.005 * (minutes[Math.floor(minute)] ?? 1))
    }
    const delays = repeat(100, () => {
      const [canaryRate, stableRate] = [noisy(), noisy()]
      const ratioAt = (minute: number) => canaryRate(minute) / stableRate(minute)
      return delay(errorCheck(), 360, EVERY, errorLook(random, { ...usual, stableRateAt: stableRate, ratioAt }))
    })
    expect(share(delays)).toBeLessThanOrEqual(0.25)
  })
})

describe('detection of worse errors at 100 requests/s and 5%, 0.5% before, looks every 10 s', () => {
  const detect = (seed: number, to: number, more: Partial<Traffic> = {}, runs = 300) => {
    const random = createRandom(seed)
    const traffic = { ...usual, ratioAt: () => to / 0.005, ...more }
    return repeat(runs, () => delay(errorCheck(), 720, EVERY, errorLook(random, traffic)))
  }

  it('takes at most 1.3 minutes for 2% and at most 20 seconds for 5%, in the median', () => {
    const delays = detect(41, 0.02)
    expect(share(delays)).toBe(1)
    expect(median(delays)).toBeLessThanOrEqual(1.3)
    expect(median(detect(42, 0.05))).toBeLessThanOrEqual(1 / 3 + 1e-9)
  })

  it('takes at most 7 minutes for a doubling, and at most 1.7 with half of the traffic', () => {
    expect(median(detect(46, 0.01))).toBeLessThanOrEqual(7)
    expect(median(detect(47, 0.01, { weightAt: () => 0.5 }))).toBeLessThanOrEqual(1.7)
  })

  it('takes two looks when the canary only fails, for one may be a clump', () => {
    expect(median(detect(43, 1, {}, 20))).toBeCloseTo(1 / 3, 9)
  })

  it('is nearly as fast after an hour of health', () => {
    const random = createRandom(44)
    const traffic = { ...usual, ratioAt: (minute: number) => (minute < 60 ? 1 : 4) }
    const late = repeat(40, () => delay(errorCheck({ alpha: 0.05 }), 720, EVERY, errorLook(random, traffic)))
    expect(median(late.filter((minutes) => minutes > 60)) - 60).toBeLessThanOrEqual(5)
  })

  it('sees fewer orders', () => {
    const random = createRandom(45)
    const orders = (requests: number, rate: number) =>
      arm(requests, 0, { events: { orders: random.binomial(requests, rate) } })
    const delays = repeat(60, () =>
      delay(ordersCheck({ notBelow: 0.9 }), 720, EVERY, (index) =>
        look(index, orders(random.poisson(100), 0.02), orders(random.poisson(900), 0.05)),
      ),
    )
    expect(median(delays)).toBeLessThanOrEqual(5)
  })
})
