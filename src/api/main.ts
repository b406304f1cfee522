#!/usr/bin/env node
import { ADAPTERS, factsFor, planContextFor } from '../catalog.ts'
import { withAdmin } from '../config/admin.ts'
import { checkPipelines } from '../config/chosen-pipeline.ts'
import { type Environment, loadInstallation, readEnvironment, registeredPlans } from '../config/environment.ts'
import { startUnlessAsked } from '../config/help.ts'
import type { Installation } from '../config/installation.ts'
import { readPipeline } from '../domain/pipeline/read-pipeline.ts'
import { readPlan } from '../domain/plan/plan.ts'
import type { Milliseconds } from '../domain/units.ts'
import { connectTemporal } from '../releases/connection.ts'
import { createPipelines } from '../releases/temporal-pipelines.ts'
import { createReleases } from '../releases/temporal-releases.ts'
import type { SlackOptions } from '../slack/app.ts'
import { createLogger } from '../telemetry/logger.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { assertSafeBinding } from './binding.ts'
import { calibrateInThread } from './calibration-runner.ts'
import type { ApiDependencies } from './dependencies.ts'
import { createForesight } from './foresight.ts'
import { createWarmUpLearner } from './learned-warm-up.ts'
import { createPlanReader } from './plan-reader.ts'
import { powerInThread } from './power.ts'
import { bothPools, createLookout, createRecorder, createReleaseRecorder } from './recorder.ts'
import { servedFlagsOf } from './served-flags.ts'
import { createServer } from './server.ts'
import { catchStrays } from './strays.ts'

const log = createLogger('api')

/** How long requests may take to end once the process is told to, in milliseconds. */
const LONGEST_CLOSE: Milliseconds = 5_000

/** An API process: no state of its own, so any number may run side by side. */
async function main(): Promise<void> {
  const environment = readEnvironment(process.env)
  const listed = await loadInstallation(environment.SLUICE_CONFIG, ADAPTERS)
  const installation = withAdmin(listed, environment.SLUICE_ADMIN_TOKEN_SHA256)
  assertSafeBinding(environment.SLUICE_HOST, installation)
  const client = connectTemporal(environment.TEMPORAL_ADDRESS, environment.TEMPORAL_NAMESPACE)
  const releases = createReleases({ client, taskQueue: environment.SLUICE_TASK_QUEUE })
  const metrics = createMetrics()
  const context = planContextFor(installation)
  const plans = createPlanReader({ config: environment.SLUICE_CONFIG, context })
  const registeredPlan = registeredPlans(installation, environment.SLUICE_CONFIG)
  // A window that is over by now is said at the start of its pipeline; it keeps no API from the way back of others.
  const { windowProblem: _, ...timeless } = context
  const readOwnPlan = async (written: unknown) => readPlan(written, timeless)
  await checkPipelines(installation, (written) =>
    readPipeline(written, { ...timeless, readPlan: readOwnPlan, registeredPlan }),
  )
  const recordTraffic = createRecorder(installation, ADAPTERS, bothPools)
  const recordRelease = createReleaseRecorder(installation, ADAPTERS)
  const shared = {
    releases,
    pipelines: createPipelines({ client, taskQueue: environment.SLUICE_TASK_QUEUE, releases }),
    installation,
    readPlan: plans.read,
    readPipeline: (written: unknown) => readPipeline(written, { ...context, readPlan: plans.read, registeredPlan }),
    plans: registeredPlan,
    foresee: createForesight({ recordTraffic, runPower: powerInThread, now: Date.now }),
    learnWarmUp: createWarmUpLearner({ releases, recordRelease, now: Date.now }),
    now: Date.now,
  }
  const slack = await createSlackIfConfigured(environment, installation, {
    ...shared,
    metrics: metrics.slack,
    logger: log,
  })
  const server = createServer({
    ...shared,
    factsOf: (target) => factsFor(installation, target),
    metrics,
    logger: log,
    record: createRecorder(installation, ADAPTERS),
    recordRelease,
    recordTraffic,
    seeTraffic: createLookout(installation, ADAPTERS),
    runCalibration: calibrateInThread,
    runPower: powerInThread,
    servedFlags: servedFlagsOf(installation, ADAPTERS, (sentence) => log.error(sentence)),
    ...(slack !== null && { mount: slack.mount }),
  })
  catchStrays(process, log)
  await server.listen({ host: environment.SLUICE_HOST, port: environment.SLUICE_PORT })
  plans.begin()
  process.send?.('ready')
  const close = () => {
    // A request that nobody ends must not keep the process when all others have been answered.
    setTimeout(() => process.exit(0), LONGEST_CLOSE).unref()
    void server.close().then(() => process.exit(0))
  }
  process.once('SIGTERM', close)
  process.once('disconnect', close)
  process.once('SIGINT', () => {
    if (!process.connected) close()
  })
}

async function createSlackIfConfigured(
  environment: Environment,
  installation: Installation,
  shared: Pick<
    ApiDependencies,
    'releases' | 'pipelines' | 'readPlan' | 'readPipeline' | 'plans' | 'foresee' | 'learnWarmUp'
  > &
    Pick<SlackOptions, 'metrics' | 'logger'>,
) {
  const { SLUICE_SLACK_SIGNING_SECRET: signingSecret, SLUICE_SLACK_BOT_TOKEN: botToken } = environment
  if (signingSecret === undefined || botToken === undefined) return null
  const { createSlack } = await import('../slack/app.ts')
  return createSlack({ signingSecret, botToken, installation, ...shared })
}

await startUnlessAsked(
  { role: 'API', command: 'sluice-api', what: 'The HTTP API of Sluice, and the address that Slack calls.' },
  main,
  log,
)
