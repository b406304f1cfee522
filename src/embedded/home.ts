import { chmod, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { takeLock } from './home-lock.ts'
import type { Ports } from './ports.ts'
import { keepSecret } from './secret.ts'
import { writeStateFile } from './state-file.ts'

/** The folder that holds everything a tree keeps: Temporal's database, the routing, logs, ports. For its owner only. */
interface Home {
  readonly folder: string
  readonly logs: string
  readonly portsFile: string
  /** The processes of the tree that runs now, or of the last one. */
  readonly partsFile: string
  readonly database: string
  readonly routing: string
  readonly config: string
  /** Folder of the feature flags. */
  readonly flags: string
  /** File with what the worker and the data plane both know. */
  readonly secret: string
  /** File with what try-it tickets are made with. */
  readonly tickets: string
  readonly release: () => Promise<void>
}

/**
 * Takes the folder for this process alone.
 * @throws SluiceError `config.invalid` when another tree is running in it.
 */
export async function takeHome(folder: string): Promise<Home> {
  const logs = join(folder, 'logs')
  const wasThere = (await mkdir(folder, { recursive: true, mode: 0o700 })) === undefined
  if (wasThere) await closeToOthers(folder)
  await mkdir(logs, { recursive: true, mode: 0o700 })
  const release = await takeLock(join(folder, 'running.pid'))
  const secret = join(folder, 'secret')
  await keepSecret(secret)
  const tickets = join(folder, 'tickets')
  await keepSecret(tickets)
  return {
    ...{ folder, logs, secret, tickets, release },
    ...{ portsFile: join(folder, PORTS), partsFile: join(folder, 'parts.json'), database: join(folder, 'temporal.db') },
    ...{ routing: join(folder, 'routing.json'), config: join(folder, 'sluice.yaml'), flags: join(folder, 'flags') },
  }
}

const PORTS = 'ports.json'

/** A folder of an earlier version may be open to others. One that holds other things is somebody's: it stays as it is. */
async function closeToOthers(folder: string): Promise<void> {
  const found = await readdir(folder)
  if (found.length === 0 || found.includes(PORTS)) await chmod(folder, 0o700).catch(() => undefined)
}

/** The features of the shop. A release of the tour sets one of them on. */
const DEMO_FLAGS = ['new-checkout', 'gift-cards', 'express-pay'] as const
export type DemoFlag = (typeof DEMO_FLAGS)[number]

/** The data plane as a metric source; whatever an event is called, it is the one that the demo service has. */
export function scrapedFrom(url: string, events: readonly string[]) {
  const event = { metric: 'sluice_proxy_events_total', labels: { event: 'orders' } }
  return {
    kind: 'scrape',
    urls: [url],
    cohortLabel: 'cohort',
    requests: { metric: 'sluice_proxy_requests_total' },
    errors: { metric: 'sluice_proxy_requests_total', label: 'code', match: { prefix: '5', values: ['499'] } },
    started: { metric: 'sluice_proxy_requests_started_total' },
    latency: { metric: 'sluice_proxy_request_duration_seconds' },
    events: Object.fromEntries(events.map((name) => [name, event])),
  }
}

/** The installation of the demo: one target on the embedded data plane. Written anew at each start, with its ports. */
export async function writeInstallation(home: Home, ports: Ports, planFile: string): Promise<void> {
  const admin = `http://127.0.0.1:${ports.admin}`
  const installation = {
    targets: [
      {
        service: 'checkout',
        environment: 'production',
        pools: ['blue', 'green'],
        router: { kind: 'embedded', admin, secretFile: home.secret },
        metrics: { proxy: scrapedFrom(`${admin}/metrics`, ['orders']) },
        plan: planFile,
        flags: { kind: 'flagd', folder: home.flags, flags: DEMO_FLAGS },
        cohorts: { internal: { gateway: true }, beta: { cookie: 'beta', is: '1' } },
      },
    ],
    tickets: { secretFile: home.tickets },
    groups: { 'checkout-owners': ['alice', 'bob', 'demo-approver'] },
    people: [{ id: 'alice' }, { id: 'bob' }, { id: 'demo-approver' }],
  }
  // JSON is YAML; the file is for the machine, examples/sluice.yaml is for people.
  await writeStateFile(home.config, `${JSON.stringify(installation, null, 2)}\n`)
}
