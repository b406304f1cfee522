import { type CheckCalibration, calibratePlan, withLines } from '../analysis/calibration/plan-calibration.ts'
import type { Effort } from '../analysis/calibration/schedule.ts'
import type { Plan } from '../domain/plan/plan.ts'
import type { Recording } from '../domain/release/recording.ts'

/** All that a calibration is worked out from. Plain JSON, so that it can go to another thread. */
export interface CalibrationJob {
  readonly plan: Plan
  /** The plan as it was written. */
  readonly written: unknown
  readonly recording: Recording
  readonly effort: Effort
  readonly seed: number
}

export type RunCalibration = (job: CalibrationJob) => Promise<readonly CheckCalibration[]>

/** About 6 s of arithmetic on one core: 7 µs per look, measured with three checks over 20,000 windows. */
export const API_EFFORT: Effort = { looks: 800_000, replays: 400 }

/** All checks, one after the other, in the thread that calls. */
export function workOut({ plan, written, recording, effort, seed }: CalibrationJob): readonly CheckCalibration[] {
  return withLines(plan, written, [...calibratePlan(plan, recording, effort, seed)])
}
