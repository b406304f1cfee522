import { fileURLToPath } from 'node:url'
import { TestWorkflowEnvironment } from '@temporalio/testing'
import { bundleWorkflowCode, DefaultLogger, Runtime, type WorkflowBundleWithSourceMap } from '@temporalio/worker'
import { addSearchAttributes, ensureSearchAttributes } from '../../src/worker/namespace.ts'

// Workers say when they start and stop; nobody reads that in a test.
const logger = new DefaultLogger('ERROR')
Runtime.install({ logger })

/** Where the set-up put the servers; `npm test` exports both. */
const CLI = process.env['SLUICE_TEMPORAL_CLI']
const TIME_SKIPPING = process.env['SLUICE_TEST_SERVER']

/** A real Temporal server with our search attributes, in memory or on a file. */
export async function startTemporal(
  options: { dbFilename?: string; extraArgs?: string[] } = {},
): Promise<TestWorkflowEnvironment> {
  const server = { ...existing('SLUICE_TEMPORAL_CLI', CLI), ...options }
  const env = await TestWorkflowEnvironment.createLocal({ server })
  await ensureSearchAttributes(env.connection, env.namespace ?? 'default')
  return env
}

/** The time-skipping server: days pass in seconds, but nothing can be listed. */
export async function startTimeSkipping(): Promise<TestWorkflowEnvironment> {
  const env = await TestWorkflowEnvironment.createTimeSkipping({
    server: existing('SLUICE_TEST_SERVER', TIME_SKIPPING),
  })
  await addSearchAttributes(env.connection, env.namespace ?? 'default')
  return env
}

function existing(variable: string, path: string | undefined) {
  if (path === undefined) throw new Error(`${variable} is not set: run the tests with npm test`)
  return { executable: { type: 'existing-path' as const, path } }
}

let bundle: Promise<WorkflowBundleWithSourceMap> | undefined

/** The workflows, bundled once per test process from the sources. */
export function workflowBundle(): Promise<WorkflowBundleWithSourceMap> {
  const moduleOf = (name: string) => fileURLToPath(new URL(`../../src/workflows/${name}.ts`, import.meta.url))
  bundle ??= bundleWorkflowCode({
    workflowsPath: moduleOf('index'),
    workflowInterceptorModules: [moduleOf('interceptors')],
    logger,
  })
  return bundle
}
