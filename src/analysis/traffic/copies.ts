import type { ArmNames } from '../../domain/arm-names.ts'
import type { Exposure } from '../../domain/exposure.ts'
import { asSentence } from '../explain.ts'

/** A sentence about what the canary has shown, which says that it was asked by copies where it was. */
export function tellCopies(
  reason: string,
  { mirror, cohorts, tickets }: Exposure,
  { canary, stable }: ArmNames,
): string {
  if (mirror === undefined) return reason
  const isAlone = cohorts.length === 0 && tickets !== true
  const told = `; ${canary} was asked ${isAlone ? '' : 'partly '}by copies of GET and HEAD requests to ${stable}`
  return reason.endsWith(told) ? reason : `${asSentence(reason)}${told}`
}
