import type { RouterCapabilities } from '../domain/capabilities.ts'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { FULL_WEIGHT, type BasisPoints, type Milliseconds } from '../domain/units.ts'
import type { ErrorCode } from '../domain/error-codes.ts'
import { SluiceError } from '../domain/errors.ts'
import { defineRouter } from './define.ts'
import type { DesiredRouting, ObservedRouting, Router } from './router.ts'
import { checkFence, checkWish, pinsOf, splitOf } from './wish.ts'

const CAPABILITIES: RouterCapabilities = {
  weightStep: 1,
  cohorts: true,
  sticky: 'hash',
  readBack: 'config',
  atomic: true,
  survivesRestart: false,
}

/**
 * A fault for the next calls of one method.
 *
 * - `fail`: throws `code` (`router.unreachable` when absent) and changes nothing.
 * - `hang`: no answer until the signal aborts or the deadline passes.
 * - `applyThenTimeout`: the write lands, the answer does not: `router.unreachable`.
 * - `lateApply`: as `hang`, and the write lands when the world is told to {@link MemoryRouterWorld.landLateWrites}.
 */
export type MemoryRouterFault =
  | { readonly call: 'read'; readonly kind: 'fail' | 'hang'; readonly code?: ErrorCode; readonly times?: number }
  | {
      readonly call: 'apply'
      readonly kind: 'fail' | 'hang' | 'applyThenTimeout' | 'lateApply'
      readonly code?: ErrorCode
      readonly times?: number
    }

/** The routing that several adapters of one process share, and the knobs of a test. */
export interface MemoryRouterWorld {
  readonly pools: readonly [string, string]
  /** How long a hanging call waits before it throws `router.unreachable`. */
  readonly deadline: Milliseconds
  /** True when `served` is reported. */
  readonly reportsTraffic: boolean
  readonly sticky: RouterCapabilities['sticky']
  /** The routing now, as a new object. */
  observe(): ObservedRouting
  /** Every wish that landed, oldest first. */
  readonly landed: readonly DesiredRouting[]
  /** Changes the routing past every adapter, as a foreign hand would; the fence stays. */
  meddle(change: Partial<Pick<ObservedRouting, 'split' | 'cohorts'>>): void
  /** Forgets everything, as a router without state does: all users on the first pool, no fence. */
  restart(): void
  /** Queues a fault. Faults of one method happen in the order in which they came. */
  inject(fault: MemoryRouterFault): void
  /** Drops the faults that have not happened. */
  heal(): void
  /** Lets cut-off writes land, whatever is newer: the worst that a frozen router does. Returns how many there were. */
  landLateWrites(): number
  /** Sends one request: the pool for a user in `bucket` (0 to 9999) and perhaps in a cohort. */
  serve(bucket: number, cohort?: string): string
}

type QueuedFault = MemoryRouterFault & { left: number }

/** Makes a world of two pools, all users on the first. */
export function createMemoryRouterWorld(settings: {
  readonly pools: readonly [string, string]
  readonly deadline?: Milliseconds
  readonly reportsTraffic?: boolean
  readonly sticky?: RouterCapabilities['sticky']
}): MemoryRouterWorld & MemoryRouterCore {
  const { pools, deadline = 2_000, reportsTraffic = false, sticky = CAPABILITIES.sticky } = settings
  const faults: QueuedFault[] = []
  const landed: DesiredRouting[] = []
  let late: DesiredRouting[] = []
  let restarts = 0
  let served: Record<string, number> = {}
  let routing = untouched(pools)
  const land = (wish: DesiredRouting) => {
    routing = { split: splitOf(wish), cohorts: pinsOf(wish), fence: wish.fence }
    landed.push(wish)
  }
  return {
    pools,
    deadline,
    reportsTraffic,
    sticky,
    landed,
    observe: () => ({
      ...structuredClone(routing),
      flaw: null,
      incarnation: `memory-${restarts}`,
      served: reportsTraffic ? { [pools[0]]: 0, [pools[1]]: 0, ...served } : null,
    }),
    meddle: (change) => {
      routing = { ...routing, ...structuredClone(change) }
    },
    restart: () => {
      restarts += 1
      routing = untouched(pools)
      served = {}
    },
    inject: (fault) => void faults.push({ ...fault, left: fault.times ?? 1 }),
    heal: () => void faults.splice(0),
    landLateWrites: () => {
      const writes = late
      late = []
      for (const wish of writes) land(wish)
      return writes.length
    },
    serve: (bucket, cohort) => {
      const pool = poolFor(routing, pools, bucket, cohort)
      served[pool] = (served[pool] ?? 0) + 1
      return pool
    },
    land,
    landLater: (wish) => void late.push(wish),
    nextFault: (call) => takeFault(faults, call),
  }
}

/** An adapter over a world; as many as wanted may share one. */
export function createMemoryRouter(world: MemoryRouterWorld & MemoryRouterCore): Router {
  const readBack = world.reportsTraffic ? ('traffic' as const) : ('config' as const)
  const capabilities: RouterCapabilities = { ...CAPABILITIES, sticky: world.sticky, readBack }
  return {
    capabilities,
    async read(signal) {
      signal.throwIfAborted()
      await suffer(world, world.nextFault('read'), signal)
      return world.observe()
    },
    async apply(wish, signal, permit) {
      signal.throwIfAborted()
      checkWish(wish, world.pools, capabilities)
      permit?.()
      const fault = world.nextFault('apply')
      if (fault?.kind === 'lateApply') world.landLater(wish)
      if (fault?.kind !== 'applyThenTimeout') await suffer(world, fault, signal)
      checkFence(wish.fence, world.observe().fence)
      permit?.()
      world.land(wish)
      if (fault?.kind === 'applyThenTimeout') throw unreachable('no answer came, though the change has landed')
      return { warning: null }
    },
    async close() {},
  }
}

/** The world of that name in this process, made at the first call. Throws `router.misconfigured` when its pools differ. */
export function memoryRouterWorld(
  name: string,
  pools: readonly [string, string],
): MemoryRouterWorld & MemoryRouterCore {
  const world = worlds.get(name) ?? createMemoryRouterWorld({ pools })
  worlds.set(name, world)
  if (world.pools.join() === pools.join()) return world
  throw new SluiceError('router.misconfigured', {
    message: `two targets share the memory router \`${name}\``,
    expected: `the pools ${world.pools.join(' and ')}`,
    received: `the pools ${pools.join(' and ')}`,
    fix: 'give each target a memory router with a name of its own',
  })
}

/** Splits no traffic: a dry run, and a double for tests. The state lives in this process. */
export const memoryRouter = defineRouter({
  kind: 'memory',
  options: z.strictObject({
    kind: z.literal('memory'),
    /** Name of the state in this process; targets with the same name share it. */
    world: z.string().min(1),
  }),
  capabilities: CAPABILITIES,
  summary: 'Keeps the split in the memory of one process and moves no traffic: for dry runs and tests.',
  create: (options, context) => createMemoryRouter(memoryRouterWorld(options.world, context.pools)),
})

/** What an adapter needs of a world beyond what tests see. */
export interface MemoryRouterCore {
  land(wish: DesiredRouting): void
  landLater(wish: DesiredRouting): void
  nextFault(call: 'read' | 'apply'): MemoryRouterFault | undefined
}

const worlds = new Map<string, MemoryRouterWorld & MemoryRouterCore>()

type Routing = Pick<ObservedRouting, 'split' | 'cohorts' | 'fence'>

function untouched(pools: readonly [string, string]): Routing {
  return { split: { [pools[0]]: FULL_WEIGHT, [pools[1]]: 0 }, cohorts: {}, fence: null }
}

/** The second pool takes the buckets below its share, so its users only grow while its share grows. */
function poolFor(routing: Routing, pools: readonly [string, string], bucket: BasisPoints, cohort?: string): string {
  const pinned = cohort === undefined ? undefined : routing.cohorts[cohort]
  return pinned ?? (bucket < (routing.split[pools[1]] ?? 0) ? pools[1] : pools[0])
}

function takeFault(faults: QueuedFault[], call: 'read' | 'apply'): MemoryRouterFault | undefined {
  const fault = faults.find((queued) => queued.call === call)
  if (fault === undefined) return undefined
  fault.left -= 1
  if (fault.left <= 0) faults.splice(faults.indexOf(fault), 1)
  return fault
}

async function suffer(world: MemoryRouterWorld, fault: MemoryRouterFault | undefined, signal: AbortSignal) {
  if (fault === undefined) return
  if (fault.kind === 'fail') {
    throw new SluiceError(fault.code ?? 'router.unreachable', { message: 'the memory router was told to fail' })
  }
  await delay(world.deadline, undefined, { signal, ref: false }).catch(() => signal.throwIfAborted())
  throw unreachable(`no answer within ${world.deadline} ms`)
}

function unreachable(received: string): SluiceError {
  return new SluiceError('router.unreachable', {
    message: 'the memory router did not answer',
    expected: 'an answer in time',
    received,
    fix: 'read the router again: the change may have landed',
  })
}
