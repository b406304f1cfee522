import { describe, expect, it } from 'vitest'
import { createRandom, type Random } from '../../../../src/analysis/statistics/random.ts'
import { arm, COARSE_BOUNDS, histogram, latencyCheck, look } from '../looks.ts'
import { delay, median, repeat, share } from '../replay.ts'

/** 45 buckets, each 15% wider than the last, from 10 ms to 4.7 s. */
const BOUNDS: readonly number[] = Array.from({ length: 45 }, (_, index) => 0.01 * 1.15 ** index)

describe('the latency judge with 5 requests/s on each arm, log-normal with median 100 ms and σ 0.6, looks every 30 s', () => {
  const run = (
    seed: number,
    runs: number,
    minutes: number,
    slow: (seconds: number, random: Random) => number,
    bounds = BOUNDS,
  ) => {
    const random = createRandom(seed)
    const draw = () => random.logNormal(Math.log(0.1), 0.6)
    const side = (one: () => number) => {
      const requests = random.poisson(150)
      return arm(requests, 0, { latency: histogram(bounds, requests, one) })
    }
    return repeat(runs, () =>
      delay(latencyCheck(), minutes * 2, 30_000, (index) =>
        look(
          index,
          side(() => slow(draw(), random)),
          side(draw),
          30_000,
        ),
      ),
    )
  }

  it('has false alarms within alpha over an hour', () => {
    expect(share(run(51, 50, 30, (seconds) => seconds))).toBeLessThanOrEqual(0.05)
  })

  it('sees all requests 25% slower within 2 minutes in the median', () => {
    expect(median(run(52, 60, 30, (seconds) => seconds * 1.25))).toBeLessThanOrEqual(2)
  })

  const fewSlow = (seconds: number, random: Random) => (random.uniform() < 0.03 ? seconds * 3 : seconds)

  it('sees 3% of the requests three times as slow within 7.5 minutes in the median', () => {
    expect(median(run(53, 100, 60, fewSlow))).toBeLessThanOrEqual(7.5)
  })

  it('sees them within 8 minutes through the 11 default buckets of Prometheus clients', () => {
    expect(median(run(54, 200, 60, fewSlow, COARSE_BOUNDS))).toBeLessThanOrEqual(8)
  })

  it('has false alarms within alpha through those buckets', () => {
    expect(share(run(55, 50, 30, (seconds) => seconds, COARSE_BOUNDS))).toBeLessThanOrEqual(0.05)
  })
})
