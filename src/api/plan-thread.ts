import { parentPort, workerData } from 'node:worker_threads'
import { ADAPTERS, planContextFor } from '../catalog.ts'
import { loadInstallation } from '../config/environment.ts'
import { readPlan } from '../domain/plan/plan.ts'
import type { PlanAnswer, PlanJob } from './plan-reader.ts'
import { goBehindOthers } from './priority.ts'

goBehindOthers()

// The whole life of this thread: one plan after the other, for the installation that it was started with.
const { config } = workerData as { readonly config: string }
const context = planContextFor(await loadInstallation(config, ADAPTERS))
parentPort?.postMessage('ready')
parentPort?.on('message', ({ id, written }: PlanJob) => {
  const read: PlanAnswer = { id, read: JSON.stringify(readPlan(JSON.parse(written), context)) }
  parentPort?.postMessage(read)
})
