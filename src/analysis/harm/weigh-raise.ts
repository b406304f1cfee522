import type { ArmNames } from '../../domain/arm-names.ts'
import type { BudgetedRaise } from '../../domain/plan/actions.ts'
import type { RaiseProposal } from '../../domain/release/guard.ts'
import { formatWeight } from '../../domain/units.ts'
import { formatAtMost, formatCount, formatNumber, formatOdds, formatRatio } from '../explain.ts'
import { type HarmEvidence, priceOf, type RaisePrice, spentSoFar } from './harm.ts'

/**
 * Whether the next weight is affordable: what it costs at most on average must fit the budget by the evidence of every check that
 * counts failed requests. Both scale with stable's own failures, so a rush hour or an incident of both versions changes nothing.
 */
export function weighRaise(
  raise: BudgetedRaise,
  evidence: readonly HarmEvidence[],
  { canary, stable }: ArmNames,
): RaiseProposal {
  const { from, to, end = to, spend } = raise
  const price = dearestOf(evidence.map((seen) => priceOf(raise, seen)))
  const waits = `${formatWeight(to)} waits`
  if (price === null) {
    const reason = `${waits}: too few requests have failed to say what ${canary} costs at most`
    return { to, isAffordable: false, reason }
  }
  const isAffordable = price.average <= spend
  const times = formatRatio(price.ratio)
  const budget = `${isAffordable ? 'within' : 'over'} the budget of ${formatNumber(spend)}`
  const each = `for each of ${stable}'s`
  const soFar = describeSoFar(evidence)
  if (!isAffordable && price.logOdds < 0) {
    const seen = `what was seen is likelier if ${canary} fails ${times} as many requests as ${stable} than if it is as good`
    const atEnd = `${formatWeight(end)} would then cost ${formatAtMost(price.atEnd)} failed requests ${each}, ${budget}`
    return { to, isAffordable, reason: `${waits}: ${seen}; ${atEnd}${soFar}` }
  }
  const what = isAffordable ? `${formatWeight(from)} → ${formatWeight(to)}` : waits
  const average = `it costs at most ${formatAtMost(price.average)} failed requests ${each} on average, ${budget}`
  const dearest = `${formatAtMost(price.cost)} should ${canary} fail ${times} as many, at odds of ${formatOdds(price.logOdds)}`
  return { to, isAffordable, reason: `${what}: ${average}: ${dearest}${soFar}` }
}

/** Null where one of them, or there is none, bounds nothing. */
function dearestOf(prices: readonly (RaisePrice | null)[]): RaisePrice | null {
  let dearest: RaisePrice | null = null
  for (const price of prices) {
    if (price === null) return null
    if (dearest === null || price.average > dearest.average) dearest = price
  }
  return dearest
}

function describeSoFar(evidence: readonly HarmEvidence[]): string {
  const most = Math.max(...evidence.map((seen) => spentSoFar(seen) ?? Number.POSITIVE_INFINITY))
  return Number.isFinite(most) ? `; so far at most ${formatCount(Math.ceil(most))} failed that need not have` : ''
}
