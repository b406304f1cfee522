import type { ListedCheck as Check } from '../../../src/analysis/checks/index.ts'
import { startCheck, weighCheck } from '../../../src/analysis/judges/check-judge.ts'
import { boundsOf, type LatencyShape, slowerThan } from '../../../src/analysis/judges/sequential/latency-shape.ts'
import { type BakePlan, expectedRequests } from '../../../src/analysis/power/power.ts'
import { createRandom, type Random } from '../../../src/analysis/statistics/random.ts'
import type { ArmCounts, MetricResult } from '../../../src/domain/observation.ts'
import type { RecordedStable } from '../../../src/domain/recorded-noise.ts'
import { arm, look } from './looks.ts'

/** What one arm does in one look, from the requests that are expected of it. */
export type DrawArm = (random: Random, requests: number) => MetricResult<ArmCounts>

/** Share of simulated bakes in which the judge fails the canary; requests are Poisson, both arms independent. */
export function detected(
  check: Check,
  plan: BakePlan,
  arms: { readonly canary: DrawArm; readonly stable: DrawArm },
  runs: number,
  recorded: RecordedStable | null = null,
): number {
  const random = createRandom(5)
  const expected = expectedRequests(plan, plan.interval)
  const looks = Math.floor(plan.bake / plan.interval)
  let failed = 0
  for (let run = 0; run < runs; run += 1) {
    let state = startCheck(check)
    for (let index = 0; index < looks; index += 1) {
      const [canary, stable] = [arms.canary(random, expected.canary), arms.stable(random, expected.stable)]
      const shown = look(index, canary, stable, plan.interval)
      const step = weighCheck(check, state, recorded === null ? shown : { ...shown, recorded })
      state = step.state
      if (step.outcome !== 'fail') continue
      failed += 1
      break
    }
  }
  return failed / runs
}

/** Two standard errors of a share of so many runs, at most. */
export function chance(runs: number): number {
  return 2 * Math.sqrt(0.25 / runs)
}

/** An arm of which a share of the requests fails. */
export function failing(share: number): DrawArm {
  return (random, expected) => {
    const requests = random.poisson(expected)
    return arm(requests, random.binomial(requests, share))
  }
}

/** The same with noise of its own: a log-normal factor with mean 1 and this variation, another one after so many looks. */
export function failingUnevenly(share: number, variation: number, lasting: number): DrawArm {
  const variance = Math.log1p(variation)
  let [looks, factor] = [0, 1]
  return (random, expected) => {
    if (looks % lasting === 0) factor = random.logNormal(-variance / 2, Math.sqrt(variance))
    looks += 1
    const requests = random.poisson(expected)
    return arm(requests, random.binomial(requests, Math.min(1, share * factor)))
  }
}

/** An arm with so many orders per request. */
export function ordering(share: number): DrawArm {
  return (random, expected) => {
    const requests = random.poisson(expected)
    return arm(requests, 0, { events: { orders: random.binomial(requests, share) } })
  }
}

/** An arm whose requests take `factor` times as long as the shape says. */
export function lasting(shape: LatencyShape, factor: number): DrawArm {
  const bounds = boundsOf(shape)
  const above = bounds.map((bound) => slowerThan(shape)(bound / factor))
  const shares = [...above, 0].map((share, index) => (index === 0 ? 1 : (above[index - 1] ?? 0)) - share)
  return (random, expected) => {
    const counts = shares.map((share) => random.poisson(expected * share))
    const requests = counts.reduce((sum, count) => sum + count, 0)
    return arm(requests, 0, { latency: { upperBoundsSeconds: bounds, counts } })
  }
}
