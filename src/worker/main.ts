#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { NativeConnection, Runtime } from '@temporalio/worker'
import type { Notifier } from '../activities/notifier.ts'
import { ADAPTERS } from '../catalog.ts'
import { type Environment, loadInstallation, readEnvironment } from '../config/environment.ts'
import { startUnlessAsked } from '../config/help.ts'
import type { Installation } from '../config/installation.ts'
import { describeError } from '../domain/errors.ts'
import { createOutside } from '../hooks/create-outside.ts'
import { createLogger } from '../telemetry/logger.ts'
import { createAdapterPool } from './adapters.ts'
import { createWorker } from './create-worker.ts'
import { watchLostLanes } from './lost-lanes.ts'
import { ensureSearchAttributes } from './namespace.ts'
import { createReadinessSources } from './readiness-sources.ts'
import { slackDeliveries } from './slack-deliveries.ts'

/** A worker process: reads its settings, builds the adapters, and works until it is told to stop. */
async function main(): Promise<void> {
  // While there is nothing to drain, the end of the tree is the end of this process: it may wait for Temporal without end.
  const leave = () => process.exit(0)
  process.once('disconnect', leave)
  if (process.send !== undefined && !process.connected) leave()
  const environment = readEnvironment(process.env)
  const installation = await loadInstallation(environment.SLUICE_CONFIG, ADAPTERS)
  installRuntime(environment)
  const { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace } = environment
  const connection = await connectPatiently(() => Connection.connect({ address }))
  await ensureSearchAttributes(connection, namespace)
  const client = new Client({ connection, namespace })
  const adapters = createAdapterPool(installation, ADAPTERS)
  const bundle = environment.SLUICE_WORKFLOW_BUNDLE ?? builtBundle()
  const worker = await createWorker({
    ...{ client, namespace, taskQueue: environment.SLUICE_TASK_QUEUE },
    connection: await NativeConnection.connect({ address }),
    ...(bundle !== undefined && { workflowBundle: { codePath: bundle } }),
    dependencies: {
      adaptersOf: adapters.adaptersOf,
      pagesOf: installation.calendars.pagesOf,
      outside: createOutside({ installation, variables: process.env, now: Date.now }),
      readiness: createReadinessSources(installation, ADAPTERS),
      notifier: await createNotifier(environment, installation),
    },
  })
  process.off('disconnect', leave)
  process.once('disconnect', () => worker.shutdown())
  const leaving = new AbortController()
  const lanes = watchLostLanes(
    {
      ...{ client, taskQueue: environment.SLUICE_TASK_QUEUE, now: Date.now },
      isTarget: (target) => installation.find(target) !== null,
      onError: (error) => log.warn({ error: describeError(error) }, 'Temporal does not say which lanes were lost'),
    },
    leaving.signal,
  )
  process.send?.('ready')
  await worker.run()
  leaving.abort()
  await lanes
  await adapters.close()
  await connection.close()
  // The last handles belong to native code; the work is done and drained here.
  process.exit(0)
}

/** The workflows as the build has put them beside us; none where the sources run as they are. */
function builtBundle(): string | undefined {
  const path = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url))
  return existsSync(path) ? path : undefined
}

function installRuntime({ SLUICE_WORKER_METRICS: bindAddress }: Environment): void {
  if (bindAddress === undefined) return
  Runtime.install({ telemetryOptions: { metrics: { prometheus: { bindAddress } } } })
}

const log = createLogger('worker')

/** Temporal may start after its workers: asks again until it is there. */
async function connectPatiently<T>(connect: () => Promise<T>): Promise<T> {
  for (let pause = 250; ; pause = Math.min(5_000, pause * 2)) {
    try {
      return await connect()
    } catch (error) {
      log.warn({ error: describeError(error) }, 'Temporal is not there yet')
      await sleep(pause)
    }
  }
}

async function createNotifier(environment: Environment, { slack }: Installation): Promise<Notifier> {
  const token = environment.SLUICE_SLACK_BOT_TOKEN
  if (token === undefined || slack === null) return logNotifier
  const { createSlackNotifier } = await import('../slack/notifier.ts')
  const metrics = slackDeliveries(Runtime.instance().metricMeter)
  return createSlackNotifier({
    botToken: token,
    channel: slack.channel,
    ...(slack.channels !== undefined && { channels: slack.channels }),
    metrics,
  })
}

/** Without Slack the messages go to the log: they are in the release's story as well. */
const logNotifier: Notifier = {
  async tell({ releaseId, text, level, to }) {
    log.info({ releaseId, level, ...(to !== undefined && { to }) }, text)
    return null
  },
}

await startUnlessAsked(
  { role: 'worker', command: 'sluice-worker', what: 'Carries out releases: talks to routers and metric sources.' },
  main,
  log,
)
