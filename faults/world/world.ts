import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import type { Instant, Milliseconds } from '../../src/domain/units.ts'
import { ensureSearchAttributes } from '../../src/worker/namespace.ts'
import { type ApiClient, createApiClient } from './api-client.ts'
import { defineHaproxy, type Haproxy } from './haproxy.ts'
import type { ServiceFront } from './haproxy-config.ts'
import { installation, isPrometheus } from './installation.ts'
import type { LoadTally } from './load.ts'
import { type MetricsProxy, openMetricsProxy } from './metrics-proxy.ts'
import {
  type Backend,
  defineApi,
  defineBackend,
  defineLoad,
  definePrometheus,
  defineSampler,
  defineTemporal,
  defineWorker,
  type Programs,
  type Prometheus,
  productEnvironment,
} from './parts.ts'
import { freePort, type Program } from './program.ts'
import type { Sample } from './sampler.ts'
import { openSocketProxy, type SocketProxy } from './socket-proxy.ts'
import { createTrace, type Trace } from './trace.ts'

/** One service of the world, with everything that belongs to it alone. */
export interface Service {
  readonly front: ServiceFront
  readonly map: string
  readonly backends: readonly [Backend, Backend]
  readonly socket: SocketProxy
  readonly trace: Trace
}

/** Everything a release meets, as real processes. */
export interface World {
  readonly services: readonly Service[]
  readonly temporal: Program
  readonly haproxy: Haproxy
  readonly prometheus: Prometheus
  readonly workers: readonly [Program, Program]
  readonly apiProgram: Program
  readonly api: ApiClient
  readonly client: Client
  readonly metrics: MetricsProxy
  /** What users have seen since the start. */
  readonly users: () => LoadTally
  /** Times at which the sampler itself stood still, because the machine did. */
  readonly stalls: () => readonly { readonly from: Instant; readonly until: Instant }[]
  /** Samples as often as it can for so long. */
  readonly sampleFinely: (milliseconds: Milliseconds) => void
  readonly close: () => Promise<void>
}

export interface WorldOptions {
  readonly folder: string
  readonly programs: Programs
  readonly services: number
  /** Requests per second and service. */
  readonly rate: number
}

const HERTZ = 20
/** Somebody who is this late, or took this long over an answer of which a second is waiting, was kept from working. */
const LATE: Milliseconds = 400
const LONGEST_ANSWER: Milliseconds = 1_600

export async function openWorld(options: WorldOptions): Promise<World> {
  const { folder, programs } = options
  await mkdir(folder, { recursive: true })
  const fronts = await Promise.all(Array.from({ length: options.services }, (_, index) => frontOf(index)))
  const haproxy = await defineHaproxy(folder, fronts, programs.haproxy)
  const prometheus = await definePrometheus(folder, programs.prometheus, haproxy.metricsPort)
  const services = await Promise.all(fronts.map((front) => defineService(front, haproxy, folder)))
  const metrics = await openMetricsProxy((service) => {
    const index = fronts.findIndex((front) => front.service === service)
    return isPrometheus(index) ? prometheus.port : haproxy.metricsPort
  })
  const socketPortOf = (service: string) => services.find(({ front }) => front.service === service)?.socket.port ?? 0
  const settings = installation({ fronts, mapOf: haproxy.mapOf, socketPortOf, metricsPort: metrics.port })
  await writeFile(join(folder, 'sluice.yaml'), JSON.stringify(settings, null, 2))

  const [temporalPort, apiPort] = [await freePort(), await freePort()]
  const env = productEnvironment(folder, temporalPort, apiPort)
  const temporal = defineTemporal(folder, programs.temporal, temporalPort)
  const workers = [defineWorker(folder, 1, env), defineWorker(folder, 2, env)] as const
  const apiProgram = defineApi(folder, apiPort, env)
  const load = defineLoad(
    folder,
    fronts.map(({ port }) => port),
    options.rate,
  )
  const watch = watchMaps(folder, haproxy, services)
  const users = countUsers(load)

  await Promise.all([
    temporal.start(),
    ...services.flatMap(({ backends }) => backends.map((one) => one.program.start())),
  ])
  await haproxy.start()
  await Promise.all([prometheus.program.start(), load.start(), watch.program.start()])
  const connection = await Connection.connect({ address: env.TEMPORAL_ADDRESS })
  await ensureSearchAttributes(connection, 'default')
  await Promise.all([...workers, apiProgram].map((program) => program.start()))

  return {
    ...{ services, temporal, haproxy, prometheus, workers, apiProgram, metrics, users },
    ...{ stalls: watch.stalls, sampleFinely: watch.sampleFinely },
    api: createApiClient(apiPort),
    client: new Client({ connection }),
    async close() {
      await connection.close().catch(() => undefined)
      const all = [load, watch.program, apiProgram, ...workers, temporal, prometheus.program]
      await Promise.all(all.map((program) => program.kill()))
      await haproxy.kill()
      await Promise.all(services.flatMap(({ backends }) => backends.map((one) => one.program.kill())))
      for (const { socket } of services) socket.close()
      metrics.close()
    },
  }
}

async function frontOf(index: number): Promise<ServiceFront> {
  const service = `shop-${index + 1}`
  return {
    service,
    pools: [`${service}-blue`, `${service}-green`],
    port: await freePort(),
    backendPorts: [await freePort(), await freePort()],
  }
}

async function defineService(front: ServiceFront, haproxy: Haproxy, folder: string): Promise<Service> {
  const [blue, green] = front.backendPorts
  return {
    front,
    map: haproxy.mapOf(front.service),
    backends: [defineBackend(folder, front.pools[0], blue), defineBackend(folder, front.pools[1], green)],
    socket: await openSocketProxy(haproxy.socket),
    trace: createTrace(),
  }
}

function watchMaps(folder: string, haproxy: Haproxy, services: readonly Service[]) {
  const maps = services.map(({ map, front }) => ({ path: map, secondPool: front.pools[1] }))
  const program = defineSampler(folder, { socket: haproxy.watchSocket, maps, hertz: HERTZ })
  const stalls: { from: Instant; until: Instant }[] = []
  let last = Number.POSITIVE_INFINITY
  program.onMessage((message) => {
    const { at, late, readings } = message as Sample
    if (late > LATE || at - last > LONGEST_ANSWER) stalls.push({ from: last, until: at })
    last = at
    for (const [index, { trace }] of services.entries()) trace.add(at, readings?.[index] ?? null)
  })
  return {
    program,
    stalls: () => stalls,
    sampleFinely: (milliseconds: Milliseconds) => program.send({ burst: milliseconds }),
  }
}

function countUsers(load: Program): () => LoadTally {
  let tally: LoadTally = { sent: 0, failed: 0 }
  load.onMessage((message) => {
    tally = message as LoadTally
  })
  return () => tally
}
