import type { Check } from '../../domain/plan/checks.ts'
import type { WatchedCheck } from '../../domain/release/guard.ts'
import type { CheckState } from '../checks/check-kind.ts'
import { kindOf } from '../checks/index.ts'
import { type HarmEvidence, NOTHING_SEEN } from './harm.ts'

/** What these checks have seen of failed requests; one that could say, and has not looked yet, has seen nothing. */
export function harmEvidence(
  checks: readonly Check[],
  watched: Readonly<Record<string, Pick<WatchedCheck, 'state'>>>,
): readonly HarmEvidence[] {
  return checks
    .filter((check) => kindOf(check).boundsHarm(check))
    .map((check) => {
      const state = watched[check.name]?.state
      return (state === undefined ? null : kindOf(check).harm(check, state as CheckState)) ?? NOTHING_SEEN
    })
}
