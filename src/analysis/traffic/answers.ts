import type { LatencyHistogram } from '../../domain/observation.ts'
import type { Milliseconds } from '../../domain/units.ts'
import { totalOf } from '../histogram.ts'

/** Requests that were sent to one pool in one window, and how many were seen to end in it, however they ended. */
interface SentCounts {
  readonly started: number
  readonly ended: number
}

/** What one look shows of requests and their answers. */
export interface AnswerLook {
  readonly duration: Milliseconds
  readonly canary: SentCounts
  readonly stable: SentCounts
  /** How long stable's requests take, or null when nobody measures that. */
  readonly usual: LatencyHistogram | null
  /**
   * True when the same source has counted what was sent and what ended. A router's count may be of other requests: then
   * only a canary that answers nearly nothing is told from one that answers.
   */
  readonly isExact: boolean
}

/** What is remembered of requests without an answer. Plain JSON. */
export interface AnswerState {
  /** What was sent in the newest looks, as many as {@link GRACE} takes; newest last. */
  readonly recent: readonly { readonly duration: Milliseconds; readonly started: number }[]
  readonly canary: OpenRequests
  readonly stable: OpenRequests
  /**
   * How many more requests of stable have ended than were sent to it since the exposure began: those that were under way
   * when its traffic was taken away. Of a healthy canary as many may be under way by now. Older ones count half, likewise.
   */
  readonly drained: number
  /** Mean square, lately, of how many more of stable's requests end in a look than are sent: how far that is chance. */
  readonly jitter: number
  /** Looks since the canary last answered. */
  readonly run: number
  /** Requests that were sent to the canary in that run. */
  readonly awaited?: number
  /** Unanswered requests of the canary that were counted as failures and have not ended since. */
  readonly counted: number
}

interface OpenRequests {
  /** Sent and not seen to end. */
  readonly open: number
  /** Sent lately: older ones are counted half after five minutes each. */
  readonly sent: number
}

/** A request that is younger may well be under way. With stable's latencies at hand, slower services get more. */
const GRACE: Milliseconds = 3_000
const HALF_LIFE: Milliseconds = 300_000
/** A canary that answers less of what it is sent answers nearly nothing. */
const NEARLY_NOTHING = 0.1
/** How much the newest look counts. */
const NEWEST = 0.2
/** So many requests may be open whatever the traffic. */
const FEW = 3
/** Requests that a latency histogram must hold before it says what is usual. */
const ENOUGH_LATENCIES = 20

/** The state before the first look. */
export function startAnswers(): AnswerState {
  const none = { open: 0, sent: 0 }
  return { recent: [], canary: none, stable: none, drained: 0, jitter: 0, run: 0, awaited: 0, counted: 0 }
}

/**
 * One look. `unanswered` requests have waited too long since the last look and are failures from now on; `ended` were
 * counted so before and have ended in this look, so that they would be counted a second time.
 *
 * A request has waited too long when it is older than {@link GRACE} and more of them are open than stable's latencies and
 * stable's own open requests let one expect, twice over. Without latencies, or where the router has counted what was
 * sent, only a run of looks without answers counts, and only while stable answers.
 */
export function judgeAnswers(
  state: AnswerState,
  look: AnswerLook,
): { readonly state: AnswerState; readonly unanswered: number; readonly ended: number } {
  const recent = newest([...state.recent, { duration: look.duration, started: look.canary.started }])
  const young = youngOf(recent)
  const isMeasured = look.isExact && look.usual !== null && totalOf(look.usual) >= ENOUGH_LATENCIES
  const canary = isMeasured ? grow(state.canary, look.canary, look.duration) : growRun(state.canary, look)
  const stable = grow(state.stable, look.stable, look.duration)
  const more = look.stable.ended - look.stable.started
  const drained = fade(state.drained, look.duration) + more
  const jitter = state.jitter + NEWEST * (more ** 2 - state.jitter)
  const run = isAnswering(look) ? 0 : state.run + 1
  const awaited = run === 0 ? 0 : (state.awaited ?? 0) + look.canary.started
  const under = Math.max(0, drained)
  const usual = isMeasured ? expectedOpen(look.usual, recent, canary, stable) : expectedInRun(look)
  const chance = 3 * Math.sqrt(usual + under) + (isMeasured || isQuick(look.usual) ? 0 : 2 * Math.sqrt(jitter * run))
  const counted = Math.max(0, canary.open - young - (2 * usual + under + chance + FEW))
  return {
    state: { recent, canary, stable, drained, jitter, run, awaited, counted },
    unanswered: Math.max(0, counted - state.counted),
    ended: Math.min(look.canary.ended, Math.max(0, state.counted - counted)),
  }
}

/** So few requests may all be under way still. */
const FEW_AWAITED = 5

/**
 * How many requests wait for a canary that has answered nothing since the first of them was sent, while stable answers
 * its own; null when they are too few to tell. They are no failures before the grace is over, but no pass either.
 */
export function awaitedOf({ awaited = 0 }: AnswerState, look: Pick<AnswerLook, 'stable' | 'usual'>): number | null {
  return awaited >= FEW_AWAITED && isExpectedToAnswer(look) ? awaited : null
}

function fade(count: number, duration: Milliseconds): number {
  return count * 2 ** -(duration / HALF_LIFE)
}

function grow({ open, sent }: OpenRequests, { started, ended }: SentCounts, duration: Milliseconds): OpenRequests {
  // More ends than beginnings: requests from before the watch began have ended.
  return { open: Math.max(0, open + started - ended), sent: fade(sent, duration) + started }
}

/** What is open since the last look in which the canary answered: counts of two kinds drift apart over a longer time. */
function growRun(before: OpenRequests, look: AnswerLook): OpenRequests {
  return { ...grow(before, look.canary, look.duration), ...(isAnswering(look) && { open: 0 }) }
}

function isAnswering({ canary }: AnswerLook): boolean {
  return canary.ended > NEARLY_NOTHING * canary.started
}

/** Nothing is expected of a run without answers, unless stable answers nothing either, or mostly as late. */
function expectedInRun(look: AnswerLook): number {
  return isExpectedToAnswer(look) ? 0 : Number.POSITIVE_INFINITY
}

function isExpectedToAnswer({ stable, usual }: Pick<AnswerLook, 'stable' | 'usual'>): boolean {
  return stable.ended >= 0.5 * stable.started && shareSlower(usual) < 0.5
}

/** How many open requests are to be expected that are older than {@link GRACE}. */
function expectedOpen(
  usual: LatencyHistogram | null,
  recent: AnswerState['recent'],
  canary: OpenRequests,
  stable: OpenRequests,
): number {
  const time = recent.reduce((sum, { duration }) => sum + duration, 0)
  const started = recent.reduce((sum, one) => sum + one.started, 0)
  const { beyondGrace, endless } = usual === null ? { beyondGrace: 0, endless: 0 } : slowPart(usual)
  const waiting = time > 0 ? (started / time) * beyondGrace : 0
  const ownRatio = stable.sent > 0 ? Math.min(1, stable.open / stable.sent) : 0
  return waiting + (endless + ownRatio) * canary.sent
}

/** Mean time that a request of stable is open beyond the grace, and the share that takes longer than anybody measures. */
function slowPart({ upperBoundsSeconds, counts }: LatencyHistogram) {
  const total = counts.reduce((sum, count) => sum + count, 0)
  const beyondGrace = upperBoundsSeconds.reduce(
    (sum, bound, index) => sum + ((counts[index] ?? 0) / total) * Math.max(0, bound * 1_000 - GRACE),
    0,
  )
  return { beyondGrace, endless: (counts.at(-1) ?? 0) / total }
}

/** True when hardly any request of stable is known to take longer than the grace. */
function isQuick(usual: LatencyHistogram | null): boolean {
  return usual !== null && totalOf(usual) >= ENOUGH_LATENCIES && shareSlower(usual) < 0.02
}

/** The share of stable's requests that take longer than the grace; 0 when nobody knows. */
function shareSlower(usual: LatencyHistogram | null): number {
  if (usual === null) return 0
  const total = totalOf(usual)
  if (!(total >= ENOUGH_LATENCIES)) return 0
  const slower = usual.counts.filter((_, index) => (usual.upperBoundsSeconds[index] ?? Infinity) * 1_000 > GRACE)
  return slower.reduce((sum, count) => sum + count, 0) / total
}

/** The newest looks that the grace reaches back over; one at least. */
function newest(recent: AnswerState['recent']): AnswerState['recent'] {
  let covered = 0
  const first = recent.findLastIndex(({ duration }) => {
    covered += duration
    return covered >= GRACE
  })
  return first > 0 ? recent.slice(first) : recent
}

/** Requests that are younger than the grace; those of a look that is partly older are spread evenly over it. */
function youngOf(recent: AnswerState['recent']): number {
  let left = GRACE
  return recent.reduceRight((sum, { duration, started }) => {
    const part = duration > 0 ? Math.min(1, left / duration) : 1
    left = Math.max(0, left - duration)
    return sum + started * part
  }, 0)
}
