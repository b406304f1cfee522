import type { Check } from '../../domain/plan/checks.ts'
import { kindOf } from '../checks/index.ts'

/**
 * A sentence for each check that accepts no difference at all. It is true to its error budget, but what it finds in the end
 * may be a difference that nobody minds: two pools are never quite the same.
 */
export function tightRatioWarnings(checks: readonly Check[]): readonly string[] {
  return checks.flatMap((check) => {
    const ratio = kindOf(check).calibrate(check)?.tolerance?.ratio
    if (ratio === undefined || ratio > 1) return []
    return [
      `${check.name} accepts no difference at all (1x): pools that differ a little for good, or each by its own noise, fail it in the end; sluice calibrate says which ratio stays quiet`,
    ]
  })
}
