import type { FlagReach } from '../../domain/flag-reach.ts'
import { FULL_WEIGHT } from '../../domain/units.ts'
import { type Edge, findEdge, type Probe, probesFor } from '../proof.ts'
import { ON } from './definitions.ts'
import { createEvaluator } from './evaluation.ts'

const MOST_KEPT = 500
const edges = new Map<string, Promise<Edge>>()

/** Finding a user of a bucket takes ten thousand evaluations, so those that were found are kept for the next look. */
export async function probesOf(flag: string, reach: FlagReach): Promise<readonly Probe[]> {
  const nobody = { user: null, cohort: null, isOn: reach.weight === FULL_WEIGHT }
  return [nobody, ...probesFor(reach, await edgeOf(flag, reach.weight))]
}

function edgeOf(flag: string, weight: number): Promise<Edge> {
  const key = `${flag} ${weight}`
  const found = edges.get(key) ?? evaluateEdge(flag, weight)
  edges.set(key, found)
  const [oldest] = edges.keys()
  if (edges.size > MOST_KEPT && oldest !== undefined) edges.delete(oldest)
  return found
}

/** flagd's own evaluator says to which of ten thousand buckets a user belongs, of which one is asked for each time. */
async function evaluateEdge(flag: string, weight: number): Promise<Edge> {
  const [last, first] = [Math.max(0, weight - 1), Math.min(FULL_WEIGHT, weight + 1)]
  const shares = [
    ['below', last],
    [ON, weight - last],
    ['above', first - weight],
    ['far', FULL_WEIGHT - first],
  ]
  const variants = Object.fromEntries(shares.map(([name], index) => [name, index]))
  const definition = { state: 'ENABLED', variants, defaultVariant: 'far', targeting: { fractional: shares } }
  const evaluator = await createEvaluator({ [flag]: definition })
  const buckets: Readonly<Record<string, number>> = { [ON]: weight - 1, above: weight }
  return findEdge(weight, FULL_WEIGHT, (user) => {
    const answer = evaluator.one(flag, { targetingKey: user })
    return answer !== null && 'variant' in answer ? (buckets[answer.variant] ?? Number.NaN) : Number.NaN
  })
}
