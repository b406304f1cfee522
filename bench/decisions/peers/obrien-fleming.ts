import { normalCdf } from '../../../src/analysis/statistics/normal.ts'

/**
 * The O'Brien–Fleming constant C for so many equally spaced looks: a one-sided group-sequential test that fails at look
 * k when z ≥ C·√(looks/k) raises a false alarm with probability `alpha` over all looks.
 *
 * Found by bisection over the recursion of Armitage, McPherson and Rowe (1969): the density of the sum of k standard
 * normals that has not crossed yet, by the trapezoidal rule with Gregory's end correction at the boundary.
 */
export function obrienFlemingConstant(looks: number, alpha: number): number {
  let low = 0
  let high = 6
  for (let round = 0; round < 30; round += 1) {
    const middle = (low + high) / 2
    if (crossingProbability(middle * Math.sqrt(looks), looks) > alpha) low = middle
    else high = middle
  }
  return (low + high) / 2
}

const STEP = 0.25
/** Weights of the nodes from the boundary on; all others have weight 1. */
const END_WEIGHTS = [3 / 8, 7 / 6, 23 / 24]
const KERNEL_REACH = 8
const KERNEL = Array.from({ length: 2 * (KERNEL_REACH / STEP) + 1 }, (_, index) => density(index * STEP - KERNEL_REACH))

/** P(the sum of k standard normals reaches `bound` for some k ≤ steps). */
function crossingProbability(bound: number, steps: number): number {
  const size = Math.ceil((bound + 7 * Math.sqrt(steps)) / STEP) + 1
  let alive = Float64Array.from({ length: size }, (_, index) => density(bound - index * STEP))
  for (let step = 2; step <= steps; step += 1) alive = convolve(alive)
  // The lower end of the grid is cut off, so at the first look the mass is known and not summed.
  return steps === 1 ? 1 - normalCdf(bound) : 1 - integral(alive)
}

function convolve(alive: Float64Array): Float64Array<ArrayBuffer> {
  const half = KERNEL_REACH / STEP
  const next = new Float64Array(alive.length)
  for (let target = 0; target < alive.length; target += 1) {
    const from = Math.max(0, target - half)
    const to = Math.min(alive.length - 1, target + half)
    let sum = 0
    for (let source = from; source <= to; source += 1)
      sum += (alive[source] ?? 0) * (KERNEL[source - target + half] ?? 0) * (END_WEIGHTS[source] ?? 1)
    next[target] = sum * STEP
  }
  return next
}

function integral(values: Float64Array): number {
  return STEP * values.reduce((sum, value, index) => sum + value * (END_WEIGHTS[index] ?? 1), 0)
}

function density(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI)
}
