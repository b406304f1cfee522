/**
 * The answer to one check.
 *
 * - `pass`: data of both arms is there, is enough, and neither shows a breach nor makes one likely.
 * - `fail`: the breach is shown at the stated confidence.
 * - `inconclusive`: anything else. `blind` when the data is missing or unusable now, `undecided` when data flows but is
 *   not yet enough, for a pass or for a failure.
 */
export type Verdict =
  | { readonly outcome: 'pass'; readonly reason: string; readonly evidence: Evidence }
  | {
      readonly outcome: 'fail'
      readonly reason: string
      readonly evidence: Evidence
      /** What it does, for a check that ends nothing: absent for all others. */
      readonly only?: 'hold' | 'warn'
    }
  | {
      readonly outcome: 'inconclusive'
      readonly cause: 'blind' | 'undecided'
      readonly reason: string
      readonly evidence: Evidence
    }

export type Outcome = Verdict['outcome']

/**
 * The numbers behind a verdict: a flat record of named figures, so that Slack, page, API and audit can show them without
 * knowing the judge. Keys are camelCase and carry their unit (`canaryErrorShare`, `p99Seconds`); values are finite.
 */
export interface Evidence {
  /** Which rule decided, e.g. `sequential`, `threshold`. */
  readonly judge: string
  readonly figures: Readonly<Record<string, number>>
}
