import { exposureText } from '../exposure-words.ts'
import { type FlagReaches, reachText } from '../flag-reach.ts'
import type { LaneView } from '../lane/lane-view.ts'
import type { Plan } from '../plan/plan.ts'
import type { ReadinessAnswers } from '../readiness/answers.ts'
import type { BasisPoints, Instant, Milliseconds } from '../units.ts'
import type { Outcome, Verdict } from '../verdict.ts'
import { bakeRemaining } from './bake-clock.ts'
import { openVerbs } from './commands.ts'
import { type GuardState, type SeriesPoint, verdictsOf } from './guard.ts'
import { entryText, heldWords, type LedgerEntry } from './ledger.ts'
import { markOf, phaseText, reasonOf, weakestOutcome } from './release-details.ts'
import { isEnded, isWatching, type ReleaseState } from './release-state.ts'
import type { RollbackSeen } from './release-words.ts'
import type { CommandVerb } from './verbs.ts'
import { checksAt, warmsUpUntil } from './warm-up.ts'

/**
 * The one view of a release that Slack, HTTP, CLI, page and terminal render: everything a person wants to know, nothing
 * they would have to compute. Plain JSON.
 */
export interface ReleaseCard {
  readonly releaseId: string
  readonly service: string
  readonly environment: string
  readonly version: string
  /** The version that is on stable meanwhile; null when nobody knows, absent in cards of an older server or worker. */
  readonly replaces?: string | null | undefined
  readonly author: string
  /** `baking`, `paused (baking)`, `promoted` … */
  readonly phase: string
  readonly isEnded: boolean
  /** Share on the canary as read back last. */
  readonly weight: BasisPoints
  readonly cohorts: readonly string[]
  /** Feature flags that the release has set, each in words: `new-checkout on`; absent as long as it has set none. */
  readonly flags?: readonly string[]
  /** Present where no router splits the users: weight and cohorts are those of the flags. */
  readonly byFlags?: true
  /** Present while who has a try-it ticket is on the canary. */
  readonly tickets?: true
  /** Share of stable's requests of which the canary gets copies; absent while it gets none. */
  readonly mirror?: BasisPoints
  /** The plan's step that runs, from 1; what a command is meant for. */
  readonly step: number
  readonly steps: readonly { readonly number: number; readonly label: string; readonly mark: string }[]
  /** Why it is paused, held by a check or rolling back, or what it waits for; null for none of these. */
  readonly reason: string | null
  readonly outcome: Outcome | 'none'
  readonly verdicts: readonly VerdictRow[]
  /** What is worth knowing but no reason to stop, one sentence each; absent in cards of an older server or worker. */
  readonly notices?: readonly string[]
  /** When checks failed that hold or warn, oldest first; absent as long as none has. */
  readonly ledger?: readonly LedgerRow[]
  /** What the checklist was answered with last, and for which plan and configuration; absent where the plan has not asked. */
  readonly readiness?: ReadinessAnswers
  readonly approval: {
    readonly by: string
    readonly need: number
    readonly given: readonly string[]
    readonly deadline: Instant
  } | null
  /** What is left of the bake, or null when none runs. */
  readonly bakeRemaining: Milliseconds | null
  readonly bakeDuration: Milliseconds | null
  /** Until when the canary warms up, so that no check counts; null when it does not, absent in cards of an older server. */
  readonly warmsUpUntil?: Instant | null
  /** When the window opens that it waits for; null when it waits for none or nobody knows, absent in older cards. */
  readonly opensAt?: Instant | null
  /** Until when a release that has ended watches what it promoted; null when it does not, absent in older cards. */
  readonly watchedUntil?: Instant | null
  /** Commands that would be taken now. */
  readonly verbs: readonly CommandVerb[]
  readonly startedAt: Instant
  readonly endedAt: Instant | null
  /** The last look of the guard, or null before the first. */
  readonly latest: SeriesPoint | null
  readonly repairs: number
  /**
   * How a rollback gets on that has not been read back yet: why, how often it was tried, and what was live when the router
   * was last read. Null while none is tried in vain; absent in cards of an older server.
   */
  readonly rollback?: RollbackSeen | null
  readonly trail: readonly { readonly at: Instant; readonly text: string }[]
}

/** One entry of the ledger with its sentence. */
type LedgerRow = LedgerEntry & { readonly text: string }

/** The answer of one check, as views show it. */
interface VerdictRow {
  readonly check: string
  readonly outcome: Outcome
  readonly reason: string
  /** The numbers behind it by name; absent in cards of an older server or worker. */
  readonly figures?: Readonly<Record<string, number>>
}

interface CardSource {
  readonly plan: Plan
  readonly version: string
  readonly replaces?: string | null | undefined
  readonly author: { readonly person: string }
  readonly startedAt: Instant
}

/** Draws up the card at `now`. `guard` is what the running guard knows, fresher than the state, or null. */
export function releaseCard(
  source: CardSource,
  state: ReleaseState,
  guard: GuardState | null,
  now: Instant,
): ReleaseCard {
  const { plan } = source
  const isOver = guard === null || (state.endedAt !== null && !isWatching(state))
  const verdicts = isOver ? state.verdicts : { ...state.verdicts, ...verdictsOf(guard) }
  return {
    ...{ releaseId: state.releaseId, service: plan.service, environment: plan.environment },
    ...{ version: source.version, replaces: source.replaces ?? null },
    ...{ author: source.author.person, startedAt: source.startedAt },
    ...{ phase: phaseText(state), weight: state.live.weight, cohorts: state.live.cohorts, step: state.step },
    ...(state.live.flags !== undefined && { flags: flagWords(state.live.flags) }),
    ...(state.live.byFlags === true && { byFlags: true as const }),
    ...{ repairs: guard?.repairCount ?? state.repairs, endedAt: state.endedAt },
    ...(state.live.tickets === true && { tickets: true as const }),
    ...(state.live.mirror !== undefined && { mirror: state.live.mirror }),
    isEnded: state.endedAt !== null,
    steps: plan.steps.map(({ label }, index) => ({ number: index + 1, label, mark: markOf(index + 1, state) })),
    reason: reasonOf(state) ?? heldWords(state) ?? watchWords(state),
    outcome: weakestOutcome(verdicts),
    verdicts: Object.entries(verdicts).map(verdictRow),
    notices: (isOver ? state.notices : guard.notices) ?? [],
    ...(state.ledger !== undefined && { ledger: state.ledger.map(ledgerRow) }),
    ...(state.readiness !== undefined && { readiness: state.readiness }),
    approval: approvalOf(state),
    bakeRemaining: state.bake === null ? null : bakeRemaining(state.bake, now),
    bakeDuration: state.bake?.duration ?? null,
    warmsUpUntil: warmUpAt(source, state, now),
    opensAt: state.gate?.opensAt ?? null,
    watchedUntil: isWatching(state) ? (state.watching?.until ?? null) : null,
    verbs: openVerbs(state),
    latest: guard?.series.at(-1) ?? null,
    rollback: rollbackOf(state),
    trail: state.trail.map(({ at, text }) => ({ at, text })),
  }
}

/**
 * The card of a release whose workflow was ended from outside before it had ended itself. Nobody of it is at work any more:
 * what the router shows since is the lane's to say.
 */
export function goneCard(card: ReleaseCard, { keeper }: Pick<LaneView, 'keeper'>): ReleaseCard {
  const isBack = keeper.state !== 'recovering'
  const { mirror: _, tickets: __, ...stripped } = card
  return {
    ...(isBack ? stripped : card),
    ...{ phase: 'gone', isEnded: isBack, reason: `its workflow was ended in Temporal; ${keeper.text}` },
    ...(isBack && { weight: 0, cohorts: [] }),
    ...{ approval: null, bakeRemaining: null, bakeDuration: null, warmsUpUntil: null, verbs: [] },
  }
}

/** What failed in a watch after the promotion; null when nothing did. */
function watchWords({ watching }: ReleaseState): string | null {
  const { ended = null, told = [] } = watching ?? {}
  if (told.length === 0) return null
  return ended === null ? `failed while watched: ${told.join(', ')}` : `no longer watched: ${ended}`
}

function flagWords(flags: FlagReaches): readonly string[] {
  return Object.entries(flags).map(([name, reach]) => `${name} ${reachText(reach)}`)
}

function warmUpAt({ plan }: CardSource, state: ReleaseState, now: Instant): Instant | null {
  if (state.abandoned !== null || isEnded(state)) return null
  const until = warmsUpUntil(state, plan, checksAt(state, plan))
  return until !== null && until > now ? until : null
}

function rollbackOf(state: ReleaseState) {
  if (state.rollback === null || isEnded(state)) return null
  return { ...state.rollback, live: exposureText(state.live) }
}

function verdictRow([check, { outcome, reason, evidence }]: [string, Verdict]): VerdictRow {
  return { check, outcome, reason, figures: evidence.figures }
}

function ledgerRow(entry: LedgerEntry): LedgerRow {
  return { ...entry, text: entryText(entry) }
}

function approvalOf({ approval }: ReleaseState): ReleaseCard['approval'] {
  if (approval === null) return null
  const { by, need, deadline, given } = approval
  return { by, need, deadline, given: given.map(({ person }) => person) }
}
