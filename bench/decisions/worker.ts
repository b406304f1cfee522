import { parentPort } from 'node:worker_threads'
import { calibrateOn } from './calibration.ts'
import type { Job } from './pool.ts'
import { simulate } from './sample.ts'

parentPort?.on('message', (job: Job) => parentPort?.postMessage(answer(job)))

function answer(job: Job): unknown {
  switch (job.kind) {
    case 'calibrate':
      return calibrateOn(job.scenario, job.seed, job.replays)
    case 'simulate':
      return simulate(job.batch)
  }
}
