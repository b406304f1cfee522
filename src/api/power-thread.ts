import { parentPort, workerData } from 'node:worker_threads'
import { type PowerJob, workOutPower } from './power.ts'
import { goBehindOthers } from './priority.ts'

goBehindOthers()

// The whole life of this thread: the power of one plan.
parentPort?.postMessage(workOutPower(workerData as PowerJob, () => performance.now()))
