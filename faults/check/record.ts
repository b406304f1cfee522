import type { ReleaseCard } from '../../src/domain/release/release-card.ts'
import type { BasisPoints, Instant, Milliseconds } from '../../src/domain/units.ts'
import type { FaultName } from '../kinds.ts'
import type { ReleaseScript } from '../script/script.ts'
import type { RunFacts } from './history.ts'

/** Equal samples one after another. All times are milliseconds of the machine's clock. */
export interface Stretch {
  /** First and last sample. */
  readonly from: Instant
  readonly until: Instant
  /** Share of the second pool; null while HAProxy did not answer. */
  readonly share: BasisPoints | null
  /** Pins of cohorts, as `cohort=pool`, sorted. */
  readonly pins: readonly string[]
  readonly samples: number
}

/** A fault as it was carried out, from its beginning until everything was back at work. */
export interface FaultSpan {
  readonly kind: FaultName | 'machine-stalled'
  readonly from: Instant
  readonly until: Instant
  readonly note: string
}

/** How a canary behaved that is not healthy. */
export interface HealthSpan {
  readonly kind: FaultName
  readonly pool: string
  readonly from: Instant
  readonly until: Instant
  /** Share of its requests that fail. */
  readonly failing: number
}

/** What was asked by a person over the API, and what came back. */
export interface CommandSent {
  readonly releaseId: string
  readonly verb: string
  readonly person: string
  readonly key: string
  readonly at: Instant
  readonly answeredAt: Instant
  /** HTTP status of the last answer; 0 when none came. */
  readonly status: number
  readonly code: string | null
}

/** How a release stood when its script was over. */
export type Standing =
  | { readonly kind: 'ended'; readonly at: Instant }
  /** It waits for a person's word; `leftAfter` is how long the abort then took, null when it did not end. */
  | {
      readonly kind: 'held'
      readonly at: Instant
      readonly phase: string
      readonly reason: string | null
      readonly leftAfter: Milliseconds | null
    }
  | { readonly kind: 'stuck'; readonly at: Instant; readonly phase: string; readonly reason: string | null }

export interface ReleaseRecord {
  readonly releaseId: string
  /** The script's number, or of a release that another one's script has asked for, with a letter: `17`, `17b`. */
  readonly label: string
  readonly askedAt: Instant
  readonly runs: readonly RunFacts[]
  /** As the API showed it at the end, or null when it did not. */
  readonly card: ReleaseCard | null
  readonly standing: Standing
}

/** All that is known of one target during one wave: what the checker reads, and nothing else. Plain JSON. */
export interface TargetRecord {
  readonly seed: number
  readonly wave: number
  readonly service: string
  /** The two pools; shares are those of the second one. */
  readonly pools: readonly [string, string]
  readonly script: ReleaseScript
  /** Milliseconds between two looks of the guard. */
  readonly interval: Milliseconds
  readonly from: Instant
  readonly until: Instant
  readonly samples: readonly Stretch[]
  readonly faults: readonly FaultSpan[]
  readonly health: readonly HealthSpan[]
  readonly commands: readonly CommandSent[]
  readonly releases: readonly ReleaseRecord[]
  /** What the lane held when everything was over; null when it did not answer. */
  readonly lane: { readonly running: string | null; readonly waiting: number } | null
}
