import type { ArmCounts, RecordedWindow } from '../../domain/observation.ts'
import type { Check } from '../../domain/plan/checks.ts'

/** How the past of stable is replayed for one check. */
export interface Counting {
  /** A look takes so many times as long as one at a rate. */
  readonly cost: number
  /** How many of what the check counts an arm had; null for latencies, whose level is not moved. */
  readonly events: ((arm: ArmCounts) => number) | null
  /** The arm as if it were so many times worse; `random` gives uniform numbers in (0, 1). */
  readonly worsen: (arm: ArmCounts, times: number, random: () => number) => ArmCounts
  /** Why nothing can be made of these windows; null when something can. */
  readonly lack: (windows: readonly RecordedWindow[]) => string | null
  /** Null for a limit without an error budget. */
  readonly tolerance: Tolerance | null
}

/** What may be proposed for a check with an error budget. */
export interface Tolerance {
  /** What the check accepts as a ratio ≥ 1; of a rate with two sides that of the fall, which is what is feared. */
  readonly ratio: number
  /** True for a count that may not fall. */
  readonly isFall: boolean
  readonly alpha: number
  readonly minRequests: number
  /** Requests each arm should show whatever it counts; null where that follows from how rare its events are. */
  readonly enough: number | null
  /** The check with another ratio; the upper side of a rate with two sides is only ever widened with the lower one. */
  readonly withRatio: (ratio: number) => Check
  /** The check with another part of the error budget. */
  readonly withAlpha: (alpha: number) => Check
  /** The accepted ratios by the options that state them. */
  readonly options: Readonly<Record<string, number>>
}
