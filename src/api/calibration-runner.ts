import { Worker } from 'node:worker_threads'
import type { CheckCalibration } from '../analysis/plan-calibration.ts'
import type { CalibrationJob } from './calibration.ts'

/** Longest that a calibration may take before it is given up, in milliseconds. */
const DEADLINE = 20_000

/** Works a calibration out in a thread of its own, so that this one goes on answering. */
export async function calibrateInThread(
  job: CalibrationJob,
  file: URL = new URL('./calibration-thread.js', import.meta.url),
): Promise<readonly CheckCalibration[]> {
  const thread = new Worker(file, { workerData: job })
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`the calibration took longer than ${DEADLINE} ms`)), DEADLINE)
      thread.once('message', resolve)
      thread.once('error', reject)
      thread.once('exit', (code) => reject(new Error(`the calibration ended without an answer, with code ${code}`)))
    })
  } finally {
    clearTimeout(timer)
    await thread.terminate()
  }
}
