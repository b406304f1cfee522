import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { RehearsalPlan } from '../../analysis/readiness/rehearsal-plan.ts'
import type { Milliseconds } from '../../domain/units.ts'
import { fetchText } from '../../outbound/fetch-text.ts'
import { connectTemporal } from '../../releases/connection.ts'
import type { Releases } from '../../releases/releases.ts'
import { createReleases } from '../../releases/temporal-releases.ts'
import { ALWAYS_ANEW } from '../../releases/views.ts'
import { startDataPlane } from '../data-plane/data-plane.ts'
import { type Faults, HEALTHY, startDemoService } from '../demo-service/demo-service.ts'
import { scrapedFrom, takeHome } from '../home.ts'
import { startLoad } from '../load/load-generator.ts'
import { listen } from '../loopback-server.ts'
import { anyPorts } from '../ports.ts'
import { writeStateFile } from '../state-file.ts'
import { createSupervisor } from '../supervisor.ts'
import { temporalPart } from '../temporal-part.ts'

type Pool = 'blue' | 'green'

/** A whole small production: Temporal, a worker, a data plane with two services, and users. */
export interface RehearsalWorld {
  readonly releases: Releases
  readonly deploy: (pool: Pool, version: string, faults?: Partial<Faults>) => Promise<void>
  /** Nobody answers for the pool any more, until something is deployed there. */
  readonly kill: (pool: Pool) => Promise<void>
  /** True: the metrics page answers nothing. */
  readonly silence: (isSilent: boolean) => void
  readonly killWorker: () => void
  /** Requests of users since the beginning that no service has answered: what a service fails by itself is a 500. */
  readonly lost: () => number
  /** Ends every process and removes every file. */
  readonly close: () => Promise<void>
}

const BUNDLE = fileURLToPath(new URL('../../workflow-bundle.js', import.meta.url))
/** Enough for a small weight to have some, and a laptop still has time for the rest. */
const RATE = 150
/** Few, so that each cohort has its share of the requests. */
const USERS = 400
const USERS_PER_COHORT = 20
/** A machine that runs all of this may be slow to answer. */
const PATIENCE: Milliseconds = 60_000
const METRICS = { deadline: 2_000, maxBytes: 4 * 1024 * 1024 }

/** Starts everything, in an empty folder that is its own, and on ports of its own. */
export async function openWorld(
  folder: string,
  rehearsal: RehearsalPlan,
  onStep: (name: string) => void,
): Promise<RehearsalWorld> {
  const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })]
  const close = async () => {
    for (const one of closers.splice(0).reverse()) await one()
  }
  try {
    return { ...(await open(folder, rehearsal, closers, onStep)), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function open(
  folder: string,
  { plan, events }: RehearsalPlan,
  closers: (() => Promise<unknown>)[],
  onStep: (name: string) => void,
): Promise<Omit<RehearsalWorld, 'close'>> {
  const home = await takeHome(folder)
  closers.push(home.release)
  const services = new Map<Pool, Awaited<ReturnType<typeof startDemoService>> | null>()
  const ports = new Map<Pool, number>()
  closers.push(() => Promise.all([...services.values()].map(async (service) => service?.close())))

  async function deploy(pool: Pool, version: string, faults: Partial<Faults> = {}): Promise<void> {
    await services.get(pool)?.close()
    const service = await startDemoService({ port: ports.get(pool) ?? 0, version, faults: { ...HEALTHY, ...faults } })
    services.set(pool, service)
    ports.set(pool, service.ports.http)
  }

  onStep('two services, a data plane and users')
  await deploy('blue', 'stable')
  await deploy('green', 'stable')
  const local = (port = 0) => `http://127.0.0.1:${port}`
  const dataPlane = await startDataPlane({
    ...{ proxyPort: 0, adminPort: 0, stateFile: home.routing, secretFile: home.secret },
    pools: { blue: local(ports.get('blue')), green: local(ports.get('green')) },
  })
  closers.push(dataPlane.close)
  let isSilent = false
  const metrics = await listen(async (_, response) => {
    if (isSilent) return void response.writeHead(503).end()
    const page = await fetchText(fetch, `${local(dataPlane.ports.admin)}/metrics`, {}, METRICS)
    if (page.kind !== 'answer') return void response.writeHead(502).end()
    response.writeHead(page.status, { 'content-type': 'text/plain; version=0.0.4' }).end(page.text)
  }, 0)
  closers.push(() => metrics.close())
  const load = await startLoad({ target: local(dataPlane.ports.proxy), statsPort: 0, rate: RATE, users: USERS })
  closers.push(load.close)

  const installation = installationOf(plan, {
    router: { kind: 'embedded', admin: local(dataPlane.ports.admin), secretFile: home.secret },
    metrics: { proxy: scrapedFrom(local(metrics.port), events) },
    versions: { blue: local(ports.get('blue')), green: local(ports.get('green')) },
    tickets: home.tickets,
  })
  await writeStateFile(home.config, JSON.stringify(installation))
  const own = await anyPorts()
  const supervisor = createSupervisor({ logs: home.logs, onRestart: () => undefined, onProcess: () => undefined })
  closers.push(supervisor.stop)
  onStep('Temporal')
  await supervisor.start(temporalPart(own, home.database))
  onStep('a worker')
  const temporal = `127.0.0.1:${own.temporal}`
  await supervisor.start({
    name: 'worker',
    entry: '../worker/main.js',
    env: { TEMPORAL_ADDRESS: temporal, SLUICE_CONFIG: home.config, SLUICE_WORKFLOW_BUNDLE: BUNDLE },
    isReady: async () => true,
  })
  const client = connectTemporal(temporal, 'default')
  closers.push(() => client.connection.close())
  return {
    releases: createReleases({ client, taskQueue: 'sluice', times: ALWAYS_ANEW, patience: PATIENCE }),
    deploy,
    async kill(pool) {
      const service = services.get(pool)
      services.set(pool, null)
      await service?.close()
    },
    silence: (silent) => void (isSilent = silent),
    killWorker() {
      const pid = supervisor.pidOf('worker')
      if (pid !== undefined) process.kill(pid, 'SIGKILL')
    },
    lost() {
      const { errors, byStatus } = load.stats()
      return errors - (byStatus['500'] ?? 0)
    },
  }
}

interface TargetParts {
  readonly router: object
  readonly metrics: object
  readonly versions: Readonly<Record<Pool, string>>
  readonly tickets: string
}

/** `sluice.yaml` for the one target of the plan: the same names, and this data plane behind them. */
function installationOf({ service, environment, actions }: RehearsalPlan['plan'], parts: TargetParts): object {
  const named = new Set(actions.flatMap((action) => (action.kind === 'expose' ? action.exposure.cohorts : [])))
  const instances = Object.fromEntries(
    Object.entries(parts.versions).map(([pool, url]) => [pool, [`${url}/__version`]]),
  )
  return {
    targets: [
      {
        ...{ service, environment, pools: ['blue', 'green'], router: parts.router, metrics: parts.metrics },
        version: { instances, json: '$.version' },
        cohorts: Object.fromEntries([...named].map((name, index) => [name, { header: 'x-user', in: usersOf(index) }])),
      },
    ],
    tickets: { secretFile: parts.tickets },
    outbound: { privateAddresses: ['127.0.0.0/8'] },
  }
}

function usersOf(cohort: number): readonly string[] {
  return Array.from({ length: USERS_PER_COHORT }, (_, index) => `user-${(cohort * USERS_PER_COHORT + index) % USERS}`)
}
