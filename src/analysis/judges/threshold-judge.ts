import type { ArmCounts } from '../../domain/observation.ts'
import type { CheckInput } from '../../domain/plan/checks.ts'
import type { Verdict } from '../../domain/verdict.ts'
import type { ThresholdRule } from '../checks/shapes.ts'
import { formatImpossible } from '../explain.ts'
import { addHistograms } from '../histogram.ts'
import { armFault, endOfLook, namesOf, type Unusable, unusableWindow } from '../read-look.ts'
import { tooFewOn } from '../tally.ts'
import { inconclusive } from '../verdicts.ts'
import {
  type LimitMemory,
  limitEvidence,
  remember,
  type Seen,
  verdictOfLooks,
  verdictWhileGathering,
} from './hysteresis.ts'

/** What the canary did is gathered. */
export type ThresholdState = LimitMemory<'threshold', ArmCounts>

/** What a kind of check reads of the canary alone, to hold it against a fixed limit. */
export interface ThresholdReading {
  /** Why the counts of one look cannot be true, as a sentence; null when they can. */
  readonly fault: (counts: ArmCounts, name: string) => string | null
  /** Only what is read: the rest was not looked at, so it may be impossible, and it would travel for nothing. */
  readonly kept: (counts: ArmCounts) => ArmCounts
  readonly look: (rule: ThresholdRule, counts: ArmCounts, name: string) => ThresholdLook
}

export type ThresholdLook = Seen | Unusable | TooFew

interface TooFew {
  readonly kind: 'few'
  readonly reason: string
}

/**
 * One look at the canary alone against a fixed limit. `failures` breaches among the last `of` looks that counted fail
 * the check; a newest look in breach without enough others is undecided. Looks are gathered until the canary has served
 * `minRequests` in them; until then the last verdict stands, for at most a minute. Without usable data the look is
 * blind.
 */
export function stepThreshold(
  reading: ThresholdReading,
  rule: ThresholdRule,
  state: ThresholdState,
  input: CheckInput,
): { readonly state: ThresholdState; readonly verdict: Verdict } {
  // Only the canary is read here, so that a stable that cannot be seen must not make a window count twice.
  const held = { ...state, lastEnd: endOfLook({ ...input, stable: input.canary }, state.lastEnd) }
  const evidence = limitEvidence(rule, held.breaches, { max: rule.max })
  const hold = ({ kind, reason }: Unusable) => ({ state: held, verdict: inconclusive(kind, reason, evidence) })
  const { canary } = input
  const name = namesOf(input).canary
  // Before anything is added up: a sum could hide what is impossible in one look.
  const fault = armFault(name, canary) ?? (canary.kind === 'value' ? reading.fault(canary.value, name) : null)
  if (canary.kind !== 'value' || fault !== null) return hold({ kind: 'blind', reason: fault ?? 'no data' })
  const gathered = gather(state.gathered, canary.value)
  const look = limitFault(rule) ?? unusableWindow(input.window, state.lastEnd) ?? reading.look(rule, gathered, name)
  const gatheredFor = state.gatheredFor + Math.max(0, input.window.end - input.window.start)
  if (look.kind === 'few')
    return {
      state: { ...held, gathered: reading.kept(gathered), gatheredFor },
      verdict: verdictWhileGathering(state.standing, gatheredFor, look.reason, evidence),
    }
  if (look.kind !== 'counted') return hold(look)
  const breaches = remember(state.breaches, look.isBreach, rule)
  const verdict = verdictOfLooks(
    rule,
    breaches,
    look,
    limitEvidence(rule, breaches, { ...look.figures, max: rule.max }),
  )
  return { state: { ...held, breaches, gathered: null, gatheredFor: 0, standing: verdict }, verdict }
}

/** This look's counts with those that were too few before. */
function gather(gathered: ArmCounts | null, counts: ArmCounts): ArmCounts {
  if (gathered === null) return counts
  const { requests, errors, latency } = counts
  const sum = { ...counts, requests: gathered.requests + requests, errors: gathered.errors + errors }
  if (latency === null || gathered.latency === null) return sum
  const both = addHistograms(gathered.latency, latency)
  // Another bucket layout means that the service was changed: what was gathered belongs to the old one.
  return both === null ? counts : { ...sum, latency: both }
}

function limitFault({ max }: ThresholdRule): Unusable | null {
  return max >= 0 ? null : { kind: 'blind', reason: `the limit is not a number ≥ 0${formatImpossible(max)}` }
}

/** Null when the canary has served enough for a look to count. */
export function tooFew({ minRequests }: ThresholdRule, requests: number, name: string): TooFew | null {
  const reason = tooFewOn(name, requests, minRequests)
  return reason === null ? null : { kind: 'few', reason }
}
