import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { listen, parseSettings, portSchema } from '../loopback-server.ts'
import type { RunningService } from '../service-process.ts'
import { createAdmin } from './admin.ts'
import { createProxy } from './proxy.ts'
import { reachOf } from './reach.ts'
import { openRoutingStore } from './routing-store.ts'
import { createTrafficMetrics } from './traffic-metrics.ts'

const settingsSchema = z.strictObject({
  /** Where users send their requests; 0 takes a free port. */
  proxyPort: portSchema,
  /** Where the router adapter and the scrape source ask; 0 takes a free port. */
  adminPort: portSchema,
  /** The two pools and where their services listen, e.g. `{ "blue": "http://127.0.0.1:7101", ... }`. */
  pools: z
    .record(z.string().regex(/^[\w-]{1,64}$/), z.url({ protocol: /^http$/ }))
    .refine((pools) => Object.keys(pools).length === 2, { error: 'there must be exactly two pools' }),
  /** File that keeps the routing over a restart. */
  stateFile: z.string().min(1),
  /** File with the secret that callers of `/routing` must send; without it every program of this machine may call. */
  secretFile: z.string().min(1).optional(),
  /** How long a service may stay silent before the client gets 504, in milliseconds. */
  patience: z.int().min(1).max(3_600_000).default(30_000),
  /** A client that leaves sooner than this, in milliseconds, is counted neither for nor against the service. */
  grace: z.int().min(0).max(60_000).default(1_000),
})

/**
 * Starts the weighted proxy and its admin API on 127.0.0.1; `ports` are `proxy` and `admin`. Throws `config.invalid`
 * when the settings are not right. A damaged state file is set aside, said on stderr, and does not keep it from serving.
 */
export async function startDataPlane(
  input: unknown,
): Promise<RunningService & { ports: { proxy: number; admin: number } }> {
  const settings = parseSettings('data plane', settingsSchema, input)
  const pools = Object.keys(settings.pools) as [string, string]
  const store = await openRoutingStore(settings.stateFile, pools)
  if (store.notice !== null) process.stderr.write(`${store.notice}\n`)
  const metrics = createTrafficMetrics(pools)
  const proxy = createProxy({
    pools,
    upstreams: settings.pools,
    patience: settings.patience,
    grace: settings.grace,
    metrics,
    routing: () => store.current,
  })
  const front = await listen(proxy.handler, settings.proxyPort)
  const { secretFile = null } = settings
  const admin = await listen(
    createAdmin({
      health: () => reachOf(settings.pools),
      pools,
      store,
      metrics,
      incarnation: randomUUID(),
      secretFile,
    }),
    settings.adminPort,
  )
  return {
    ports: { proxy: front.port, admin: admin.port },
    async close() {
      await front.close()
      await admin.close()
      proxy.close()
    },
  }
}
