import type { LatencyHistogram } from '../../../domain/observation.ts'
import type { RecordedEvents } from '../../../domain/recorded-noise.ts'
import type { Milliseconds } from '../../../domain/units.ts'
import { survivalOf, totalOf } from '../../histogram.ts'
import { type DesignEffect, designEffectOf, learnDesignEffect, startDesignEffect } from './design-effect.ts'

/** How stable's slow requests come: one by one, or many at once. One entry for each of {@link TAILS}. Plain JSON. */
export type LatencyEffect = readonly TailEffect[]

interface TailEffect {
  /** Requests that took longer are counted; with another bound all begins anew, so that looks can be compared. */
  readonly seconds: number
  readonly effect: DesignEffect
}

/** Shares of slow requests that are looked at: all that are slower than usual, a tenth, a few. */
const TAILS: readonly number[] = [0.5, 0.1, 0.02]

/** With one more look at stable; `usual` is what it has shown so far, this look included. Null while it has shown nothing. */
export function learnLatencyEffect(
  before: LatencyEffect | null,
  usual: LatencyHistogram,
  stable: LatencyHistogram,
  duration: Milliseconds,
): LatencyEffect | null {
  const trials = totalOf(stable)
  if (!(trials > 0)) return before
  const above = survivalOf(stable)
  return TAILS.map((share, index) => {
    const seconds = boundFor(usual, share)
    const known = before?.[index]
    const effect = known?.seconds === seconds ? known.effect : startDesignEffect()
    return { seconds, effect: learnDesignEffect(effect, { events: above(seconds) * trials, trials }, duration) }
  })
}

/** By what the gain of a bet on so large a share of slow requests is divided: at least 1. */
export function effectOnShare(effect: LatencyEffect | null, share: number): number {
  if (effect === null) return 1
  const distances = TAILS.map((tail) => Math.abs(Math.log(tail / share)))
  const nearest = effect[distances.indexOf(Math.min(...distances))]
  return nearest === undefined ? 1 : designEffectOf(nearest.effect).lasting
}

/** What the target's record has of the slow requests whose share is nearest to this; null where it has none. */
export function recordedNear(slow: readonly RecordedEvents[], share: number): RecordedEvents | null {
  const distances = slow.map((one) => Math.abs(Math.log(one.share / share)))
  return slow[distances.indexOf(Math.min(...distances))] ?? null
}

/** The bound above which nearest to such a share of the requests lies. */
function boundFor(histogram: LatencyHistogram, share: number): number {
  const total = totalOf(histogram)
  let slower = total
  let [nearest, best] = [histogram.upperBoundsSeconds[0] ?? 0, Number.POSITIVE_INFINITY]
  for (const [index, bound] of histogram.upperBoundsSeconds.entries()) {
    slower -= histogram.counts[index] ?? 0
    const distance = Math.abs(Math.log(Math.max(slower / total, 1e-9) / share))
    if (distance < best) [nearest, best] = [bound, distance]
  }
  return nearest
}
