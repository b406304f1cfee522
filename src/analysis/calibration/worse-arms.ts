import type { ArmCounts, LatencyHistogram } from '../../domain/observation.ts'
import { survivalOf, totalOf } from '../histogram.ts'
import { drawBinomial } from '../statistics/random.ts'

/** An arm with so many times as many errors, as far as there are requests. */
export function moreErrors(arm: ArmCounts, times: number, random: () => number): ArmCounts {
  return { ...arm, errors: Math.min(arm.requests, multiplyCount(arm.errors, times, random)) }
}

/** An arm with so many times as many events of this name. */
export function moreEvents(name: string, arm: ArmCounts, times: number, random: () => number): ArmCounts {
  return { ...arm, events: { ...arm.events, [name]: multiplyCount(arm.events[name] ?? 0, times, random) } }
}

/** An arm whose requests all take so many times as long. */
export function slower(arm: ArmCounts, times: number): ArmCounts {
  return { ...arm, latency: arm.latency === null ? null : slowDown(arm.latency, times) }
}

/** All requests `times` as slow: each bucket gets what lay between its bounds divided by `times`. */
function slowDown(histogram: LatencyHistogram, times: number): LatencyHistogram {
  const above = survivalOf(histogram)
  const total = totalOf(histogram)
  let before = total
  const counts = histogram.upperBoundsSeconds.map((bound) => {
    const slower = total * above(bound / times)
    const inside = Math.max(0, before - slower)
    before = slower
    return inside
  })
  return { ...histogram, counts: [...counts, Math.max(0, before)] }
}

/** A count times a factor: thinned below 1, whole copies and a thinned rest above. */
export function multiplyCount(count: number, factor: number, random: () => number): number {
  const whole = Math.floor(factor)
  return count * whole + drawBinomial(count, factor - whole, random)
}
