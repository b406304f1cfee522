import { settlingOf } from '../analysis/calibration/settling.ts'
import type { Foresight, LearnedWarmUp } from '../config/start.ts'
import { isRecord } from '../domain/json.ts'
import type { Plan } from '../domain/plan/plan.ts'
import { withLearnedWarmUp } from '../domain/plan/plan-warm-up.ts'
import { targetName } from '../domain/target.ts'
import { formatDuration, type Instant, type Milliseconds } from '../domain/units.ts'
import { within } from '../outbound/within.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { type PastParts, recordReleases } from './recorded-releases.ts'

const NOTHING: LearnedWarmUp = { notes: [] }
const SINCE: Milliseconds = 30 * 86_400_000
/** Each is a history that a worker replays. */
const MOST_RELEASES = 10
const PATIENCE: Milliseconds = 1_500
const USABLE_FOR: Milliseconds = 3_600_000
const MOST_TARGETS = 1_000

interface Known {
  readonly at: Instant
  readonly settling: { readonly time: Milliseconds; readonly releases: number } | null
}

/**
 * Looks at how long the last releases of a target took to settle, and knows it for an hour. What takes longer than a start waits
 * goes on and is there for the next one; of many targets at once one is looked at.
 */
export function createWarmUpLearner(deps: PastParts & { readonly now: () => Instant }): Foresight['learnWarmUp'] {
  const known = new Map<string, Known>()
  const alone = oneAtATime('the releases of another target are being looked at')

  async function learn(plan: Plan): Promise<Known['settling']> {
    const { releases } = await recordReleases(plan, deps.now() - SINCE, MOST_RELEASES, deps)
    const seen = settlingOf({ actions: [] }, releases)
    const settling = seen?.proposed == null ? null : { time: seen.proposed, releases: seen.releases }
    known.delete(targetName(plan))
    known.set(targetName(plan), { at: deps.now(), settling })
    for (const oldest of [...known.keys()].slice(0, Math.max(0, known.size - MOST_TARGETS))) known.delete(oldest)
    return settling
  }

  return async (plan, written) => {
    if (plan.checks.length === 0 || (isRecord(written) && written['warmUp'] !== undefined)) return NOTHING
    try {
      const before = known.get(targetName(plan))
      const isFresh = before !== undefined && deps.now() - before.at < USABLE_FOR
      const seen = isFresh ? before.settling : await within({ deadline: PATIENCE }, () => alone(() => learn(plan)))
      return seen === null || typeof seen === 'symbol' ? NOTHING : learnedFor(plan, seen)
    } catch {
      // The release matters more than what could have been learned for it.
      return NOTHING
    }
  }
}

function learnedFor(plan: Plan, { time, releases }: NonNullable<Known['settling']>): LearnedWarmUp {
  if (withLearnedWarmUp(plan, time) === plan) return NOTHING
  const text = formatDuration(time)
  const said = `nine of ten of the last ${releases} promoted releases settled within ${text}`
  const fix = 'warmUp in the plan says it otherwise'
  return {
    warmUp: time,
    notes: [`${said}, so the canary warms up for as long, at most half of each bake, before the checks count: ${fix}`],
  }
}
