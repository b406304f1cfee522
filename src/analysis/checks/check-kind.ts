import { SluiceError } from '../../domain/errors.ts'
import type { MissingParts } from '../../domain/observation.ts'
import type { CheckForm, CheckReading, FinalAnswer } from '../../domain/plan/check-form.ts'
import type { Check, CheckInput } from '../../domain/plan/checks.ts'
import type { Verdict } from '../../domain/verdict.ts'
import type { Counting } from '../calibration/counting.ts'
import type { HarmEvidence } from '../harm/harm.ts'
import type { Proof } from '../judges/sequential/promotion-evidence.ts'
import type { WeighedStep } from '../judges/weighed-step.ts'
import type { CheckPower } from '../power/check-power.ts'
import type { PastClaims } from '../traffic/past-claims.ts'
import type { KnownOfStable } from '../traffic/usual.ts'

/** What a check remembers between looks. Plain JSON, tagged: it travels in heartbeats and survives restarts. */
export interface CheckState {
  readonly kind: string
}

/** The state of a check after a look, and its answer at that look. */
export interface CheckStep<State extends CheckState = CheckState> {
  readonly state: State
  readonly verdict: Verdict
}

/** How sure a check is that the canary is worse, as ln of its e-value: at the strongest look so far, and now. */
export interface HeldEvidence {
  readonly strongest: number
  readonly now: number
}

/** What a judge that weighs nothing is sure of. */
export const NO_EVIDENCE: HeldEvidence = { strongest: 0, now: 0 }

/** How one kind of check is written: see {@link defineCheck}. */
interface CheckDefinition<Own extends Check, State extends CheckState> {
  /** The key that names the kind in a plan. */
  readonly kind: Own['kind']
  /** One sentence for the docs table. */
  readonly summary: string
  readonly reading: CheckReading<Own>
  /** What the check asks, in one line. */
  readonly question: (check: Own) => string
  readonly comparesWithStable: (check: Own) => boolean
  /** True for a kind with a beginning of its own, such as a delay. Left out: the plan's warm-up is its warm-up. */
  readonly warmsUpByItself?: boolean
  /** Probability of a false alarm over the release, or null. Left out: the kind controls none. */
  readonly alpha?: (check: Own) => number | null
  /** For a check that answers only at its end. */
  readonly finalAnswer?: (check: Own) => FinalAnswer
  /** The queries to ask at each look, by key. Left out: the check is judged from the counts of both arms. */
  readonly queries?: (check: Own) => Readonly<Record<string, string>>
  /** Why the part of the counts that the check needs is not known. Left out: it needs the requests alone. */
  readonly missing?: (check: Own, parts: MissingParts) => string | undefined
  /** The tags of the states that its judges leave behind. */
  readonly states: readonly State['kind'][]
  readonly start: (check: Own) => State
  /** One look: pure, and never throws, whatever the input. Missing or impossible data never passes and never fails. */
  readonly step: (check: Own, state: State, input: CheckInput) => CheckStep<State> | WeighedStep<State>
  /** The state to go on with at a new exposure. Left out: the same. */
  readonly enter?: (state: State) => State
  /** Left out: the judge weighs no evidence. */
  readonly evidence?: (state: State) => HeldEvidence
  /** How well the check sees a bad canary, or what can be said instead. Left out: that there is no figure. */
  readonly power?: (check: Own) => CheckPower
  /** The mirror of the check, which shows that a canary is good enough; null when it can show nothing. */
  readonly proof?: (check: Own) => Proof | null
  /** What is asked of a canary that everybody is on, or null when too little is known of stable. Left out: nothing. */
  readonly pastClaims?: (check: Own, known: KnownOfStable) => PastClaims | null
  /** What its judge has seen of failed requests; null for a check that bounds no harm. Left out: no check of this kind does. */
  readonly harm?: (check: Own) => ((state: State) => HarmEvidence | null) | null
  /** How the past of stable is replayed for the check. Left out: it is not. */
  readonly calibrate?: (check: Own) => Counting
}

/** One kind of check, with everything that anybody needs to know of it. */
export interface CheckKind<Own extends Check = Check> extends CheckForm {
  readonly kind: Own['kind']
  /** The check as one of this kind; null when it is of another. */
  readonly own: (check: Check) => Own | null
  /** True when such checks are judged from the counts of both arms. */
  readonly needsCounts: boolean
  readonly queries: (check: Check) => Readonly<Record<string, string>>
  readonly missing: (check: Check, parts: MissingParts) => string | undefined
  readonly start: (check: Check) => CheckState
  /** A state that is not one of this kind is replaced by a fresh one. */
  readonly step: (check: Check, state: CheckState, input: CheckInput) => WeighedStep<CheckState>
  readonly enter: (state: CheckState) => CheckState
  readonly evidence: (state: CheckState) => HeldEvidence
  readonly power: (check: Check) => CheckPower
  readonly proof: (check: Check) => Proof | null
  readonly pastClaims: (check: Check, known: KnownOfStable) => PastClaims | null
  readonly harm: (check: Check, state: CheckState) => HarmEvidence | null
  readonly calibrate: (check: Check) => Counting | null
}

const NO_FIGURE: CheckPower = { words: () => ({ text: 'there is no figure for it', isWeak: false }) }

/**
 * One kind of check, its shape and its state hidden, so that kinds can stand in one list. Adding one is a file that exports
 * a definition, and a line in `index.ts`; plans, the guard, the power and the calibration ask the list.
 */
export function defineCheck<Own extends Check, State extends CheckState>(
  definition: CheckDefinition<Own, State>,
): CheckKind<Own> {
  const { kind, summary, reading, queries, states, start, step } = definition
  const isOwn = (check: Check): check is Own => check.kind === kind
  const isOwnState = (state: CheckState): state is State => states.includes(state.kind)
  const mine = (check: Check): Own => (isOwn(check) ? check : refuse(check, kind))
  return {
    ...{ kind, summary, ...reading, needsCounts: queries === undefined },
    warmsUpByItself: definition.warmsUpByItself ?? false,
    own: (check) => (isOwn(check) ? check : null),
    question: (check) => definition.question(mine(check)),
    comparesWithStable: (check) => definition.comparesWithStable(mine(check)),
    alpha: (check) => definition.alpha?.(mine(check)) ?? null,
    finalAnswer: (check) => definition.finalAnswer?.(mine(check)) ?? null,
    queries: (check) => queries?.(mine(check)) ?? {},
    missing: (check, parts) => definition.missing?.(mine(check), parts),
    start: (check) => start(mine(check)),
    step(check, state, input) {
      const own = mine(check)
      return weighed(step(own, isOwnState(state) ? state : start(own), input))
    },
    enter: (state) => (isOwnState(state) ? (definition.enter?.(state) ?? state) : state),
    evidence: (state) => (isOwnState(state) ? (definition.evidence?.(state) ?? NO_EVIDENCE) : NO_EVIDENCE),
    power: (check) => definition.power?.(mine(check)) ?? NO_FIGURE,
    proof: (check) => definition.proof?.(mine(check)) ?? null,
    pastClaims: (check, known) => definition.pastClaims?.(mine(check), known) ?? null,
    boundsHarm: (check) => (definition.harm?.(mine(check)) ?? null) !== null,
    harm: (check, state) => (isOwnState(state) ? (definition.harm?.(mine(check))?.(state) ?? null) : null),
    calibrate: (check) => definition.calibrate?.(mine(check)) ?? null,
  }
}

function weighed(step: CheckStep | WeighedStep<CheckState>): WeighedStep<CheckState> {
  if ('tell' in step) return step
  const { state, verdict } = step
  return { state, outcome: verdict.outcome, tell: () => verdict }
}

function refuse(check: Check, kind: string): never {
  throw new SluiceError('internal', {
    message: `the check ${check.name} was handed to another kind of check`,
    expected: kind,
    received: check.kind,
  })
}
