import type { RecordedEvents } from '../../domain/recorded-noise.ts'
import { effectOfRecord } from '../judges/sequential/record-effect.ts'
import { type BakePlan, expectedRequests } from './power.ts'

/** So many looks, evenly over the bake, stand for all of them. */
const MOST_LOOKS = 40

/**
 * The part of a bake's evidence that is left once the judge has made up for noise like that of the record: of each look what it
 * divides by (`record-effect.ts`), in the mean. So many events as that says count as one, in what is won as in what chance does.
 */
export function partLeft(record: RecordedEvents | null | undefined, plan: BakePlan): number {
  if (record === null || record === undefined) return 1
  const { canary, stable } = expectedRequests(plan, plan.interval)
  const looks = Math.min(MOST_LOOKS, Math.max(1, Math.floor(plan.bake / plan.interval)))
  let left = 0
  for (let look = 0; look < looks; look += 1)
    left +=
      1 /
      effectOfRecord(record, { canaryTrials: canary, stableTrials: stable }, plan.interval, (plan.bake * look) / looks)
  return left / looks
}
