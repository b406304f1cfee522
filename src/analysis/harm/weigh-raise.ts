import type { ArmNames } from '../../domain/arm-names.ts'
import type { BudgetedRaise } from '../../domain/plan/actions.ts'
import type { RaiseProposal } from '../../domain/release/guard.ts'
import { formatPercent, formatWeight } from '../../domain/units.ts'
import { formatAtMost, formatCount, formatNumber } from '../explain.ts'
import { SURE } from '../judges/sequential/rate-outlook.ts'
import { type Harm, type HarmEvidence, harmOf, spentAt } from './harm.ts'

/**
 * Whether the next weight is affordable: the upper bound of what it may cost must fit the budget by the evidence of every check
 * that counts failed requests. Both scale with stable's own failures, so a rush hour or an incident of both versions changes
 * nothing.
 */
export function weighRaise(
  { from, to, spend }: BudgetedRaise,
  evidence: readonly HarmEvidence[],
  { canary, stable }: ArmNames,
): RaiseProposal {
  const worst = worstOf(evidence.map(harmOf))
  if (worst === null) {
    const unknown = `too few requests have failed to say what ${canary} may cost at most`
    return { to, isAffordable: false, reason: `${formatWeight(to)} waits: ${unknown}` }
  }
  const cost = spentAt(to, worst)
  const isAffordable = cost <= spend
  const what = isAffordable ? `${formatWeight(from)} → ${formatWeight(to)}` : `${formatWeight(to)} waits`
  const bound = `${canary} fails at most ${formatAtMost(worst.ratioAtMost)} times as many requests as ${stable} (${formatPercent(SURE, 2)} sure at every look)`
  const price = `${formatWeight(to)} then costs at most ${formatAtMost(cost)} failed requests for each of ${stable}'s`
  const budget = `${isAffordable ? 'within' : 'over'} the budget of ${formatNumber(spend)}`
  const soFar = `so far at most ${formatCount(Math.ceil(worst.soFar))} failed that need not have`
  return { to, isAffordable, reason: `${what}: ${bound}; ${price}, ${budget}; ${soFar}` }
}

/** The largest; null where one of them, or there is none, bounds nothing. */
function worstOf(harms: readonly (Harm | null)[]): Harm | null {
  let worst: Harm | null = null
  for (const harm of harms) {
    if (harm === null) return null
    if (worst === null || harm.ratioAtMost > worst.ratioAtMost) worst = harm
  }
  return worst === null ? null : { ...worst, soFar: Math.max(...harms.map((harm) => harm?.soFar ?? 0)) }
}
