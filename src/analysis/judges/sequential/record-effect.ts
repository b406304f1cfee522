import type { RecordedEvents } from '../../../domain/recorded-noise.ts'
import type { Milliseconds } from '../../../domain/units.ts'

/** Requests of both arms in one look. */
interface Trials {
  readonly canaryTrials: number
  readonly stableTrials: number
}

/** Each of both arms has noise of its own, and twice that, as it may be slower and less even than a day has shown. */
const ARMS_WITH_CAUTION = 4
/** No noise of a service is larger. */
const HIGHEST_EFFECT = 1e6

/**
 * By how much noise like that of the record multiplies the variance of what the split of a look shows: at least 1, and 1
 * without a record. Known before the look but for its requests, on which every bet is conditioned.
 *
 * With u = share · n·m/(n + m) events of a look, the log odds of its split vary by 1/u from counting, and each arm's own noise
 * adds its variation v. Noise that lasts for T shows in all events of that time at once: so 1 + 4·v(T)·u(T), for the worst T
 * that has been watched.
 */
export function effectOfRecord(
  record: RecordedEvents | null | undefined,
  { canaryTrials, stableTrials }: Trials,
  duration: Milliseconds,
  watched: Milliseconds,
): number {
  if (record === null || record === undefined) return 1
  const perTime = (record.share * canaryTrials * stableTrials) / (canaryTrials + stableTrials) / duration
  const time = Math.max(0, watched) + duration
  const effects = record.noise.map(
    ({ lasting, variation }) => 1 + ARMS_WITH_CAUTION * variation * perTime * Math.min(time, lasting),
  )
  // What is no number is not below the highest either.
  return Math.max(1, ...effects.filter((effect) => effect <= HIGHEST_EFFECT))
}
