import type { ArmCounts, LatencyHistogram } from '../../../domain/observation.ts'
import type { CheckInput } from '../../../domain/plan/checks.ts'
import type { Instant, Milliseconds } from '../../../domain/units.ts'
import { hasSameBuckets, histogramFault, totalOf } from '../../histogram.ts'
import { namesOf, readLook } from '../../read-look.ts'

/** One usable look: both histograms have the same, valid buckets. */
export interface Histograms {
  readonly canary: LatencyHistogram
  readonly stable: LatencyHistogram
  readonly duration: Milliseconds
}

/** The histograms of a usable look, or the sentence that says why there are none. */
export function readHistograms(
  input: CheckInput,
  lastEnd: Instant | null,
): ({ readonly kind: 'usable' } & Histograms) | { readonly kind: 'blind' | 'undecided'; readonly reason: string } {
  const read = readLook(input, lastEnd)
  if (read.kind !== 'usable') return read
  const { canary, stable, duration } = read.look
  const bounds = (canary.latency ?? stable.latency)?.upperBoundsSeconds
  const names = namesOf(input)
  if (bounds === undefined)
    return { kind: 'blind', reason: `neither ${names.canary} nor ${names.stable} reports latency` }
  const both = { canary: histogramOf(canary, bounds), stable: histogramOf(stable, bounds) }
  for (const arm of ['canary', 'stable'] as const) {
    const [name, histogram] = [names[arm], both[arm]]
    if (histogram === null) return { kind: 'blind', reason: `${name} reports no latency` }
    const fault = histogramFault(histogram)
    if (fault !== null) return { kind: 'blind', reason: `${name} ${fault}` }
    if (totalOf(histogram) > 1e15) return { kind: 'blind', reason: `${name} has latency counts too large to be true` }
  }
  if (both.canary === null || both.stable === null) return { kind: 'blind', reason: 'no latency' }
  if (!hasSameBuckets(both.canary.upperBoundsSeconds, both.stable.upperBoundsSeconds))
    return { kind: 'blind', reason: `${names.canary} and ${names.stable} count latency in different buckets` }
  return { kind: 'usable', canary: both.canary, stable: both.stable, duration }
}

/** An arm without a request may leave its histogram out: then it is an empty one. */
function histogramOf(arm: ArmCounts, bounds: readonly number[]): LatencyHistogram | null {
  if (arm.latency !== null || arm.requests > 0) return arm.latency
  return { upperBoundsSeconds: bounds, counts: [...bounds.map(() => 0), 0] }
}
