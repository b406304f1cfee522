import type { ArmNames } from '../../../domain/arm-names.ts'
import { formatPercent } from '../../../domain/units.ts'
import type { Evidence } from '../../../domain/verdict.ts'
import type { LatencyCheck, SequentialRule } from '../../checks/shapes.ts'
import {
  capEvidence,
  finiteFigures,
  formatCount,
  formatList,
  formatOdds,
  formatQuantile,
  formatRatio,
  formatSeconds,
  formatSign,
  formatStanding,
  formatWatched,
} from '../../explain.ts'
import { quantileOf, survivalOf } from '../../histogram.ts'
import { SEEN } from '../../power/seen-by-now.ts'
import { slowerSeenByNow } from '../../power/slower-by-now.ts'
import { floorOf } from './latency-floor.ts'
import { type LatencyState, releaseOf } from './latency-state.ts'
import { describeSlow, type SlowOutlook, slowFigures, slowOutlook } from './slow-share.ts'
import type { Thresholds } from './slowdown-test.ts'

/** The failure in words and figures: `…: at least 1.25 times as slow, odds of a false alarm 1 : 440, watched for 12m`. */
export function describeFailure(
  check: LatencyCheck,
  rule: SequentialRule,
  state: LatencyState,
  names: ArmNames,
  outlook: SlowOutlook | null,
): string {
  const odds = formatOdds(state.wealth.logPeak)
  const watched = formatWatched(releaseOf(state).watched)
  return `${describeQuantiles(check, state, names)}: ${describeBreach(rule, names)}, odds of a false alarm ${odds}, ${watched}${describeSlow(outlook)}`
}

interface Unshown {
  readonly check: LatencyCheck
  readonly rule: SequentialRule
  readonly state: LatencyState
  readonly thresholds: Thresholds
  readonly names: ArmNames
  readonly outlook: SlowOutlook | null
  readonly seenFrom: number | null
  readonly isInDoubt: boolean
}

/** What there is no sign of, or only a first one, and what would be seen by now. */
export function describeUnshown(unshown: Unshown): string {
  const { check, rule, state, thresholds, names, outlook, seenFrom, isInDoubt } = unshown
  const sign = `${formatSign(isInDoubt)} ${describeAbsence(rule, names)}`
  const standing = formatStanding(state.wealth.logPeak, -Math.log(rule.alpha), 'fails')
  const watched = formatWatched(releaseOf(state).watched)
  const limits = `${describeSeenFrom(seenFrom)}${describeCoarseness(check, rule, state, thresholds)}`
  return `${describeQuantiles(check, state, names)}: ${sign} ${standing}, ${watched}${describeSlow(outlook)}${limits}`
}

function describeBreach(rule: SequentialRule, names: ArmNames): string {
  return rule.notWorseThan === 1 ? `slower than ${names.stable}` : `at least ${formatRatio(rule.notWorseThan)} as slow`
}

function describeAbsence({ notWorseThan }: SequentialRule, names: ArmNames): string {
  return notWorseThan === 1 ? `being slower than ${names.stable}` : `${formatRatio(notWorseThan)} as slow or slower`
}

/** `latency p95 480 ms and p99 1.2 s on 2.4.0 against 210 ms and 400 ms on 2.3.9 (9,614 / 372,100 requests)`. */
function describeQuantiles(check: LatencyCheck, state: LatencyState, names: ArmNames): string {
  const { seen } = state
  if (seen === null) return 'latency'
  const { canaryTrials, stableTrials } = releaseOf(state)
  const valueOf = (counts: readonly number[], quantile: number): string => {
    const value = quantileOf({ upperBoundsSeconds: seen.upperBoundsSeconds, counts }, quantile)
    if (value === null) return 'nothing'
    return value.kind === 'within' ? formatSeconds(value.seconds) : `over ${formatSeconds(value.seconds)}`
  }
  const canary = check.quantiles.map((quantile) => `${formatQuantile(quantile)} ${valueOf(seen.canary, quantile)}`)
  const stable = check.quantiles.map((quantile) => valueOf(seen.stable, quantile))
  const requests = `(${formatCount(canaryTrials)} / ${formatCount(stableTrials)} requests)`
  return `latency ${formatList(canary)} on ${names.canary} against ${formatList(stable)} on ${names.stable} ${requests}`
}

/** How many times as slow all requests would have to be to be seen by now; null when none would, or nothing was seen. */
export function seenByNow(
  check: LatencyCheck,
  rule: SequentialRule,
  { seen, slow }: LatencyState,
  thresholds: Thresholds,
): number | null {
  if (seen === null || slow === undefined) return null
  return slowerSeenByNow({
    ...{ requests: slow.ratio, stable: { upperBoundsSeconds: seen.upperBoundsSeconds, counts: seen.stable } },
    ...{ thresholds, ratio: rule.notWorseThan, floor: floorOf(check), needed: -Math.log(rule.alpha) },
  })
}

/** `; all requests 1.4 times as slow would be seen by now (90%)` */
function describeSeenFrom(factor: number | null): string {
  if (factor === null) return '; no slowdown would be seen yet'
  return `; all requests ${formatRatio(factor)} as slow would be seen by now (${formatPercent(SEEN, 2)})`
}

/** Tells when the buckets only let larger slowdowns be seen than the plan accepts. */
function describeCoarseness(
  check: LatencyCheck,
  rule: SequentialRule,
  state: LatencyState,
  thresholds: Thresholds,
): string {
  const visible = smallestVisibleRatio(check, state, thresholds)
  if (visible === null) return '; hardly any request falls between these latency buckets: next to nothing can be seen'
  if (visible <= rule.notWorseThan * 1.1) return ''
  return `; the latency buckets are wide: only ${formatRatio(visible)} as slow or slower can be seen`
}

function smallestVisibleRatio(check: LatencyCheck, state: LatencyState, thresholds: Thresholds): number | null {
  if (state.seen === null) return null
  const above = survivalOf({ upperBoundsSeconds: state.seen.upperBoundsSeconds, counts: state.seen.stable })
  const highest = Math.max(...check.quantiles)
  const ratios = thresholds.stableSeconds.flatMap((seconds, index) => {
    const slower = above(seconds)
    const isWatched = slower <= 1 - floorOf(check) + 1e-9 && slower >= (1 - highest) / 4
    return isWatched ? [(thresholds.canarySeconds[index] ?? seconds) / seconds] : []
  })
  return ratios.length === 0 ? null : Math.min(...ratios)
}

/** The figures of a verdict. */
export function evidenceOf(
  check: LatencyCheck,
  rule: SequentialRule,
  state: LatencyState,
  outlook: SlowOutlook | null = slowOutlook(state.slow),
  seenFrom: number | null = null,
): Evidence {
  const { tally, seen, wealth } = state
  const figures: Record<string, number> = {
    canaryRequests: tally.canaryTrials,
    stableRequests: tally.stableTrials,
    watchedSeconds: tally.watched / 1_000,
    evidenceAbove: capEvidence(wealth.logPeak),
    evidenceNeeded: 1 / rule.alpha,
  }
  for (const arm of ['canary', 'stable'] as const) {
    if (seen === null) break
    for (const quantile of check.quantiles) {
      const value = quantileOf({ upperBoundsSeconds: seen.upperBoundsSeconds, counts: seen[arm] }, quantile)
      if (value !== null) figures[`${arm}P${String(quantile * 100).replace('.', '_')}Seconds`] = value.seconds
    }
  }
  const seenFigures = seenFrom === null ? {} : { seenSlowdown: seenFrom, seenPower: SEEN }
  return { judge: 'sequential', figures: finiteFigures({ ...figures, ...slowFigures(outlook), ...seenFigures }) }
}
