import { formatDuration, type Instant, type Milliseconds } from '../units.ts'
import type { Verdict } from '../verdict.ts'

/**
 * The time in which a check that only holds or warns is taken to fail: from a look at which it failed until it has passed
 * again for long enough. Plain JSON.
 */
export interface Trouble {
  readonly since: Instant
  /** What the check said when it failed. */
  readonly reason: string
  /** Since when its judge had gathered the evidence of that failure. */
  readonly evidenceFrom: Instant
  /** The last look at which it did not pass. */
  readonly failedAt: Instant
  /** Since when it has passed at every look, or null. */
  readonly passingSince: Instant | null
}

/** One look of a check, as its trouble depends on it. */
interface TroubleLook {
  readonly at: Instant
  readonly verdict: Pick<Verdict, 'outcome' | 'reason'>
  /** Since when its judge has gathered what it judges by. */
  readonly evidenceFrom: Instant
  readonly interval: Milliseconds
}

/** It passes for so many looks at least; what it had looked at before it failed asks for no more, and its trouble neither. */
const FEWEST_LOOKS = 6
const LONGEST_EVIDENCE: Milliseconds = 600_000
const LONGEST_TROUBLE: Milliseconds = 3_600_000

/**
 * For how long a check must pass at every look until its trouble is over: three times as long as it had looked until it failed,
 * because in less time it might not see the same failure again, and three times as long as it has not passed since, because a
 * cause that fades is seen later each time. With twice as long, 16 times as many recoveries were held a second time.
 */
function neededPass({ evidenceFrom, since, failedAt }: Trouble, interval: Milliseconds): Milliseconds {
  const evidence = Math.min(LONGEST_EVIDENCE, 3 * (since - evidenceFrom))
  return Math.max(FEWEST_LOOKS * interval, evidence, Math.min(LONGEST_TROUBLE, 3 * (failedAt - since)))
}

/**
 * The trouble after one look, or null when there is none. Whatever is no pass, missing data among it, begins the time in
 * which it has passed anew, so that a check that wavers stays in one trouble instead of leaving it again and again.
 */
export function stepTrouble(known: Trouble | null, look: TroubleLook): Trouble | null {
  const { at, verdict, evidenceFrom, interval } = look
  if (known === null)
    return verdict.outcome === 'fail'
      ? { since: at, reason: verdict.reason, evidenceFrom, failedAt: at, passingSince: null }
      : null
  if (verdict.outcome !== 'pass') return { ...known, failedAt: at, passingSince: null }
  const passingSince = known.passingSince ?? at
  return at - passingSince >= neededPass(known, interval) ? null : { ...known, passingSince }
}

/** `passes again for 20s of 1m`, or `not passed since`; `at` is the look it is said at. */
export function troubleWords(trouble: Trouble, at: Instant, interval: Milliseconds): string {
  const { passingSince } = trouble
  if (passingSince === null) return 'not passed since'
  return `passes again for ${formatDuration(at - passingSince)} of ${formatDuration(neededPass(trouble, interval))}`
}
