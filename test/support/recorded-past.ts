import { createRandom } from '../../src/analysis/statistics/random.ts'
import type { RecordedWindow } from '../../src/domain/observation.ts'

const BOUNDS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

const LASTING = 0.9

/**
 * Windows of a minute at 20 requests/s, 1% errors: Poisson, or with `bursts` a share that is log-normal with this sigma and stays so for some ten minutes.
 */
export function recordedPast({ windows = 2_000, bursts = 0, seed = 7 } = {}): readonly RecordedWindow[] {
  const random = createRandom(seed)
  let level = 0
  return Array.from({ length: windows }, (_, index) => {
    const requests = random.poisson(1_200)
    level = LASTING * level + Math.sqrt(1 - LASTING ** 2) * random.normal()
    const share = Math.min(0.5, 0.01 * Math.exp(bursts * level))
    const latency = {
      upperBoundsSeconds: BOUNDS,
      counts: [0.2, 0.3, 0.25, 0.15, 0.06, 0.03, 0.008, 0.002].map((part) => random.poisson(requests * part)),
    }
    const counts = {
      requests,
      errors: random.binomial(requests, share),
      latency,
      events: { orders: random.poisson(60) },
    }
    return { start: index * 60_000, end: (index + 1) * 60_000, counts }
  })
}
