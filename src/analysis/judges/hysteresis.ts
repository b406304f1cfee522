import type { Instant, Milliseconds } from '../../domain/units.ts'
import type { Evidence, Verdict } from '../../domain/verdict.ts'
import { finiteFigures, formatBreaches } from '../explain.ts'
import { inconclusive } from '../verdicts.ts'

/** `failures` breaches among the last `of` looks that counted fail a check. */
interface Hysteresis {
  readonly failures: number
  readonly of: number
}

/** Longest history of looks that is kept, whatever the rule asks for. */
const LONGEST_HISTORY = 1_000

/** A verdict stands no longer than this while requests for the next one are gathered: after it, silence is silence. */
const STANDS_FOR: Milliseconds = 60_000

/** What a judge of limits remembers: for each of the newest looks that counted, whether it was a breach. Plain JSON, bounded. */
export interface LimitMemory<Kind extends string, Gathered> {
  readonly kind: Kind
  readonly lastEnd: Instant | null
  readonly breaches: readonly boolean[]
  /** What was seen in looks that were too small to count alone, and how long that took. */
  readonly gathered: Gathered | null
  readonly gatheredFor: Milliseconds
  /** The verdict of the newest look that counted in this exposure; stands while a new one is gathered. */
  readonly standing: Verdict | null
}

/** The memory before the first look. */
export function startLimitMemory<Kind extends string>(kind: Kind): LimitMemory<Kind, never> {
  return { kind, lastEnd: null, breaches: [], gathered: null, gatheredFor: 0, standing: null }
}

/** The newest looks that counted, with one more. */
export function remember(breaches: readonly boolean[], isBreach: boolean, { of }: Hysteresis): readonly boolean[] {
  const kept = Number.isFinite(of) ? Math.min(LONGEST_HISTORY, Math.max(1, Math.floor(of))) : LONGEST_HISTORY
  return [...breaches, isBreach].slice(-kept)
}

function countBreaches(breaches: readonly boolean[]): number {
  return breaches.filter((isBreach) => isBreach).length
}

/** What a limit was judged by: what was seen, the limit itself, and the looks that counted. */
export function limitEvidence(
  { failures, of }: Hysteresis,
  breaches: readonly boolean[],
  figures: Readonly<Record<string, number>>,
): Evidence {
  const looks = { breaches: countBreaches(breaches), looks: breaches.length, failures, of }
  return { judge: 'threshold', figures: finiteFigures({ ...figures, ...looks }) }
}

/** What a look that counted showed: whether it was a breach, by which figures, and how sentences say it. */
export interface Seen {
  readonly kind: 'counted'
  readonly isBreach: boolean
  readonly figures: Readonly<Record<string, number>>
  readonly said: string
  /** `above the limit of 1%`, `within the limit of 1%`. */
  readonly above: string
  readonly within: string
}

/** The verdict of a look that counted, the newest of `breaches`. A breach without enough others is undecided. */
export function verdictOfLooks(
  { failures, of }: Hysteresis,
  breaches: readonly boolean[],
  { said, above, within }: Pick<Seen, 'said' | 'above' | 'within'>,
  evidence: Evidence,
): Verdict {
  const count = countBreaches(breaches)
  const isBreach = breaches.at(-1) === true
  const often = formatBreaches({ breaches: count, looks: breaches.length, failures, of })
  if (count > 0 && count >= failures)
    return { outcome: 'fail', reason: `${said}: ${isBreach ? above : `${within}, but above it`} ${often}`, evidence }
  if (isBreach) return inconclusive('undecided', `${said}: ${above} ${often}`, evidence)
  return { outcome: 'pass', reason: `${said}: ${within}`, evidence }
}

/** The verdict while requests for the next one are gathered: the last one, for a minute. */
export function verdictWhileGathering(
  standing: Verdict | null,
  gatheredFor: Milliseconds,
  reason: string,
  evidence: Evidence,
): Verdict {
  return standing !== null && gatheredFor <= STANDS_FOR ? standing : inconclusive('undecided', reason, evidence)
}
