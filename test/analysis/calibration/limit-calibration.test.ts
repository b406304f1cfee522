import { describe, expect, it } from 'vitest'
import { measureLimit } from '../../../src/analysis/calibration/limit-calibration.ts'
import type { ErrorRateCheck } from '../../../src/analysis/checks/shapes.ts'
import { createRandom } from '../../../src/analysis/statistics/random.ts'
import { errorCheck } from '../judges/looks.ts'

type LimitRequest = Parameters<typeof measureLimit>[0]

const MINUTE = 60_000
const limit = (max: number, failures = 2, of = 3): ErrorRateCheck => ({
  ...errorCheck(),
  rule: { judge: 'threshold', max, failures, of, minRequests: 50 },
})

/** A day of stable with 1% errors at 20 requests/s. */
function request(check: LimitRequest['check'], more: Partial<LimitRequest> = {}): LimitRequest {
  const random = createRandom(3)
  const record = Array.from({ length: 1_440 }, () => {
    const requests = random.poisson(1_200)
    return {
      duration: MINUTE,
      shards: [{ requests, errors: random.binomial(requests, 0.01), latency: null, events: {} }],
    }
  })
  const weights = Array.from({ length: 30 }, () => 1_000)
  return { check, record, weights, effects: [1.5, 4], replays: 200, random: createRandom(4).uniform, ...more }
}

describe('a limit over replays of stable against itself', () => {
  it('fails as often as its looks are above it, and soon when the canary is far above', () => {
    // 120 requests of the canary a minute, 1.2 errors: 2 of 3 looks are above 2% (3 or more) in many of 30 minutes.
    const near = measureLimit(request(limit(0.02)))
    expect(near.falseAlarms).toBeGreaterThan(0.5)
    const far = measureLimit(request(limit(0.06)))
    expect(far.falseAlarms).toBeLessThan(0.02)
    expect(far.effects.map(({ times }) => times)).toEqual([1.5, 4])
    expect(near.effects[1]?.medianDelay).toBeLessThanOrEqual(4 * MINUTE)
    expect(near.effects[0]?.detected).toBeGreaterThanOrEqual(near.falseAlarms)
  })

  it('agrees with the probability of so many breaches', () => {
    // One look above 3% of 120 (4 or more of Poisson 1.2: 3.4%) among 30 fails: 1 - 0.966^30.
    const { falseAlarms } = measureLimit(request(limit(0.03, 1, 1), { replays: 600 }))
    expect(falseAlarms).toBeGreaterThan(0.55)
    expect(falseAlarms).toBeLessThan(0.75)
  })

  it('takes a bare ratio as well, and says that nothing is proposed', () => {
    const check: ErrorRateCheck = {
      ...errorCheck(),
      rule: { judge: 'relative', maxRatio: 4, failures: 3, of: 5, minRequests: 50 },
    }
    const { falseAlarms, summary } = measureLimit(request(check))
    expect(falseAlarms).toBeLessThan(0.05)
    expect(summary).toMatch(/^errors: .*% of 200 replays of stable against itself failed; a limit has no budget/)
  })

  it('takes an empty record', () => {
    expect(measureLimit(request(limit(0.02), { record: [], replays: 3 }))).toMatchObject({ falseAlarms: 0 })
  })
})
