import type { CheckInput } from '../../domain/plan/checks.ts'
import type { ErrorRateCheck, LatencyCheck, RelativeRule } from '../checks/shapes.ts'
import type { ArmNames } from '../../domain/arm-names.ts'
import type { LatencyHistogram } from '../../domain/observation.ts'
import type { Instant, Milliseconds } from '../../domain/units.ts'
import type { Evidence, Verdict } from '../../domain/verdict.ts'
import { endOfLook, formatServed, inconclusive, namesOf, readLook } from '../arms.ts'
import {
  finiteFigures,
  formatCount,
  formatFraction,
  formatImpossible,
  formatList,
  formatQuantile,
  formatRatio,
  formatSeconds,
  formatShare,
} from '../explain.ts'
import { addHistograms, type HistogramQuantile, quantileOf, totalOf } from '../histogram.ts'
import { countBreaches, remember, type Seen, verdictOfLooks, verdictWhileGathering } from './hysteresis.ts'
import { readHistograms } from './sequential/latency-judge.ts'

/** What one arm did in the looks that are gathered: only what the check reads. Plain JSON. */
interface Gathered {
  readonly requests: number
  readonly errors: number
  readonly latency: LatencyHistogram | null
}

/** What the judge remembers: for each of the newest looks that counted, whether it was a breach. Plain JSON, bounded. */
export interface RelativeState {
  readonly kind: 'relative'
  readonly lastEnd: Instant | null
  readonly breaches: readonly boolean[]
  /** What both arms did in looks that were too small to count alone, and how long that took. */
  readonly gathered: { readonly canary: Gathered; readonly stable: Gathered } | null
  readonly gatheredFor: Milliseconds
  /** The verdict of the newest look that counted in this exposure; stands while a new one is gathered. */
  readonly standing: Verdict | null
}

/** The state before the first look. */
export function startRelative(): RelativeState {
  return { kind: 'relative', lastEnd: null, breaches: [], gathered: null, gatheredFor: 0, standing: null }
}

/**
 * One look at the canary against stable over the same time, by a bare ratio: `failures` breaches among the last `of`
 * looks that counted fail the check. Looks are gathered until both arms have served `minRequests` in them, as for fixed
 * limits. It controls no error probability: two equal versions with few errors differ by any ratio now and then.
 *
 * Stable without an error counts as if it had had one, so that the canary's first error is not infinitely many times as
 * many. Where a quantile lies beyond the largest bucket, the ratio is known only to one side; a look that cannot tell is
 * blind.
 */
export function stepRelative(
  check: ErrorRateCheck | LatencyCheck,
  rule: RelativeRule,
  state: RelativeState,
  input: CheckInput,
): { readonly state: RelativeState; readonly verdict: Verdict } {
  const held = { ...state, lastEnd: endOfLook(input, state.lastEnd) }
  const hold = (cause: 'blind' | 'undecided', reason: string) => ({
    state: held,
    verdict: inconclusive(cause, reason, evidenceOf(rule, held.breaches, {})),
  })
  if (!(rule.maxRatio > 0 && rule.maxRatio < Number.POSITIVE_INFINITY))
    return hold('blind', `the limit is not a ratio${formatImpossible(rule.maxRatio)}`)
  const read = check.kind === 'latency' ? readLatencies(input, state.lastEnd) : readErrors(input, state.lastEnd)
  if (read.kind !== 'usable') return hold(read.kind, read.reason)
  const gathered = gather(state, read.arms)
  const gatheredFor = state.gatheredFor + read.duration
  const names = namesOf(input)
  const lack = tooFew(rule, gathered, names)
  if (lack !== null) {
    const evidence = evidenceOf(rule, held.breaches, {})
    const verdict = verdictWhileGathering(state.standing, gatheredFor, lack, evidence)
    return { state: { ...held, gathered, gatheredFor }, verdict }
  }
  const compared =
    check.kind === 'latency' ? compareLatencies(check, rule, gathered, names) : compareErrors(rule, gathered, names)
  if (compared.kind === 'hidden')
    return {
      state: { ...held, gathered: null, gatheredFor: 0, standing: null },
      verdict: inconclusive('blind', compared.reason, evidenceOf(rule, held.breaches, {})),
    }
  const breaches = remember(state.breaches, compared.isBreach, rule)
  const verdict = verdictOfLooks(rule, breaches, compared, evidenceOf(rule, breaches, compared.figures))
  return { state: { ...held, breaches, gathered: null, gatheredFor: 0, standing: verdict }, verdict }
}

type Arms = NonNullable<RelativeState['gathered']>

type Read =
  | { readonly kind: 'usable'; readonly arms: Arms; readonly duration: Milliseconds }
  | { readonly kind: 'blind' | 'undecided'; readonly reason: string }

function readErrors(input: CheckInput, lastEnd: Instant | null): Read {
  const read = readLook(input, lastEnd)
  if (read.kind !== 'usable') return read
  const { canary, stable, duration } = read.look
  const counted = ({ requests, errors }: typeof canary): Gathered => ({ requests, errors, latency: null })
  return { kind: 'usable', arms: { canary: counted(canary), stable: counted(stable) }, duration }
}

function readLatencies(input: CheckInput, lastEnd: Instant | null): Read {
  const read = readHistograms(input, lastEnd)
  if (read.kind !== 'usable') return read
  const counted = (latency: LatencyHistogram): Gathered => ({ requests: totalOf(latency), errors: 0, latency })
  return {
    kind: 'usable',
    arms: { canary: counted(read.canary), stable: counted(read.stable) },
    duration: read.duration,
  }
}

/** Other buckets mean that the service was changed: what was gathered belongs to the old one. */
function gather({ gathered }: RelativeState, arms: Arms): Arms {
  if (gathered === null) return arms
  const [canary, stable] = [together(gathered.canary, arms.canary), together(gathered.stable, arms.stable)]
  return canary === null || stable === null ? arms : { canary, stable }
}

function together(left: Gathered, right: Gathered): Gathered | null {
  const sum = { requests: left.requests + right.requests, errors: left.errors + right.errors }
  if (left.latency === null || right.latency === null) return { ...sum, latency: null }
  const latency = addHistograms(left.latency, right.latency)
  return latency === null ? null : { ...sum, latency }
}

function tooFew({ minRequests }: RelativeRule, { canary, stable }: Arms, names: ArmNames): string | null {
  const needed = Math.max(1, Number.isNaN(minRequests) ? Number.POSITIVE_INFINITY : minRequests)
  if (canary.requests >= needed && stable.requests >= needed) return null
  const counts = `${formatServed(canary.requests)} on ${names.canary}, ${formatServed(stable.requests)} on ${names.stable}`
  return `not enough requests yet: ${counts}; each needs ${formatCount(needed)}`
}

type Compared =
  | ({
      readonly kind: 'counted'
      readonly isBreach: boolean
      readonly figures: Readonly<Record<string, number>>
    } & Seen)
  | { readonly kind: 'hidden'; readonly reason: string }

function compareErrors({ maxRatio }: RelativeRule, { canary, stable }: Arms, names: ArmNames): Compared {
  const [canaryShare, stableShare] = [canary.errors / canary.requests, stable.errors / stable.requests]
  const ratio = canaryShare / Math.max(stableShare, 1 / stable.requests)
  const counts = `${formatFraction(canary.errors, canary.requests)} / ${formatFraction(stable.errors, stable.requests)}`
  return {
    kind: 'counted',
    isBreach: ratio > maxRatio,
    said: `errors ${formatShare(canaryShare)} on ${names.canary} against ${formatShare(stableShare)} on ${names.stable} (${counts})`,
    above: `more than ${formatRatio(maxRatio)} as many`,
    within: `at most ${formatRatio(maxRatio)} as many`,
    figures: {
      ...{ canaryShare, canaryRequests: canary.requests, stableShare, stableRequests: stable.requests, ratio },
    },
  }
}

function compareLatencies(check: LatencyCheck, { maxRatio }: RelativeRule, arms: Arms, names: ArmNames): Compared {
  const figures: Record<string, number> = {
    canaryRequests: arms.canary.requests,
    stableRequests: arms.stable.requests,
  }
  const said: { readonly canary: string[]; readonly stable: string[] } = { canary: [], stable: [] }
  let isBreach = false
  let isHidden = false
  for (const quantile of check.quantiles) {
    const canary = arms.canary.latency === null ? null : quantileOf(arms.canary.latency, quantile)
    const stable = arms.stable.latency === null ? null : quantileOf(arms.stable.latency, quantile)
    if (canary === null || stable === null) return { kind: 'hidden', reason: 'there is no latency to compare' }
    const standing = standingOf(canary, stable, maxRatio)
    isBreach ||= standing === 'above'
    isHidden ||= standing === 'hidden'
    const key = `P${String(quantile * 100).replace('.', '_')}Seconds`
    figures[`canary${key}`] = canary.seconds
    figures[`stable${key}`] = stable.seconds
    said.canary.push(`${formatQuantile(quantile)} ${secondsText(canary)}`)
    said.stable.push(secondsText(stable))
  }
  const text = `latency ${formatList(said.canary)} on ${names.canary} against ${formatList(said.stable)} on ${names.stable}`
  if (said.canary.length === 0) return { kind: 'hidden', reason: 'the check names no quantile' }
  if (!isBreach && isHidden)
    return { kind: 'hidden', reason: `${text}, beyond the largest bucket: nobody can tell how many times as slow` }
  const slow = `${formatRatio(maxRatio)} as slow`
  return { kind: 'counted', isBreach, said: text, above: `more than ${slow}`, within: `at most ${slow}`, figures }
}

/** A quantile beyond the largest bucket is known to be at least that, so that its ratio is known to one side only. */
function standingOf(
  canary: HistogramQuantile,
  stable: HistogramQuantile,
  maxRatio: number,
): 'above' | 'within' | 'hidden' {
  const standing = canary.seconds > maxRatio * stable.seconds ? 'above' : 'within'
  const couldBeLess = stable.kind === 'above'
  const couldBeMore = canary.kind === 'above'
  return (standing === 'above' && couldBeLess) || (standing === 'within' && couldBeMore) ? 'hidden' : standing
}

function secondsText({ kind, seconds }: HistogramQuantile): string {
  return `${kind === 'above' ? 'over ' : ''}${formatSeconds(seconds)}`
}

function evidenceOf(
  { maxRatio, failures, of }: RelativeRule,
  breaches: readonly boolean[],
  figures: Readonly<Record<string, number>>,
): Evidence {
  const looks = { breaches: countBreaches(breaches), looks: breaches.length, failures, of }
  return { judge: 'threshold', figures: finiteFigures({ ...figures, maxRatio, ...looks }) }
}
