import { asSentence } from '../analysis/explain.ts'
import { startCheck } from '../analysis/judges/check-judge.ts'
import { evidenceStart } from '../analysis/traffic/watch-traffic.ts'
import type { Check } from '../domain/plan/checks.ts'
import { blindnessOf } from '../domain/plan/consequences.ts'
import type { GuardInput, WatchedCheck } from '../domain/release/guard.ts'
import { stepTrouble, type Trouble, troubleWords } from '../domain/release/trouble.ts'
import { formatDuration, type Instant } from '../domain/units.ts'
import type { Verdict } from '../domain/verdict.ts'

/** When this look is made, and when the one before it was. */
interface LookTimes {
  readonly at: Instant
  readonly lookedAt: Instant
}

/**
 * What a look means for a check with a consequence of its own. A judge that has failed stays so for ever: one that holds or
 * warns begins anew with each failure, and its trouble lasts until it has passed again for long enough. A look that showed
 * nothing leaves everything as it was.
 */
export function withConsequence(
  check: Check,
  before: WatchedCheck,
  looked: WatchedCheck,
  input: GuardInput,
  times: LookTimes,
): WatchedCheck {
  if (looked.verdict === before.verdict) return looked
  const seen = blindnessOf(check) === null ? looked : withBlindness(before, looked, times)
  const { onFail } = check
  if (onFail !== 'hold' && onFail !== 'warn') return seen
  const { at } = times
  const { verdict } = seen
  const look = { at, verdict, evidenceFrom: before.freshFrom ?? evidenceStart(input), interval: input.interval }
  const trouble = stepTrouble(before.trouble ?? null, look)
  const { trouble: _, ...rest } = verdict.outcome === 'fail' ? beginAnew(check, seen, at) : seen
  return trouble === null ? rest : { ...rest, trouble, verdict: troubled(verdict, trouble, onFail, at, input) }
}

/** Since when a check cannot see that says itself what that does: a blind look says nothing of the time before it. */
function withBlindness(before: WatchedCheck, looked: WatchedCheck, { lookedAt }: LookTimes): WatchedCheck {
  const { blindSince: _, ...seeing } = looked
  const { verdict } = looked
  const isBlind = verdict.outcome === 'inconclusive' && verdict.cause === 'blind'
  return isBlind ? { ...seeing, blindSince: before.blindSince ?? lookedAt } : seeing
}

function beginAnew(check: Check, { verdict }: WatchedCheck, at: Instant): WatchedCheck {
  return { state: startCheck(check), verdict, freshFrom: at }
}

/** As long as it lasts the check counts as failed, with what it said then and what it says now. */
function troubled(
  now: Verdict,
  trouble: Trouble,
  only: 'hold' | 'warn',
  at: Instant,
  { interval }: GuardInput,
): Verdict {
  const { since, reason } = trouble
  const lasted = `failed ${formatDuration(at - since)} ago, ${troubleWords(trouble, at, interval)}`
  const said = since === at ? reason : `${lasted}; then: ${reason}; now: ${now.reason}`
  return { outcome: 'fail', only, reason: asSentence(said), evidence: now.evidence }
}
