import { ApplicationFailure } from '@temporalio/activity'
import { ApplicationFailureCategory } from '@temporalio/common'
import type { Milliseconds } from '../domain/units.ts'

/**
 * The failure with which an activity says "not yet, ask me again": it costs no history however often it comes, and holds
 * no place in a worker meanwhile.
 */
export function again(
  type: 'guard.goes-on' | 'keeper.goes-on' | 'release.open' | 'answer.waits' | 'stage.goes-on',
  text: string,
  delay: Milliseconds,
) {
  return ApplicationFailure.create({
    message: text,
    type,
    category: ApplicationFailureCategory.BENIGN,
    nextRetryDelay: Math.max(100, Math.round(delay)),
  })
}
