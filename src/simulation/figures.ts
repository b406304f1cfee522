import { bisect } from '../analysis/statistics/bisect.ts'
import { incompleteBeta } from '../analysis/statistics/incomplete-beta.ts'
import { NO_EXPOSURE } from '../domain/exposure.ts'
import { FULL_WEIGHT, type Milliseconds } from '../domain/units.ts'
import type { SimulatedRelease } from './run-release.ts'
import { canaryShare, type SimulatedTraffic } from './world.ts'

/** Half of the times are no longer than `half`, nine in ten no longer than `most`. */
export interface TimeSpread {
  readonly half: Milliseconds
  readonly most: Milliseconds
}

/** What many releases of one plan with one traffic came to. Plain JSON. */
export interface Figures {
  readonly releases: number
  readonly promoted: number
  readonly rolledBack: number
  readonly paused: number
  /** How long those took that were promoted; null when none was. */
  readonly promotedAfter: TimeSpread | null
  /** How long those took that were not; null when all were promoted. */
  readonly stoppedAfter: TimeSpread | null
  /** Releases that were stopped, by the plan's step (from 1) at which they were. */
  readonly stoppedAt: Readonly<Record<number, number>>
  /** Why the first of these was; null when all were promoted. */
  readonly reason: string | null
  /** Times of those that were stopped, ascending. */
  readonly stops: readonly Milliseconds[]
  /** Of one release, on average: requests that the new version served, and failures that stable would not have had. */
  readonly served: number
  readonly extraFailures: number
}

/**
 * The figures of many releases. A version that was promoted serves everybody for `noticedAfter` more: then somebody sees what
 * the plan has not. What is served while people think about a pause is not counted.
 */
export function figuresOf(
  releases: readonly SimulatedRelease[],
  traffic: SimulatedTraffic,
  noticedAfter: Milliseconds,
): Figures {
  const stopped = releases.filter(({ outcome }) => outcome !== 'promoted')
  const stops = stopped.map(({ took }) => took).toSorted((left, right) => left - right)
  const promoted = releases.flatMap(({ outcome, took }) => (outcome === 'promoted' ? [took] : []))
  const served = releases.reduce((sum, release) => sum + servedIn(release, traffic, noticedAfter), 0) / releases.length
  const stoppedAt: Record<number, number> = {}
  for (const { step } of stopped) stoppedAt[step] = (stoppedAt[step] ?? 0) + 1
  return {
    releases: releases.length,
    promoted: promoted.length,
    rolledBack: releases.filter(({ outcome }) => outcome === 'rolled-back').length,
    paused: releases.filter(({ outcome }) => outcome === 'paused').length,
    promotedAfter: spreadOf(promoted.toSorted((left, right) => left - right)),
    stoppedAfter: spreadOf(stops),
    stoppedAt,
    reason: stopped[0]?.reason ?? null,
    stops,
    served,
    extraFailures: served * Math.max(0, traffic.canary.errors - traffic.stable.errors),
  }
}

/** Expected requests of the new version in this release. */
function servedIn(
  { spans, outcome, startedAt, took }: SimulatedRelease,
  traffic: SimulatedTraffic,
  noticedAfter: Milliseconds,
): number {
  const inRelease = spans.reduce((sum, { exposure, from, until }) => {
    const time = (until ?? startedAt + took) - from
    return sum + canaryShare(exposure, traffic) * time
  }, 0)
  const after =
    outcome === 'promoted' ? canaryShare({ ...NO_EXPOSURE, weight: FULL_WEIGHT }, traffic) * noticedAfter : 0
  return (traffic.requestsPerSecond * (inRelease + after)) / 1_000
}

function spreadOf(ascending: readonly Milliseconds[]): TimeSpread | null {
  const at = (share: number) => ascending[Math.ceil(share * ascending.length) - 1]
  const [half, most] = [at(0.5), at(0.9)]
  return half === undefined || most === undefined ? null : { half, most }
}

/**
 * What a share of which `count` of `of` were seen may be, with 95% confidence: how far the figures can be trusted.
 *
 * Source: Clopper and Pearson's exact interval, by the quantiles of the beta distribution.
 */
export function shareInterval(count: number, of: number): { readonly atLeast: number; readonly atMost: number } {
  const tail = 0.025
  return {
    atLeast: count === 0 ? 0 : bisect((share) => incompleteBeta(share, count, of - count + 1) < tail, 0, 1),
    atMost: count === of ? 1 : bisect((share) => incompleteBeta(share, count + 1, of - count) < 1 - tail, 0, 1),
  }
}
