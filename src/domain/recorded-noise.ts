import type { Milliseconds } from './units.ts'

/**
 * How far a share of stable's requests strayed from what was usual in the target's record, over stretches of one length:
 * the square of its coefficient of variation beyond what counting explains.
 */
export interface RecordedNoise {
  readonly lasting: Milliseconds
  readonly variation: number
}

/** One kind of event in the record: its share of the requests, and its noise by ascending length. */
export interface RecordedEvents {
  readonly share: number
  readonly noise: readonly RecordedNoise[]
}

/** What a judge may know of stable from before the release, by one metric source. Plain JSON of some hundred bytes. */
export interface RecordedStable {
  readonly errors: RecordedEvents | null
  readonly events: Readonly<Record<string, RecordedEvents>>
  /** Requests slower than some of the bounds, the largest share first. */
  readonly slow: readonly RecordedEvents[]
}
