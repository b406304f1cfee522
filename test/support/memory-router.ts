import { setTimeout as delay } from 'node:timers/promises'
import type { RouterCapabilities } from '../../src/domain/capabilities.ts'
import type { ErrorCode } from '../../src/domain/error-codes.ts'
import { SluiceError } from '../../src/domain/errors.ts'
import type { PoolHealth } from '../../src/domain/release/pool-health.ts'
import type { BasisPoints, Milliseconds } from '../../src/domain/units.ts'
import * as plain from '../../src/routers/memory.ts'
import {
  type DesiredRouting,
  mirrorOf,
  type ObservedRouting,
  pinsOf,
  type Router,
  splitOf,
  ticketsOf,
} from '../../src/routers/router.ts'
import { checkWish } from '../../src/routers/wish.ts'

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

/** The routing of a memory router, and the knobs of a test. */
export interface MemoryRouterWorld {
  /** The routing now, as a new object. */
  observe(): ObservedRouting
  /** Every wish that landed, oldest first. */
  readonly landed: readonly DesiredRouting[]
  /** Changes the routing past every adapter, as a foreign hand would; the fence stays. */
  meddle(change: Partial<Pick<ObservedRouting, 'split' | 'cohorts' | 'mirror'>>): void
  /** Forgets everything, as a router without state does: all users on the first pool, no fence. */
  restart(): void
  /** Queues a fault. Faults of one method happen in the order in which they came. */
  inject(fault: MemoryRouterFault): void
  /** Drops the faults that have not happened. */
  heal(): void
  /** Lets cut-off writes land, whatever is newer: the worst that a frozen router does. Returns how many there were. */
  landLateWrites(): number
  /** Lets a wish of another hand land, whatever its fence. */
  land(wish: DesiredRouting): void
  /** How many servers of each pool are ready. */
  health: Readonly<Record<string, PoolHealth>>
  /** Sends one request: the pool for a user in `bucket` (0 to 9999) and perhaps in a cohort. */
  serve(bucket: BasisPoints, cohort?: string): string
  /** An adapter over this world; as many as wanted may share it. */
  connect(): Router
}

type QueuedFault = MemoryRouterFault & { left: number }

/** Makes a world of two pools, all users on the first. */
export function createMemoryRouterWorld(settings: {
  readonly pools: readonly [string, string]
  /** How long a hanging call waits before it throws `router.unreachable`. */
  readonly deadline?: Milliseconds
  /** True when `served` is reported. */
  readonly reportsTraffic?: boolean
  readonly sticky?: RouterCapabilities['sticky']
}): MemoryRouterWorld {
  const { pools, deadline = 2_000, reportsTraffic = false } = settings
  const core = plain.createMemoryRouterWorld(pools)
  const inner = plain.createMemoryRouter(core)
  const { sticky = inner.capabilities.sticky } = settings
  const readBack = reportsTraffic ? ('traffic' as const) : ('config' as const)
  const capabilities: RouterCapabilities = { ...inner.capabilities, sticky, readBack }
  const faults: QueuedFault[] = []
  const landed: DesiredRouting[] = []
  let late: DesiredRouting[] = []
  let restarts = 0
  let served: Record<string, number> = {}

  const land = (wish: DesiredRouting) => {
    core.routing = {
      ...{ split: splitOf(wish), cohorts: pinsOf(wish), fence: wish.fence },
      ...{ tickets: ticketsOf(wish), mirror: mirrorOf(wish) },
    }
    landed.push(wish)
  }
  const observe = (): ObservedRouting => ({
    ...structuredClone(core.routing),
    flaw: null,
    incarnation: `memory-${restarts}`,
    served: reportsTraffic ? { [pools[0]]: 0, [pools[1]]: 0, ...served } : null,
  })

  async function suffer(fault: MemoryRouterFault | undefined, signal: AbortSignal): Promise<void> {
    if (fault === undefined) return
    if (fault.kind === 'fail') {
      throw new SluiceError(fault.code ?? 'router.unreachable', { message: 'the memory router was told to fail' })
    }
    await delay(deadline, undefined, { signal, ref: false }).catch(() => signal.throwIfAborted())
    throw unreachable(`no answer within ${deadline} ms`)
  }

  const connect = (): Router => ({
    capabilities,
    async read(signal) {
      signal.throwIfAborted()
      await suffer(takeFault(faults, 'read'), signal)
      return observe()
    },
    async apply(wish, signal, permit) {
      signal.throwIfAborted()
      checkWish(wish, pools, capabilities)
      permit?.()
      const fault = takeFault(faults, 'apply')
      if (fault?.kind === 'lateApply') late.push(wish)
      if (fault?.kind !== 'applyThenTimeout') await suffer(fault, signal)
      const applied = await inner.apply(wish, signal, permit)
      landed.push(wish)
      if (fault?.kind === 'applyThenTimeout') throw unreachable('no answer came, though the change took effect')
      return applied
    },
    async health(signal) {
      signal.throwIfAborted()
      return world.health
    },
    async close() {},
  })

  const world: MemoryRouterWorld = {
    health: Object.fromEntries(pools.map((pool) => [pool, { ready: 1, total: 1 }])),
    ...{ landed, land, observe, connect },
    meddle: (change) => {
      core.routing = { ...core.routing, ...structuredClone(change) }
    },
    restart: () => {
      restarts += 1
      core.routing = plain.createMemoryRouterWorld(pools).routing
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
      const pool = poolFor(core.routing, pools, bucket, cohort)
      served[pool] = (served[pool] ?? 0) + 1
      return pool
    },
  }
  return world
}

/** The second pool takes the buckets below its share, so its users only grow while its share grows. */
function poolFor(
  routing: Pick<ObservedRouting, 'split' | 'cohorts'>,
  pools: readonly [string, string],
  bucket: BasisPoints,
  cohort?: string,
): string {
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

function unreachable(received: string): SluiceError {
  return new SluiceError('router.unreachable', {
    message: 'the memory router did not answer',
    expected: 'an answer in time',
    received,
    fix: 'read the router again: the change may have taken effect',
  })
}
