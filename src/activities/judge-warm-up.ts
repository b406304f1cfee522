import type { CheckState } from '../analysis/checks/check-kind.ts'
import { asSentence } from '../analysis/explain.ts'
import { startCheck, stepCheck } from '../analysis/judges/check-judge.ts'
import { namesOf } from '../analysis/read-look.ts'
import { type AgainstPastState, judgeAgainstPast } from '../analysis/traffic/against-past.ts'
import type { KnownOfStable } from '../analysis/traffic/usual.ts'
import type { Check, CheckInput } from '../domain/plan/checks.ts'
import { warmUpOf } from '../domain/plan/plan-warm-up.ts'
import type { GuardInput, WatchedCheck } from '../domain/release/guard.ts'
import { formatDuration, type Milliseconds } from '../domain/units.ts'
import type { Verdict } from '../domain/verdict.ts'

const SECOND: Milliseconds = 1_000

/**
 * A look that begins while the canary warms up: it leaves the check's evidence as it is, and is told with what a check that
 * had begun with the exposure would say. Null for a look that counts. Data that is missing is missing now as ever.
 */
export function judgeWarmUp(
  check: Check,
  watched: WatchedCheck,
  past: KnownOfStable | null,
  input: GuardInput,
  shown: CheckInput,
): WatchedCheck | null {
  const until = input.exposedAt + warmUpOf(check, input)
  if (shown.window.start >= until) return null
  const { verdict, warmUp } = glance(check, watched, past, shown)
  const isBlind = verdict.outcome === 'inconclusive' && verdict.cause === 'blind'
  return { ...watched, warmUp, verdict: isBlind ? verdict : warmingUp(verdict, until - shown.at, shown) }
}

/** What the check would say of this exposure alone. After a failure, which would stay, it looks afresh. */
function glance(
  check: Check,
  watched: WatchedCheck,
  past: KnownOfStable | null,
  shown: CheckInput,
): { readonly verdict: Verdict; readonly warmUp: NonNullable<WatchedCheck['warmUp']> } {
  const known = watched.warmUp ?? { state: startCheck(check) }
  const state = known.state as CheckState
  if (past !== null) {
    const full = (known.full ?? null) as AgainstPastState | null
    const alone = judgeAgainstPast(check, startCheck(check), full, past, shown)
    if (alone === null) return { verdict: watched.verdict, warmUp: known }
    const isFailed = alone.verdict.outcome === 'fail'
    return { verdict: alone.verdict, warmUp: { state, ...(!isFailed && { full: alone.state }) } }
  }
  const stepped = stepCheck(check, state, shown)
  const isFailed = stepped.verdict.outcome === 'fail'
  return { verdict: stepped.verdict, warmUp: { state: isFailed ? startCheck(check) : stepped.state } }
}

/** `2.4.0 warms up for 40s more and is not judged yet; meanwhile: errors 2.5% on 2.4.0 against …`. */
function warmingUp({ reason, evidence }: Verdict, left: Milliseconds, shown: CheckInput): Verdict {
  const more = left > 0 ? ` for ${formatDuration(Math.ceil(left / SECOND) * SECOND)} more` : ' until the next look'
  const said = `${namesOf(shown).canary} warms up${more} and is not judged yet; meanwhile: ${reason}`
  return { outcome: 'inconclusive', cause: 'undecided', reason: asSentence(said), evidence }
}
