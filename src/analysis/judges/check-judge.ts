import type { Check, CheckInput } from '../../domain/plan/checks.ts'
import type { CheckState, CheckStep } from '../checks/check-kind.ts'
import { kindOf } from '../checks/index.ts'
import { knownTo } from '../checks/needs.ts'
import { asSentence } from '../explain.ts'
import type { ProofState, ProofStep } from './sequential/promotion-evidence.ts'
import type { WeighedStep } from './weighed-step.ts'

/** The state of a check before the first look of a release. */
export function startCheck(check: Check): CheckState {
  return kindOf(check).start(check)
}

/**
 * One look of a check: a pure function that never throws, whatever the input. Missing or impossible data never passes
 * and never fails. A state of another kind of check than this one is replaced by a fresh one. The reason is one line of
 * bounded length, whatever a metric source had to say.
 */
export function stepCheck(check: Check, state: CheckState, input: CheckInput): CheckStep {
  const { state: next, tell } = kindOf(check).step(check, state, knownTo(check, input))
  const verdict = tell()
  return { state: next, verdict: { ...verdict, reason: asSentence(verdict.reason) } }
}

/** The same look without its words, which take most of its time: for replays, which read none. */
export function weighCheck(
  check: Check,
  state: CheckState,
  input: CheckInput,
): Pick<WeighedStep<CheckState>, 'state' | 'outcome'> {
  const { state: next, outcome } = kindOf(check).step(check, state, knownTo(check, input))
  return { state: next, outcome }
}

/**
 * The state to go on with when the exposure changes: requests are counted afresh, so that "enough requests" and the
 * sentence are about the new exposure, while the evidence (and with it the one error budget of the release) stays, as
 * do the breaches of a limit.
 */
export function enterExposure(check: Check, state: CheckState): CheckState {
  return kindOf(check).enter(state)
}

/** The state of a check's proof before the first look. Kinds of check without a sequential rule can never be proven. */
export function startProof(check: Check): ProofState {
  return kindOf(check).proof(check)?.start() ?? { kind: 'none' }
}

/** One look at whether the canary is SHOWN to be within what the check accepts; see `promotion-evidence.ts`. */
export function stepProof(check: Check, state: ProofState, shown: CheckInput): ProofStep {
  const step = kindOf(check).proof(check)?.step(state, knownTo(check, shown)) ?? null
  if (step !== null) return step
  const reason = `the check ${check.name} compares nothing with stable: only the full bake can show that all is well`
  return { state, isProven: false, reason }
}
