import { parentPort, workerData } from 'node:worker_threads'
import { type CalibrationJob, workOut } from './calibration.ts'
import { goBehindOthers } from './priority.ts'

goBehindOthers()

// The whole life of this thread: one calibration.
parentPort?.postMessage(workOut(workerData as CalibrationJob))
