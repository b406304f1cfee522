import { type BasisPoints, formatDuration, formatWeight, type Milliseconds } from '../../domain/units.ts'
import { type BakePlan, bakeForPower, describeSetting, type Sight } from './power.ts'

/** Half of the bad canaries are seen in so long. */
const MEDIAN = 0.5
/** Weights that are asked for one that sees it within the bake. */
const WEIGHTS: readonly BasisPoints[] = [1, 2, 5, 10, 25, 50].map((percent) => percent * 100)

/**
 * What low traffic means for a check, before anything starts: `errors: at 1 requests/s and a weight of 5% it takes about 54m to
 * see a rise from 0.5% to 5%, and the bake has 10m; at 50% about 4m`. The weight is the smallest that sees it within the
 * bake as often as not; the largest, where none does.
 */
export function describeLowTraffic(name: string, sight: Sight, plan: BakePlan, size: number): string {
  const takes = bakeForPower(sight, plan, size, MEDIAN)
  const here = `${name}: ${describeSetting(plan)} it takes ${about(takes)} to see ${sight.describe(size)}`
  const longer = `and the bake has ${formatDuration(plan.bake)}`
  const larger = WEIGHTS.filter((weight) => weight > plan.weight)
  const enough = larger.find((weight) => sight.power({ ...plan, weight }, size) >= MEDIAN)
  const best = enough ?? larger.at(-1)
  if (best === undefined) return `${here}, ${longer}`
  const then = bakeForPower(sight, { ...plan, weight: best }, size, MEDIAN)
  if (takes === null && then === null)
    return `${name}: ${describeSetting(plan)} ${sight.describe(size)} would hardly be seen within 30d, nor at ${formatWeight(best)}`
  const even = enough === undefined ? 'even ' : ''
  return `${here}, ${longer}; ${even}at ${formatWeight(best)} ${about(then)}`
}

function about(time: Milliseconds | null): string {
  return time === null ? 'more than 30d' : `about ${formatDuration(time)}`
}
