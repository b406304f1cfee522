import type { ArmNames } from '../arm-names.ts'
import type { ArmCounts, MetricResult } from '../observation.ts'
import type { RecordedStable } from '../recorded-noise.ts'
import type { Instant, Milliseconds } from '../units.ts'

/**
 * What one check may do.
 *
 * - `rollback`, `pause`: the release goes back, or its plan stops until a person says go on.
 * - `hold`: what is exposed stays and the plan goes no further until the check has passed again; then it goes on by itself.
 * - `warn`: nothing; it is kept in the ledger of the release.
 */
export const CONSEQUENCES = ['rollback', 'pause', 'hold', 'warn'] as const
export type Consequence = (typeof CONSEQUENCES)[number]

/** What a failure does that a flag is to answer for: the feature goes off, and the version stays. */
interface FlagConsequence {
  readonly flag: string
  readonly set: 'off'
}

/** What the plan does with checks that say nothing of their own. */
export type PlanConsequence = Extract<Consequence, 'rollback' | 'pause'>

/**
 * One question to a metric source, complete: every default of the plan is filled in. Plain JSON. What else it holds only
 * its kind knows, which `analysis/checks` lists.
 */
export interface Check {
  readonly kind: string
  readonly name: string
  readonly source: string
  /** Only the requests of this cohort count; absent: all. */
  readonly cohort?: string
  /** Its own warm-up instead of that of the exposure; absent: the exposure's. */
  readonly warmsUpFor?: Milliseconds
  /** What its failure does. Absent, for all checks of a plan, where none says so: the plan's `onFail`. */
  readonly onFail?: Consequence
  /** Where a flag answers for it: set off at the first failure. What the plan says comes after that, should it fail again. */
  readonly onFailFlag?: FlagConsequence
  /** What it does when its data is missing for as long as the plan holds; absent: the plan's `onInconclusive`. */
  readonly onNoData?: Consequence
}

/** The answers to one query: for the canary (or the only one), and for stable when the query holds `$pool`. */
export interface ArmReadings {
  readonly canary: MetricResult<readonly number[]>
  readonly stable: MetricResult<readonly number[]> | null
}

/** What one look shows a check: the counts of both arms since the last look and the answers to the check's queries. */
export interface CheckInput {
  readonly at: Instant
  readonly window: { readonly start: Instant; readonly end: Instant }
  readonly stable: MetricResult<ArmCounts>
  readonly canary: MetricResult<ArmCounts>
  /** By the key that the check's kind gives; empty for checks that need only counts. */
  readonly readings: Readonly<Record<string, ArmReadings>>
  /** How unevenly stable behaved before the release; absent where nobody knows. */
  readonly recorded?: RecordedStable
  /** What sentences call both sides; absent: canary and stable. */
  readonly names?: ArmNames
}

/** Under this name a check finds what its source has counted for it: that of the source, and of the cohort if it has one. */
export function countsKeyOf({ source, cohort }: Pick<Check, 'source' | 'cohort'>): string {
  return cohort === undefined ? source : `${source}@${cohort}`
}
