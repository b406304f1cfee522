import { fileURLToPath } from 'node:url'
import type { Client } from '@temporalio/client'
import { type NativeConnection, Worker, type WorkflowBundleOption } from '@temporalio/worker'
import { createActivities } from '../activities/create-activities.ts'
import type { ActivityDependencies } from '../activities/dependencies.ts'
import { workOutPower } from '../api/power.ts'
import { NO_CALENDARS } from '../calendars/calendars.ts'
import { NOTHING_OUTSIDE } from '../hooks/create-outside.ts'
import { createDirectory } from '../releases/directory.ts'
import { createReleases } from '../releases/temporal-releases.ts'
import { ALWAYS_ANEW } from '../releases/views.ts'

interface WorkerParts {
  readonly connection: NativeConnection
  readonly client: Client
  readonly namespace: string
  readonly taskQueue: string
  /** The workflows as built by `npm run build`; bundled on the spot when absent. */
  readonly workflowBundle?: WorkflowBundleOption
  /**
   * The directory is Temporal's own but for what is given instead, e.g. for a server that cannot list. Without `pagesOf`
   * there are no named windows, without `outside` no calls, without `readiness` nothing of the past.
   */
  readonly dependencies: Omit<ActivityDependencies, 'directory' | 'releases' | 'pagesOf' | 'outside' | 'readiness'> & {
    readonly readiness?: ActivityDependencies['readiness']
    readonly pagesOf?: ActivityDependencies['pagesOf']
    readonly outside?: ActivityDependencies['outside']
    readonly directory?: Partial<ActivityDependencies['directory']>
  }
}

const NO_SOURCES: ActivityDependencies['readiness'] = {
  configHashOf: () => '',
  consumesOf: () => null,
  trafficOf: async () => null,
  runPower: async (job) => workOutPower(job, () => performance.now()),
}

/** How many tasks of a kind a worker asks for at a time; the least that leaves room for cached workflows. */
const POLLS = 2

/** A worker of one namespace with everything injected. */
export function createWorker(parts: WorkerParts): Promise<Worker> {
  const { connection, client, namespace, taskQueue, workflowBundle, dependencies } = parts
  const activities = createActivities({
    pagesOf: NO_CALENDARS.pagesOf,
    outside: NOTHING_OUTSIDE,
    readiness: NO_SOURCES,
    ...dependencies,
    releases: createReleases({ client, taskQueue, times: ALWAYS_ANEW }),
    directory: { ...createDirectory(client), ...dependencies.directory },
  })
  const workflows =
    workflowBundle === undefined
      ? { workflowsPath: workflowModule('index'), interceptors: { workflowModules: [workflowModule('interceptors')] } }
      : { workflowBundle }
  return Worker.create({
    connection,
    namespace,
    taskQueue,
    activities: { ...activities },
    ...workflows,
    // After a worker was killed its cached workflows wait this long before another worker takes them.
    stickyQueueScheduleToStartTimeout: '1s',
    // A write hears of its cancellation with its next heartbeat.
    maxHeartbeatThrottleInterval: '500ms',
    shutdownGraceTime: '5s',
    // A frozen worker takes as many tasks with it as it has asked for, and each one has to time out.
    maxConcurrentWorkflowTaskPolls: POLLS,
    maxConcurrentActivityTaskPolls: POLLS,
  })
}

function workflowModule(name: string): string {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return fileURLToPath(new URL(`../workflows/${name}.${ending}`, import.meta.url))
}
