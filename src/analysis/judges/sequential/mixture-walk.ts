import { passage, type Walk } from '../../statistics/first-passage.ts'
import { logSumExp } from './wealth.ts'

/** What the bets of a mixture earn over a whole bake, in ln of wealth: a Gaussian vector. */
export interface Earnings {
  readonly mean: readonly number[]
  readonly covariance: readonly (readonly number[])[]
}

/** A walk that is never above ln of the mean wealth, once the barrier is raised by what the mixture costs. */
interface MixWalk {
  readonly walk: Walk
  readonly barrier: number
}

const MOST_ROUNDS = 12
const SETTLED = 1e-4

/**
 * The mix of bets whose walk is the likeliest to pass.
 *
 * For all weights r (sum 1): ln Σ w·exp(W) ≥ Σ r·W − KL(r‖w). So the mean wealth is over exp(b) as soon as the walk Σ r·W is
 * over b + KL(r‖w), and the likeliest r gives the best lower bound. It is looked for among the single bets, and from the
 * best of them by the fixed point of the design point: r = softmax(ln w + W) at the likeliest W on the barrier.
 *
 * Source: Gibbs' variational principle; Hasofer–Lind–Rackwitz–Fiessler iteration of first-order reliability.
 */
export function likeliestMix(
  earnings: Earnings,
  logWeights: readonly number[],
  barrier: number,
  looks: number,
): MixWalk {
  const { mean, covariance } = earnings
  const candidate = (drift: number, variance: number, cost: number): Candidate => {
    const walk = { drift, variance: Math.max(0, variance), looks }
    return { walk, barrier: barrier + cost, chance: passage(walk, barrier + cost) }
  }
  let best: Candidate | null = null
  let start = 0
  for (const [bet, log] of logWeights.entries()) {
    const single = candidate(mean[bet] ?? 0, covariance[bet]?.[bet] ?? 0, -log)
    if (best !== null && single.chance <= best.chance) continue
    best = single
    start = bet
  }
  let last = best ?? candidate(0, 0, 0)
  let spread = covariance[start] ?? []
  for (let round = 0; round < MOST_ROUNDS && last.walk.variance > 0; round += 1) {
    const far = (last.barrier - last.walk.drift) / last.walk.variance
    const mix = softmax(logWeights.map((log, bet) => log + (mean[bet] ?? 0) + far * (spread[bet] ?? 0)))
    spread = covariance.map((row) => dot(row, mix))
    const next = candidate(dot(mix, mean), dot(mix, spread), divergence(mix, logWeights))
    const isSettled = Math.abs(next.chance - last.chance) < SETTLED
    if (best === null || next.chance > best.chance) best = next
    if (isSettled) break
    last = next
  }
  return best ?? last
}

interface Candidate extends MixWalk {
  readonly chance: number
}

/** KL(r‖w) = Σ r·ln(r/w). */
function divergence(mix: readonly number[], logWeights: readonly number[]): number {
  return mix.reduce((sum, part, bet) => (part > 0 ? sum + part * (Math.log(part) - (logWeights[bet] ?? 0)) : sum), 0)
}

function softmax(logs: readonly number[]): readonly number[] {
  const total = logSumExp(logs)
  return logs.map((log) => Math.exp(log - total))
}

function dot(left: readonly number[], right: readonly number[]): number {
  let sum = 0
  for (let index = 0; index < left.length; index += 1) sum += (left[index] ?? 0) * (right[index] ?? 0)
  return sum
}
