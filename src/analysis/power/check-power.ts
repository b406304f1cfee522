import type { Milliseconds } from '../../domain/units.ts'
import type { ExpectedTraffic } from './expected-traffic.ts'
import type { Sight } from './power.ts'

/** A check with the regression that it is asked about, or why that is not known. */
export type Asked = { readonly sight: Sight; readonly size: number } | { readonly why: string }

/** What can be said of a check that has no figure. */
export interface PowerWords {
  readonly text: string
  readonly isWeak: boolean
}

/** How well one check sees a bad canary. */
export type CheckPower =
  | {
      /** Requests that it waits for before it can pass, or a limit before a first look counts. */
      readonly leastRequests: number
      /** The named event that it asks about; null for errors and latencies. */
      readonly event: string | null
      readonly asked: (traffic: ExpectedTraffic) => Asked
    }
  /** After so much watched time. */
  | { readonly words: (watched: Milliseconds) => PowerWords }
