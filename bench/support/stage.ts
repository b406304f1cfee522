import { join } from 'node:path'
import { TestWorkflowEnvironment } from '@temporalio/testing'
import { DefaultLogger, Runtime } from '@temporalio/worker'
import type { ActivityDependencies } from '../../src/activities/dependencies.ts'
import type { Plan } from '../../src/domain/plan/plan.ts'
import { USUAL_DRIFT, USUAL_FLOOR } from '../../src/domain/plan/plan-policies.ts'
import { createReleases } from '../../src/releases/temporal-releases.ts'
import { createWorker } from '../../src/worker/create-worker.ts'
import { addSearchAttributes } from '../../src/worker/namespace.ts'

type Dependencies = Parameters<typeof createWorker>[0]['dependencies']

/** A real Temporal server, one worker with the given adapters, and the façade. */
export async function openBench(kind: 'real' | 'time-skipping', dependencies: Dependencies) {
  Runtime.install({ logger: new DefaultLogger('ERROR') })
  const env = await startServer(kind)
  const namespace = env.namespace ?? 'default'
  await addSearchAttributes(env.connection, namespace)
  const taskQueue = 'bench'
  const worker = await createWorker({
    ...{ connection: env.nativeConnection, client: env.client, namespace, taskQueue, dependencies },
    workflowBundle: { codePath: join(process.cwd(), 'dist', 'workflow-bundle.js') },
  })
  const done = worker.run()
  return {
    env,
    releases: createReleases({ client: env.client, taskQueue }),
    async close() {
      worker.shutdown()
      await done
      await env.teardown()
    },
  }
}

function startServer(kind: 'real' | 'time-skipping'): Promise<TestWorkflowEnvironment> {
  const variable = kind === 'real' ? 'SLUICE_TEMPORAL_CLI' : 'SLUICE_TEST_SERVER'
  const path = process.env[variable]
  if (path === undefined) throw new Error(`${variable} is not set: run this with npm run bench`)
  const server = { executable: { type: 'existing-path' as const, path } }
  return kind === 'real'
    ? TestWorkflowEnvironment.createLocal({ server })
    : TestWorkflowEnvironment.createTimeSkipping({ server })
}

export const QUIET_NOTIFIER: ActivityDependencies['notifier'] = { tell: async () => null }

/** A plan of two exposures with one bake between them. */
export function twoStepPlan(parts: Pick<Plan, 'checks' | 'interval'> & { bake: number; weight: number }): Plan {
  const { checks, interval, bake, weight } = parts
  return {
    ...{ service: 'checkout', environment: 'production', checks, interval, errorBudget: 0.01 },
    onFail: 'rollback',
    onInconclusive: { holdFor: 900_000, then: 'pause' },
    onDrift: USUAL_DRIFT,
    floor: USUAL_FLOOR,
    steps: [
      { kind: 'weight', label: 'weight' },
      { kind: 'bake', label: 'bake' },
      { kind: 'weight', label: 'weight 100%' },
    ],
    actions: [
      { kind: 'expose', step: 1, label: 'weight', exposure: { weight, cohorts: [] } },
      { kind: 'bake', step: 2, label: 'bake', duration: bake, until: 'time' },
      { kind: 'expose', step: 3, label: 'weight 100%', exposure: { weight: 10_000, cohorts: [] } },
    ],
  }
}

export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}
