import type { CheckState } from '../analysis/checks/check-kind.ts'
import { comparesWithStable, needsCounts } from '../analysis/checks/needs.ts'
import { asSentence } from '../analysis/explain.ts'
import { startCheck, startProof, stepCheck, stepProof } from '../analysis/judges/check-judge.ts'
import type { ProofState } from '../analysis/judges/sequential/promotion-evidence.ts'
import { namesOf } from '../analysis/read-look.ts'
import { type AgainstPastState, claimsOf, judgeAgainstPast } from '../analysis/traffic/against-past.ts'
import { tellCopies } from '../analysis/traffic/copies.ts'
import type { StablePast } from '../analysis/traffic/past.ts'
import type { KnownOfStable } from '../analysis/traffic/usual.ts'
import { showsNothing } from '../analysis/traffic/watch-traffic.ts'
import type { ArmCounts, MetricResult, Observation } from '../domain/observation.ts'
import { type Check, type CheckInput, countsKeyOf } from '../domain/plan/checks.ts'
import type { GuardInput, GuardState, WatchedCheck } from '../domain/release/guard.ts'
import { FULL_WEIGHT, type Instant } from '../domain/units.ts'
import type { Verdict } from '../domain/verdict.ts'
import type { Observations, Readings } from './ask-sources.ts'
import { withConsequence } from './judge-consequence.ts'
import { judgeWarmUp } from './judge-warm-up.ts'
import type { Noises } from './read-noise.ts'
import type { Seasons } from './read-seasons.ts'

export const NOT_YET: Extract<Verdict, { outcome: 'inconclusive' }> = {
  outcome: 'inconclusive',
  cause: 'undecided',
  reason: 'no look at this exposure yet',
  evidence: { judge: 'none', figures: {} },
}

/** What stable has shown in this release, by metric source. */
export type StablePasts = Readonly<Record<string, StablePast>>

/** With everybody on the canary there is no stable to compare with: only what it has shown before. */
export function isAlone(check: Check, { exposure }: GuardInput): boolean {
  return exposure.weight === FULL_WEIGHT && comparesWithStable(check)
}

/** What stable has shown of what the check compares, or null when that is too little. */
export function pastOf(check: Check, state: Pick<GuardState, 'past' | 'seasons'> | null): KnownOfStable | null {
  const pasts = (state?.past ?? {}) as StablePasts
  const seasons = (state?.seasons ?? {}) as Seasons
  const key = countsKeyOf(check)
  const known = { past: pasts[key] ?? null, season: seasons[key] ?? null }
  return claimsOf(check, known) === null ? null : known
}

/** The verdict of a check that has nothing to compare with any more: what it has shown before, if that was a pass. */
export function verdictAlone(before: Verdict, input: GuardInput): Verdict {
  const { canary, stable } = namesOf(input)
  const nobody = `everybody is on ${canary}, so nobody is left on ${stable} to compare with`
  if (before.outcome !== 'pass') return { ...NOT_YET, reason: `${nobody}, and the check had not passed before` }
  // A second exposure at full weight has said so already.
  if (before.reason.startsWith(nobody)) return before
  return { ...before, reason: asSentence(`${nobody}; before: ${before.reason}`) }
}

/** Lets every check judge one look. */
export function judgeChecks(
  before: GuardState,
  observations: Observations,
  readings: Readings,
  input: GuardInput,
  at: Instant,
): GuardState['checks'] {
  const judged = input.checks.map((check): [string, WatchedCheck] => {
    const watched = before.checks[check.name] ?? { state: startCheck(check), verdict: NOT_YET }
    const asked = readings[check.name] ?? {}
    const found = judgeOne(check, watched, before, observations[countsKeyOf(check)], asked, input, at)
    const looked = needsCounts(check) ? sayingCopies(found, input) : found
    return [check.name, withConsequence(check, watched, looked, input, { at, lookedAt: before.lookedAt })]
  })
  return Object.fromEntries(judged)
}

/** A verdict that goes by requests says which of them were copies. */
function sayingCopies(watched: WatchedCheck, input: GuardInput): WatchedCheck {
  const { verdict } = watched
  if (verdict.evidence.judge === NOT_YET.evidence.judge) return watched
  const reason = tellCopies(verdict.reason, input.exposure, namesOf(input))
  return { ...watched, verdict: { ...verdict, reason } }
}

function judgeOne(
  check: Check,
  watched: WatchedCheck,
  before: GuardState,
  observation: Observation | undefined,
  readings: Readings[string],
  input: GuardInput,
  at: Instant,
): WatchedCheck {
  const past = isAlone(check, input) ? pastOf(check, before) : null
  if (isAlone(check, input) && past === null) {
    return watched.verdict === NOT_YET ? { ...watched, verdict: verdictAlone(NOT_YET, input) } : watched
  }
  if (observation !== undefined && needsCounts(check) && showsNothing(observation, input)) {
    return observation.cursor === null ? { ...watched, verdict: blindFrom(observation) } : watched
  }
  const nothing: MetricResult<ArmCounts> = { kind: 'noData', reason: 'this check asks queries only' }
  const { stable, canary, window } = observation ?? { stable: nothing, canary: nothing, window: { start: at, end: at } }
  const recorded = ((before.noises ?? {}) as Noises)[check.source] ?? null
  const shown: CheckInput = {
    ...{ at, window, stable, canary, readings, names: namesOf(input) },
    ...(recorded !== null && { recorded }),
  }
  const ofWarmUp = judgeWarmUp(check, watched, past, input, shown)
  if (ofWarmUp !== null) return ofWarmUp
  const { warmUp: _, ...warm } = watched
  return judgeWarm(check, warm, past, input, shown)
}

/** A look that counts: at both arms, or where there is only the past to compare with at the canary alone. */
function judgeWarm(
  check: Check,
  watched: WatchedCheck,
  past: KnownOfStable | null,
  input: GuardInput,
  shown: CheckInput,
): WatchedCheck {
  const state = watched.state as CheckState
  if (past !== null) {
    const full = (watched.full ?? null) as AgainstPastState | null
    const alone = judgeAgainstPast(check, state, full, past, shown)
    return alone === null ? watched : { ...watched, verdict: alone.verdict, full: alone.state }
  }
  const stepped = stepCheck(check, state, shown)
  if (!input.endsWhenProven) return stepped
  if (startProof(check).kind === 'none') return stepped
  const proof = stepProof(check, (watched.proof?.state as ProofState | undefined) ?? startProof(check), shown)
  return { ...stepped, proof }
}

function blindFrom({ canary, stable }: Observation): Verdict {
  const results = [canary, stable].flatMap((result) => (result.kind === 'value' ? [] : [result.reason]))
  return { ...NOT_YET, cause: 'blind', reason: asSentence(results[0] ?? 'the metric source has no starting point') }
}
