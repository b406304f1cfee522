import { describe, expect, it } from 'vitest'
import { createRandom, type Random } from '../../../../src/analysis/statistics/random.ts'
import type { CheckInput } from '../../../../src/domain/plan/checks.ts'
import { arm, errorCheck, look } from '../looks.ts'
import { delay, median, repeat, share } from '../replay.ts'

const EVERY = 10_000

/** An hour at 100 requests/s, 5% of them on the canary, 0.5% errors that come `size` at a time. */
function clumps(random: Random, size: number, canaryTimes = 1): (index: number) => CheckInput {
  return (index) => {
    const [canary, stable] = [random.poisson(50), random.poisson(950)]
    const failing = (requests: number, times: number) =>
      Math.min(requests, size * random.poisson((requests * 0.005 * times) / size))
    return look(index, arm(canary, failing(canary, canaryTimes)), arm(stable, failing(stable, 1)), EVERY)
  }
}

describe('false alarms when a bad user fails again and again, the same on both versions', () => {
  it.each([
    [5, 0.05],
    [20, 0.08],
  ])('are rare with %d failures in a row', (size, most) => {
    const random = createRandom(50 + size)
    expect(share(repeat(150, () => delay(errorCheck(), 360, EVERY, clumps(random, size))))).toBeLessThanOrEqual(most)
  })

  it('do not make the judge blind: four times as many such users are seen within half an hour', () => {
    const random = createRandom(61)
    const delays = repeat(40, () => delay(errorCheck(), 360, EVERY, clumps(random, 5, 4)))
    expect(median(delays)).toBeLessThanOrEqual(30)
  })
})
