import type { Action, ExposeAction } from '../plan/actions.ts'
import type { Check } from '../plan/checks.ts'
import { longestWarmUp, usualWarmUp } from '../plan/plan-warm-up.ts'
import { type BasisPoints, FULL_WEIGHT, type Milliseconds } from '../units.ts'

/** What of a plan says how long who has the version. */
interface Staged {
  readonly actions: readonly Action[]
  readonly checks: readonly Check[]
  readonly interval: Milliseconds
}

/** A weight between 0% and 100% that a plan goes through. */
interface Stage {
  readonly weight: BasisPoints
  /** The plan's step that sets it, from 1. */
  readonly step: number
  /** How long it is held for certain. */
  readonly held: Milliseconds
}

/** The weights between 0% and 100% that a plan goes through, in order. */
export function stagesOf(plan: Staged): readonly Stage[] {
  const stages: Stage[] = []
  for (const { exposed, held } of heldExposures(plan)) {
    const { step } = exposed
    const { weight } = exposed.exposure
    if (weight === 0 || weight >= FULL_WEIGHT) continue
    const last = stages.at(-1)
    if (last?.weight === weight) stages[stages.length - 1] = { ...last, held: last.held + held }
    else stages.push({ weight, step, held })
  }
  return stages
}

/**
 * Each exposure with how long it is held for certain: a bake that may end once proven may end at once, and a warm-up that is
 * longer than plans usually have keeps the checks from seeing what the bake is for.
 */
function heldExposures({ actions, checks, interval }: Staged) {
  return actions.flatMap((exposed, index) => {
    if (exposed.kind !== 'expose') return []
    const next = actions.findIndex((later, at) => at > index && later.kind === 'expose')
    const waits = actions.slice(index + 1, next === -1 ? undefined : next)
    return [{ exposed, held: Math.max(0, certainTime(waits) - unusualWarmUp(exposed, waits, { checks, interval })) }]
  })
}

function certainTime(waits: readonly Action[]): Milliseconds {
  return waits.reduce((sum, wait) => sum + (wait.kind === 'bake' && wait.until === 'proven' ? 0 : lengthOf(wait)), 0)
}

function unusualWarmUp(
  exposed: ExposeAction,
  waits: readonly Action[],
  { checks, interval }: Pick<Staged, 'checks' | 'interval'>,
): Milliseconds {
  const watching = [...checks, ...waits.flatMap((wait) => (wait.kind === 'judge' ? wait.checks : []))]
  const whole = waits.reduce((sum, wait) => sum + lengthOf(wait), 0)
  return Math.max(0, longestWarmUp(watching, exposed) - usualWarmUp(whole, interval))
}

function lengthOf(action: Action): Milliseconds {
  return action.kind === 'bake' || action.kind === 'judge' ? action.duration : 0
}
