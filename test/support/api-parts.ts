import { workOut } from '../../src/api/calibration.ts'
import type { ApiDependencies } from '../../src/api/dependencies.ts'
import { workOutPower } from '../../src/api/power.ts'
import { requireTarget } from '../../src/config/targets.ts'
import { readPipeline } from '../../src/domain/pipeline/read-pipeline.ts'
import { readPlan } from '../../src/domain/plan/plan.ts'
import type { TargetId } from '../../src/domain/target.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { CONTEXT, DEMO_FACTS, demoInstallation, PLAN } from './demo-installation.ts'
import { createFakePipelines } from './fake-pipelines.ts'
import { createFakeReleases } from './fake-releases.ts'

/** Reads plans against the demo installation. */
export const readDemoPlan = async (written: unknown) => readPlan(written, CONTEXT)

/** The same for pipelines; each target has the plan of the demo. */
export const readDemoPipeline = (written: unknown) =>
  readPipeline(written, { ...CONTEXT, readPlan: readDemoPlan, registeredPlan: async () => PLAN })

function factsOfDemo(target: TargetId) {
  requireTarget(demoInstallation(), target)
  return DEMO_FACTS
}

const noPast = async () => ({ kind: 'noData', reason: 'nothing was recorded here' }) as const

/** All that the API is built from, in this process: nothing real, no past, and whatever a test puts in its place. */
export function apiParts(more: Partial<ApiDependencies> = {}): ApiDependencies {
  return {
    releases: createFakeReleases(),
    pipelines: createFakePipelines(),
    readPipeline: readDemoPipeline,
    installation: demoInstallation(),
    readPlan: readDemoPlan,
    factsOf: factsOfDemo,
    plans: async () => PLAN,
    metrics: createMetrics({ isBare: true }),
    record: noPast,
    recordRelease: noPast,
    recordTraffic: noPast,
    seeTraffic: noPast,
    runCalibration: async (job) => workOut(job),
    runPower: async (job) => workOutPower(job, Date.now),
    foresee: async () => [],
    learnWarmUp: async () => ({ notes: [] }),
    now: Date.now,
    ...more,
  }
}
