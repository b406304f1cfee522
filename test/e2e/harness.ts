import { setTimeout as sleep } from 'node:timers/promises'
import { Client, isGrpcServiceError, WorkflowNotFoundError } from '@temporalio/client'
import type { TestWorkflowEnvironment } from '@temporalio/testing'
import type { Worker } from '@temporalio/worker'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import type { Notice } from '../../src/activities/activities.ts'
import type { ActivityDependencies, ReleaseDirectory, TargetAdapters } from '../../src/activities/dependencies.ts'
import { CHECK_KINDS } from '../../src/analysis/checks/index.ts'
import { SluiceError } from '../../src/domain/errors.ts'
import { type Plan, readPlan } from '../../src/domain/plan/plan.ts'
import type { TargetFacts } from '../../src/domain/plan/plan-context.ts'
import { STEP_KINDS } from '../../src/domain/plan/steps/index.ts'
import type { ReleaseCard } from '../../src/domain/release/release-card.ts'
import type { CommandVerb } from '../../src/domain/release/verbs.ts'
import type { TargetId } from '../../src/domain/target.ts'
import type { FlagStore } from '../../src/flags/flag-store.ts'
import { memoryStore } from '../../src/flags/memory.ts'
import { routerWithFlags } from '../../src/flags/router-with-flags.ts'
import { createDirectory } from '../../src/releases/directory.ts'
import type { Releases } from '../../src/releases/releases.ts'
import { createReleases } from '../../src/releases/temporal-releases.ts'
import { ALWAYS_ANEW } from '../../src/releases/views.ts'
import { NO_ROUTER } from '../../src/routers/no-router.ts'
import { createWorker } from '../../src/worker/create-worker.ts'
import type { LaneView, ReleaseResult } from '../../src/workflows/messages.ts'
import { recordHistories } from '../support/histories.ts'
import { unkeptEvents } from '../support/keepers.ts'
import { createMemoryRouterWorld, type MemoryRouterWorld } from '../support/memory-router.ts'
import { startTemporal, workflowBundle } from '../support/temporal.ts'
import { healthyScript, type Script, scriptedSource } from './scripted-source.ts'

export const AUTHOR = { person: 'alice', entrance: 'http' } as const
const POOLS = ['blue', 'green'] as const
const FLAGS = ['new-checkout', 'banner'] as const

/** A world around real workflows: a router in memory, scripted traffic, and people who command. */
export interface Stage {
  readonly env: TestWorkflowEnvironment
  readonly releases: Releases
  readonly router: MemoryRouterWorld
  readonly script: Script
  readonly notices: Notice[]
  /** Whether messages cannot be delivered at the moment. */
  readonly messenger: { isDown: boolean }
  /** Whether the flag store is away at the moment. */
  readonly flags: { isDown: boolean }
  /** Whether what the guard knows takes its time, and how often that is being asked now. */
  readonly looks: { isHeld: boolean; waiting: number }
  readonly flagStore: FlagStore
  readonly service: string
  readonly taskQueue: string
  /** A worker of its own; the stage ends those it started. */
  readonly startWorker: () => Promise<{ worker: Worker; stop: () => Promise<void> }>
  readonly stopWorkers: () => Promise<void>
  readonly start: (plan: Plan, options?: StartOptions) => Promise<string>
  readonly command: (
    releaseId: string,
    verb: CommandVerb,
    options?: Partial<Parameters<Releases['command']>[0]>,
  ) => Promise<string>
  readonly untilCard: (releaseId: string, wanted: (card: ReleaseCard) => boolean) => Promise<ReleaseCard>
  readonly untilLane: (wanted: (lane: LaneView) => boolean) => Promise<LaneView>
  readonly result: (releaseId: string) => Promise<ReleaseResult>
  /** Until a release that has waited has begun. */
  readonly untilBegun: (releaseId: string) => Promise<void>
  readonly close: () => Promise<void>
}

/** `longestHistory`: events after which the release goes on in a new run. */
type StartOptions = Partial<Parameters<Releases['start']>[0]> & { readonly longestHistory?: number }

let services = 0
let keys = 0
export const nextKey = () => `key-${(keys += 1)}`

type StageOptions = {
  readonly patience?: number
  /** A target without a router: the metrics tell apart who has the flag `new-checkout` (`on`) and who has not. */
  readonly isFlagOnly?: true
  /** Router and metrics of the tests' own, instead of those in memory. */
  readonly adaptersOf?: (target: TargetId) => TargetAdapters
} & Partial<Pick<ActivityDependencies, 'pagesOf' | 'outside' | 'readiness'>>

/** One server for all tests of a file, and a stage for each of them, which is handed over before it begins. */
export function stagePerTest(begin: (stage: Stage) => void, options: StageOptions = {}): void {
  let env: TestWorkflowEnvironment
  let stage: Stage
  beforeAll(async () => {
    env = await startTemporal()
  })
  afterAll(async () => {
    await env.teardown()
  })
  beforeEach(async () => {
    stage = await openStage(env, options)
    begin(stage)
  })
  afterEach(async () => {
    await stage.close()
  })
}

/** Each stage has a service of its own, so that stages share a server without meeting. */
export async function openStage(
  env: TestWorkflowEnvironment,
  { pagesOf, outside, readiness, adaptersOf: given, isFlagOnly, ...options }: StageOptions = {},
): Promise<Stage> {
  services += 1
  const service = `shop-${services}`
  const taskQueue = `queue-${services}`
  const router = createMemoryRouterWorld({ pools: [...POOLS], deadline: 300 })
  const script = healthyScript()
  const notices: Notice[] = []
  const messenger = { isDown: false }
  const flags = { isDown: false }
  const looks = { isHeld: false, waiting: 0 }
  const flagStore = memoryStore.open({ kind: 'memory', world: service, flags: [...FLAGS] }, { pools: [...POOLS] })
  const releases = createReleases({ client: env.client, taskQueue, times: ALWAYS_ANEW, ...options })
  const started: string[] = []
  const running: { worker: Worker; done: Promise<void> }[] = []

  const byFlags = (): TargetAdapters => ({
    pools: ['off', 'on'],
    router: routerWithFlags(NO_ROUTER, brokenWhen(flagStore, flags)),
    metrics: { scripted: scriptedSource(script, { observe: () => whoHas(flagStore) }) },
  })
  const adaptersOf =
    given ??
    (isFlagOnly
      ? byFlags
      : (): TargetAdapters => ({
          pools: [...POOLS],
          router: routerWithFlags(router.connect(), brokenWhen(flagStore, flags)),
          metrics: { scripted: scriptedSource(script, router) },
        }))

  async function startWorker() {
    const worker = await createWorker({
      ...{ connection: env.nativeConnection, client: env.client, namespace: env.namespace ?? 'default', taskQueue },
      workflowBundle: await workflowBundle(),
      dependencies: {
        adaptersOf,
        ...(pagesOf !== undefined && { pagesOf }),
        ...(outside !== undefined && { outside }),
        ...(readiness !== undefined && { readiness }),
        directory: { ...slowLooks(createDirectory(env.client), looks), ...(env.supportsTimeSkipping && WITHOUT_LIST) },
        notifier: {
          async tell(notice) {
            if (messenger.isDown) throw new Error('the messenger is away')
            notices.push(notice)
            return `message-of-${notice.releaseId}`
          },
        },
      },
    })
    const done = worker.run()
    running.push({ worker, done })
    const stop = async () => {
      if (worker.getState() === 'RUNNING') worker.shutdown()
      await done
    }
    return { worker, stop }
  }

  async function stopWorkers() {
    for (const { worker, done } of running) {
      if (worker.getState() === 'RUNNING') worker.shutdown()
      await done
    }
  }

  const stage: Stage = {
    ...{ env, releases, router, script, notices, messenger, flags, looks, flagStore },
    ...{ service, taskQueue, startWorker, stopWorkers },
    async start(plan, { longestHistory, ...options } = {}) {
      const request = {
        plan,
        version: '2.4.0',
        author: AUTHOR,
        reason: '',
        key: nextKey(),
        whenBusy: 'reject',
      } as const
      const facade =
        longestHistory === undefined
          ? releases
          : createReleases({ client: withShortRuns(env, longestHistory), taskQueue, times: ALWAYS_ANEW })
      const { releaseId } = await facade.start({ ...request, ...options })
      started.push(releaseId)
      return releaseId
    },
    async command(releaseId, verb, options = {}) {
      const actor = { person: 'bob', entrance: 'cli' } as const
      const request = { verb, releaseId, step: null, key: nextKey(), actor, reason: '', ...options }
      return (await releases.command(request)).text
    },
    untilCard: (releaseId, wanted) => until(() => releases.show(releaseId), wanted),
    untilLane: (wanted) => until(() => releases.lane({ service, environment: 'production' }), wanted),
    async untilBegun(releaseId) {
      await until(
        async () => (await createDirectory(env.client).endOf(releaseId, false)).kind,
        (kind) => kind !== 'gone',
      )
    },
    result: (releaseId) => env.client.workflow.getHandle(releaseId).result(),
    async close() {
      for (const id of started) expect(await unkept(env, id), `${id} had nobody at its router`).toEqual([])
      if (process.env['SLUICE_RECORD'] !== undefined) await recordHistories(env, started)
      await stopWorkers()
    },
  }
  await startWorker()
  return stage
}

/** Who has the flag, as a metric source that knows it would tell them apart. */
async function whoHas(store: FlagStore) {
  const { flags } = await store.read(['new-checkout'], new AbortController().signal)
  const { weight, cohorts } = flags['new-checkout'] ?? { weight: 0, cohorts: [] }
  return {
    split: { off: 10_000 - weight, on: weight },
    cohorts: Object.fromEntries(cohorts.map((name) => [name, 'on'])),
  }
}

/** The store, or one that nobody answers for as long as it is down. */
function brokenWhen(store: FlagStore, state: { readonly isDown: boolean }): FlagStore {
  const refuse = () => {
    throw new SluiceError('flag.unreachable', { message: 'the flag store did not answer', fix: 'wait' })
  }
  return {
    ...store,
    read: async (names, signal) => (state.isDown ? refuse() : store.read(names, signal)),
    apply: async (wish, signal, permit) => (state.isDown ? refuse() : store.apply(wish, signal, permit)),
    // The store outlives the workers of a test.
    close: async () => {},
  }
}

/** A directory that tells what the guard knows only once nobody holds it back. */
function slowLooks(directory: ReleaseDirectory, looks: Stage['looks']): ReleaseDirectory {
  return {
    ...directory,
    async guardStateOf(releaseId) {
      looks.waiting += 1
      while (looks.isHeld) await sleep(20)
      looks.waiting -= 1
      return directory.guardStateOf(releaseId)
    },
  }
}

/** A client whose releases go on in new runs after so many events: no entrance of the product offers that. */
function withShortRuns(env: TestWorkflowEnvironment, longestHistory: number): Client {
  const { connection, options } = env.client
  return new Client({
    ...{ connection, namespace: options.namespace },
    interceptors: {
      workflow: [
        {
          startUpdateWithStart: (input, next) => {
            const updateArgs = input.updateArgs.map((arg) => Object.assign({}, arg, { longestHistory }))
            return next({ ...input, updateArgs })
          },
        },
      ],
    },
  })
}

const NOT_FOUND = 5

/** Where a release left its exposure alone; one that never began or was never there has none. */
async function unkept(env: TestWorkflowEnvironment, releaseId: string): Promise<readonly string[]> {
  try {
    return unkeptEvents(await env.client.workflow.getHandle(releaseId).fetchHistory())
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || (isGrpcServiceError(error) && error.code === NOT_FOUND)) return []
    throw error
  }
}

/** The time-skipping server lists nothing; each stage's lane is the first of its target there. */
const WITHOUT_LIST = { findReleases: async () => ({ open: [], highest: 0 }), lostLane: async () => null }

export async function until<T>(look: () => Promise<T>, wanted: (seen: T) => boolean): Promise<T> {
  const deadline = performance.now() + 60_000
  for (;;) {
    const seen = await look()
    if (wanted(seen)) return seen
    if (performance.now() > deadline) throw new Error(`not seen in time; seen last: ${JSON.stringify(seen, null, 1)}`)
    await sleep(50)
  }
}

/** Reads a plan for a stage's target. */
export function planFor(
  stage: Pick<Stage, 'service'>,
  source: Record<string, unknown>,
  facts: Partial<TargetFacts> = {},
): Plan {
  const capabilities = {
    weightStep: 1,
    cohorts: true,
    sticky: 'hash',
    readBack: 'config',
    atomic: true,
    survivesRestart: true,
    health: true,
  } as const
  const read = readPlan(
    { service: stage.service, environment: 'production', interval: '1s', ...source },
    {
      stepKinds: STEP_KINDS,
      checkKinds: CHECK_KINDS,
      targets: [],
      target: () => ({
        router: { kind: 'memory', capabilities },
        metrics: { scripted: { counts: true, latency: true, queries: null, records: false } },
        groups: { owners: ['alice', 'bob', 'carol'] },
        flags: { kind: 'memory', capabilities: memoryStore.capabilities, names: FLAGS },
        ...facts,
      }),
    },
  )
  if ('plan' in read) return read.plan
  throw new Error(`the test's plan has problems: ${JSON.stringify(read.problems)}`)
}

export const ERRORS = { errors: { errorRate: { notWorseThan: '1.5x', minRequests: 20 } } }
export const LATENCY = { latency: { latency: { quantiles: ['p95', 'p99'], notWorseThan: '1.25x', minRequests: 20 } } }
