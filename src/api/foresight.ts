import { expectedTraffic } from '../analysis/power/expected-traffic.ts'
import type { Foresight } from '../config/start.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'
import { within } from '../outbound/within.ts'
import { oneAtATime } from './one-at-a-time.ts'
import type { RunPower } from './power.ts'
import type { RecordPast } from './recorder.ts'
import { trafficOf } from './target-traffic.ts'

interface ForesightParts {
  readonly recordTraffic: RecordPast
  readonly runPower: RunPower
  readonly now: () => Instant
}

const SINCE: Milliseconds = 86_400_000
/** A start does not wait longer for it: whoever wants to know asks `sluice plan check`. */
const PATIENCE: Milliseconds = 2_500

/**
 * Says where the target's traffic, by its last day, is too low for the bakes of a plan that is about to start. Nothing is said where nobody can say it in time, and no start ever fails
 * by it; of many starts at once one is looked at.
 */
export function createForesight({ recordTraffic, runPower, now }: ForesightParts): Foresight['foresee'] {
  const alone = oneAtATime('the traffic of another plan is being looked at')
  return async (plan) => {
    try {
      const seen = await within({ deadline: PATIENCE }, () =>
        alone(async () => {
          const { measured } = await trafficOf(plan, { since: SINCE, now: now(), record: recordTraffic })
          const traffic = measured === null ? null : expectedTraffic({}, measured)
          if (traffic === null || 'problem' in traffic) return []
          const { power } = await runPower({ plan, traffic })
          return power.flatMap(({ lowTraffic }) => lowTraffic ?? [])
        }),
      )
      return typeof seen === 'symbol' ? [] : seen
    } catch {
      // The release matters more than what could have been said of it.
      return []
    }
  }
}
