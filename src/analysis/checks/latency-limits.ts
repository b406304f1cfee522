import type { LatencyHistogram } from '../../domain/observation.ts'
import { formatCount, formatList, formatQuantile, formatRatio, formatSeconds } from '../explain.ts'
import { type HistogramQuantile, histogramFault, quantileOf, totalOf } from '../histogram.ts'
import type { Gathered, RelativeReading } from '../judges/relative-judge.ts'
import { readHistograms } from '../judges/sequential/latency-look.ts'
import { type ThresholdLook, type ThresholdReading, tooFew } from '../judges/threshold-judge.ts'
import { isCount } from '../read-look.ts'
import { besides, type LimitReadings } from './limits.ts'
import type { LatencyCheck } from './shapes.ts'

type Quantiles = Pick<LatencyCheck, 'quantiles'>

/** Latency at some quantiles, against a limit without an error budget. */
export function latencyLimits({ quantiles }: Quantiles): LimitReadings {
  return { fixed: fixed(quantiles), ratio: ratio(quantiles) }
}

/**
 * A quantile in the overflow bucket is a breach when the largest bucket already exceeds the limit; when the limit lies above
 * the largest bucket nobody can tell, so the look is blind.
 */
function fixed(quantiles: readonly number[]): ThresholdReading {
  return {
    fault({ latency }, name) {
      const fault = latency === null ? null : histogramFault(latency)
      return fault === null ? null : `${name} ${fault}`
    },
    kept: ({ requests, latency }) => ({ requests, errors: 0, latency, events: {} }),
    look(rule, { latency, requests }, name) {
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
      for (const quantile of quantiles) {
        const value = quantileOf(latency, quantile)
        if (value === null) return noLatency
        figures[figureName('canary', quantile)] = value.seconds
        isBreach ||= value.kind === 'within' ? value.seconds > rule.max : value.seconds >= rule.max
        const said = `${formatQuantile(quantile)} ${secondsText(value)}`
        if (value.kind === 'above' && value.seconds < rule.max)
          hidden = `latency ${said} on ${name}, beyond the largest bucket: nobody can tell whether it is within the limit of ${limit}`
        parts.push(said)
      }
      if (parts.length === 0) return { kind: 'blind', reason: 'the check names no quantile' }
      if (!isBreach && hidden !== null) return { kind: 'blind', reason: hidden }
      const said = `latency ${formatList(parts)} on ${name} (${formatCount(total)} requests)`
      return { kind: 'counted', isBreach, said, ...besides(limit), figures }
    },
  }
}

/** Where a quantile lies beyond the largest bucket, the ratio is known only to one side. */
function ratio(quantiles: readonly number[]): RelativeReading {
  return {
    read(input, lastEnd) {
      const read = readHistograms(input, lastEnd)
      if (read.kind !== 'usable') return read
      const counted = (latency: LatencyHistogram): Gathered => ({ requests: totalOf(latency), errors: 0, latency })
      const { canary, stable, duration } = read
      return { kind: 'usable', arms: { canary: counted(canary), stable: counted(stable) }, duration }
    },
    compare({ maxRatio }, arms, names) {
      const figures: Record<string, number> = {
        ...{ canaryRequests: arms.canary.requests, stableRequests: arms.stable.requests },
      }
      const said: { readonly canary: string[]; readonly stable: string[] } = { canary: [], stable: [] }
      let isBreach = false
      let isHidden = false
      for (const quantile of quantiles) {
        const canary = valueOf(arms.canary, quantile)
        const stable = valueOf(arms.stable, quantile)
        if (canary === null || stable === null) return { kind: 'hidden', reason: 'there is no latency to compare' }
        const standing = standingOf(canary, stable, maxRatio)
        isBreach ||= standing === 'above'
        isHidden ||= standing === 'hidden'
        figures[figureName('canary', quantile)] = canary.seconds
        figures[figureName('stable', quantile)] = stable.seconds
        said.canary.push(`${formatQuantile(quantile)} ${secondsText(canary)}`)
        said.stable.push(secondsText(stable))
      }
      const text = `latency ${formatList(said.canary)} on ${names.canary} against ${formatList(said.stable)} on ${names.stable}`
      if (said.canary.length === 0) return { kind: 'hidden', reason: 'the check names no quantile' }
      if (!isBreach && isHidden)
        return { kind: 'hidden', reason: `${text}, beyond the largest bucket: nobody can tell how many times as slow` }
      const slow = `${formatRatio(maxRatio)} as slow`
      return { kind: 'counted', isBreach, said: text, above: `more than ${slow}`, within: `at most ${slow}`, figures }
    },
  }
}

function valueOf({ latency }: Gathered, quantile: number): HistogramQuantile | null {
  return latency === null ? null : quantileOf(latency, quantile)
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

function figureName(arm: 'canary' | 'stable', quantile: number): string {
  return `${arm}P${String(quantile * 100).replace('.', '_')}Seconds`
}

function secondsText({ kind, seconds }: HistogramQuantile): string {
  return `${kind === 'above' ? 'over ' : ''}${formatSeconds(seconds)}`
}
