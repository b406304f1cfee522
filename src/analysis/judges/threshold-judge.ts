import type { CheckInput } from '../../domain/plan/checks.ts'
import type { ErrorRateCheck, LatencyCheck, ThresholdRule } from '../checks/shapes.ts'
import type { ArmCounts } from '../../domain/observation.ts'
import type { Instant, Milliseconds } from '../../domain/units.ts'
import type { Evidence, Verdict } from '../../domain/verdict.ts'
import { armFault, endOfLook, formatServed, inconclusive, isCount, isOverlapping, isTime, namesOf } from '../arms.ts'
import {
  asClause,
  finiteFigures,
  formatCount,
  formatFraction,
  formatImpossible,
  formatList,
  formatQuantile,
  formatSeconds,
  formatShare,
} from '../explain.ts'
import { addHistograms, histogramFault, quantileOf, totalOf } from '../histogram.ts'
import { countBreaches, remember, type Seen, verdictOfLooks, verdictWhileGathering } from './hysteresis.ts'

/** What the judge remembers: for each of the newest looks that counted, whether it was a breach. Plain JSON, bounded. */
export interface ThresholdState {
  readonly kind: 'threshold'
  readonly lastEnd: Instant | null
  readonly breaches: readonly boolean[]
  /** What the canary did in looks that were too small to count alone, and how long that took. */
  readonly gathered: ArmCounts | null
  readonly gatheredFor: Milliseconds
  /** The verdict of the newest look that counted in this exposure; stands while a new one is gathered. */
  readonly standing: Verdict | null
}

/** The state before the first look. */
export function startThreshold(): ThresholdState {
  return { kind: 'threshold', lastEnd: null, breaches: [], gathered: null, gatheredFor: 0, standing: null }
}

/**
 * One look at the canary alone against a fixed limit. `failures` breaches among the last `of` looks that counted fail
 * the check; a newest look in breach without enough others is undecided. Looks are gathered until the canary has served
 * `minRequests` in them; until then the last verdict stands, for at most a minute. Without usable data the look is
 * blind. A quantile in the overflow bucket is a breach when the largest bucket already exceeds the limit; when the limit
 * lies above the largest bucket nobody can tell, so the look is blind.
 */
export function stepThreshold(
  check: ErrorRateCheck | LatencyCheck,
  rule: ThresholdRule,
  state: ThresholdState,
  input: CheckInput,
): { readonly state: ThresholdState; readonly verdict: Verdict } {
  // Only the canary is read here, so that a stable that cannot be seen must not make a window count twice.
  const held = { ...state, lastEnd: endOfLook({ ...input, stable: input.canary }, state.lastEnd) }
  // Before anything is added up: a sum could hide what is impossible in one look.
  const fault = armFault(namesOf(input).canary, input.canary) ?? ownLatencyFault(check, input)
  if (fault !== null) return { state: held, verdict: inconclusive('blind', fault, evidenceOf(rule, held, {})) }
  const gathered = gather(state, input)
  const look = lookAt(
    check,
    rule,
    gathered === null ? input : { ...input, canary: { kind: 'value', value: gathered } },
    state.lastEnd,
  )
  const gatheredFor = state.gatheredFor + Math.max(0, input.window.end - input.window.start)
  if (look.kind === 'few')
    return {
      state: { ...held, gathered: essentialsOf(check, gathered), gatheredFor },
      verdict: verdictWhileGathering(state.standing, gatheredFor, look.reason, evidenceOf(rule, held, {})),
    }
  if (look.kind !== 'counted')
    return { state: held, verdict: inconclusive(look.kind, look.reason, evidenceOf(rule, held, {})) }
  const breaches = remember(state.breaches, look.isBreach, rule)
  const next = { ...held, breaches, gathered: null, gatheredFor: 0 }
  const verdict = verdictOfLooks(rule, breaches, look, evidenceOf(rule, next, look.figures))
  return { state: { ...next, standing: verdict }, verdict }
}

function ownLatencyFault(check: ErrorRateCheck | LatencyCheck, input: CheckInput): string | null {
  const { canary } = input
  if (check.kind !== 'latency' || canary.kind !== 'value' || canary.value.latency === null) return null
  const fault = histogramFault(canary.value.latency)
  return fault === null ? null : `${namesOf(input).canary} ${fault}`
}

/** Only what this check reads: the rest was not looked at, so it may be impossible, and it would travel for nothing. */
function essentialsOf(check: ErrorRateCheck | LatencyCheck, gathered: ArmCounts | null): ArmCounts | null {
  if (gathered === null) return null
  return check.kind === 'errorRate'
    ? { ...gathered, latency: null, events: {} }
    : { requests: gathered.requests, errors: 0, latency: gathered.latency, events: {} }
}

/** This look's counts with those that were too few before; null when they cannot be added. */
function gather({ gathered }: ThresholdState, { canary }: CheckInput): ArmCounts | null {
  if (canary.kind !== 'value') return null
  if (gathered === null) return canary.value
  const { requests, errors, latency } = canary.value
  const sum = { ...canary.value, requests: gathered.requests + requests, errors: gathered.errors + errors }
  if (latency === null || gathered.latency === null) return sum
  const both = addHistograms(gathered.latency, latency)
  // Another bucket layout means that the service was changed: what was gathered belongs to the old one.
  return both === null ? canary.value : { ...sum, latency: both }
}

interface CountedLook extends Seen {
  readonly kind: 'counted'
  readonly isBreach: boolean
  readonly figures: Readonly<Record<string, number>>
}

type ThresholdLook = CountedLook | { readonly kind: 'blind' | 'undecided' | 'few'; readonly reason: string }

function lookAt(
  check: ErrorRateCheck | LatencyCheck,
  rule: ThresholdRule,
  input: CheckInput,
  lastEnd: Instant | null,
): ThresholdLook {
  if (!(rule.max >= 0)) return { kind: 'blind', reason: `the limit is not a number ≥ 0${formatImpossible(rule.max)}` }
  const name = namesOf(input).canary
  if (input.canary.kind !== 'value')
    return { kind: 'blind', reason: `${name} cannot be seen: ${asClause(input.canary.reason)}` }
  const { start, end } = input.window
  if (!isTime(start) || !isTime(end)) return { kind: 'blind', reason: 'the window of this look has no time' }
  if (end < start) return { kind: 'blind', reason: 'the window of this look ends before it starts' }
  if (isOverlapping(start, lastEnd))
    return { kind: 'blind', reason: 'the clock went back: this window overlaps the one before' }
  if (end === start)
    return { kind: 'undecided', reason: 'measuring has only just begun: the first window is still empty' }
  return check.kind === 'errorRate'
    ? lookAtErrors(rule, input.canary.value, name)
    : lookAtLatency(check, rule, input.canary.value, name)
}

function lookAtErrors(rule: ThresholdRule, { requests, errors }: ArmCounts, name: string): ThresholdLook {
  const few = tooFew(rule, requests, name)
  if (few !== null) return few
  const share = errors / requests
  return {
    kind: 'counted',
    isBreach: share > rule.max,
    said: `errors ${formatShare(share)} on ${name} (${formatFraction(errors, requests)})`,
    ...besides(formatShare(rule.max)),
    figures: { canaryShare: share, canaryRequests: requests },
  }
}

function lookAtLatency(
  check: LatencyCheck,
  rule: ThresholdRule,
  { latency, requests }: ArmCounts,
  name: string,
): ThresholdLook {
  const noLatency: ThresholdLook = { kind: 'blind', reason: `${name} reports no latency` }
  if (latency === null) return requests === 0 ? (tooFew(rule, 0, name) ?? noLatency) : noLatency
  const total = totalOf(latency)
  if (!isCount(total)) return { kind: 'blind', reason: `${name} has latency counts too large to be true` }
  const few = tooFew(rule, total, name)
  if (few !== null) return few
  const limit = formatSeconds(rule.max)
  const parts: string[] = []
  const figures: Record<string, number> = { canaryRequests: total }
  let isBreach = false
  let hidden: string | null = null
  for (const quantile of check.quantiles) {
    const value = quantileOf(latency, quantile)
    if (value === null) return noLatency
    figures[`canaryP${String(quantile * 100).replace('.', '_')}Seconds`] = value.seconds
    isBreach ||= value.kind === 'within' ? value.seconds > rule.max : value.seconds >= rule.max
    const said = `${formatQuantile(quantile)} ${value.kind === 'above' ? 'over ' : ''}${formatSeconds(value.seconds)}`
    if (value.kind === 'above' && value.seconds < rule.max)
      hidden = `latency ${said} on ${name}, beyond the largest bucket: nobody can tell whether it is within the limit of ${limit}`
    parts.push(said)
  }
  if (parts.length === 0) return { kind: 'blind', reason: 'the check names no quantile' }
  if (!isBreach && hidden !== null) return { kind: 'blind', reason: hidden }
  const said = `latency ${formatList(parts)} on ${name} (${formatCount(total)} requests)`
  return { kind: 'counted', isBreach, said, ...besides(limit), figures }
}

function besides(limit: string): Pick<Seen, 'above' | 'within'> {
  return { above: `above the limit of ${limit}`, within: `within the limit of ${limit}` }
}

function tooFew(rule: ThresholdRule, requests: number, name: string): ThresholdLook | null {
  const needed = Math.max(1, Number.isNaN(rule.minRequests) ? Number.POSITIVE_INFINITY : rule.minRequests)
  if (requests >= needed) return null
  const reason = `not enough requests yet: ${formatServed(requests)} on ${name}; it needs ${formatCount(needed)}`
  return { kind: 'few', reason }
}

function evidenceOf(rule: ThresholdRule, state: ThresholdState, figures: Readonly<Record<string, number>>): Evidence {
  const all = {
    ...figures,
    max: rule.max,
    breaches: countBreaches(state.breaches),
    looks: state.breaches.length,
    failures: rule.failures,
    of: rule.of,
  }
  return { judge: 'threshold', figures: finiteFigures(all) }
}
