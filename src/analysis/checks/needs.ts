import type { ArmCounts, MetricResult } from '../../domain/observation.ts'
import type { Check, CheckInput } from '../../domain/plan/checks.ts'
import { kindOf } from './index.ts'

/** The queries a check needs asked at each look, by key. */
export function queriesOf(check: Check): Readonly<Record<string, string>> {
  return kindOf(check).queries(check)
}

/** True when the check is judged from the counts of both arms. */
export function needsCounts(check: Check): boolean {
  return kindOf(check).needsCounts
}

/** True when the check compares the canary with stable at the same time, so that it needs traffic on both. */
export function comparesWithStable(check: Check): boolean {
  return kindOf(check).comparesWithStable(check)
}

/**
 * What a look shows this check: an arm without the part of the counts that the check needs is no data to it, with the
 * reason that the source gave. So one broken part blinds only the checks that need it.
 */
export function knownTo(check: Check, input: CheckInput): CheckInput {
  if (!needsCounts(check)) return input
  return { ...input, stable: knownArm(check, input.stable), canary: knownArm(check, input.canary) }
}

function knownArm(check: Check, arm: MetricResult<ArmCounts>): MetricResult<ArmCounts> {
  if (arm.kind !== 'value') return arm
  const reason = missingFor(check, arm.value)
  return reason === undefined ? arm : { kind: 'noData', reason }
}

/** Why the part of the counts that this check needs is not known; undefined when it is. */
export function missingFor(check: Check, { missing = {} }: ArmCounts): string | undefined {
  return kindOf(check).missing(check, missing)
}
