import { setTimeout as delay } from 'node:timers/promises'
import type { MetricFault, MetricResult } from '../../src/domain/observation.ts'
import type { Milliseconds } from '../../src/domain/units.ts'
import { lookNotTaken } from '../../src/metrics/look.ts'
import { createMemoryMetricSource, createMemoryMetricWorld } from '../../src/metrics/memory.ts'
import type { MetricSource } from '../../src/metrics/metric-source.ts'

type MemoryMetricWorld = ReturnType<typeof createMemoryMetricWorld>

/** What stands in the way of every call until it is taken away again. */
export type Obstacle = { readonly kind: 'hang' } | { readonly kind: 'error'; readonly fault: MetricFault }

/** The counters of a memory source, and the knobs of a test. */
export interface ObstructableWorld extends MemoryMetricWorld {
  /** Puts something in the way of every call, or takes it away with null. */
  obstruct(obstacle: Obstacle | null): void
  /** A source over this world; as many as wanted may share it. */
  connect(): MetricSource
}

/** Makes a world without any traffic. `deadline` is how long a hanging call waits before it answers with a timeout. */
export function createObstructableWorld({ deadline }: { readonly deadline: Milliseconds }): ObstructableWorld {
  const world = createMemoryMetricWorld()
  let obstacle: Obstacle | null = null

  async function obstructed(signal: AbortSignal): Promise<MetricResult<never> | null> {
    signal.throwIfAborted()
    if (obstacle === null) return null
    if (obstacle.kind === 'error') {
      return { kind: 'error', fault: obstacle.fault, reason: 'the memory source was told to fail' }
    }
    await delay(deadline, undefined, { signal }).catch(() => signal.throwIfAborted())
    return { kind: 'error', fault: 'timeout', reason: `the memory source did not answer within ${deadline} ms` }
  }

  function connect(): MetricSource {
    const inner = createMemoryMetricSource(world)
    return {
      ...inner,
      async observe(request, signal) {
        const fault = await obstructed(signal)
        if (fault === null) return inner.observe(request, signal)
        const at = request.since?.['at']
        return lookNotTaken(request, typeof at === 'number' ? at : request.now, { stable: fault, canary: fault })
      },
      async query(request, signal) {
        return (await obstructed(signal)) ?? inner.query(request, signal)
      },
    }
  }

  return {
    ...world,
    connect,
    obstruct: (next) => {
      obstacle = next
    },
  }
}
