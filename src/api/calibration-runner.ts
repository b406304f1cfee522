import type { CheckCalibration } from '../analysis/calibration/plan-calibration.ts'
import type { CalibrationJob } from './calibration.ts'
import { answerOfThread } from './thread.ts'

/** Works a calibration out in a thread of its own. */
export function calibrateInThread(
  job: CalibrationJob,
  file: URL = new URL('./calibration-thread.js', import.meta.url),
): Promise<readonly CheckCalibration[]> {
  return answerOfThread(file, job, 'the calibration')
}
