import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SluiceError } from '../domain/errors.ts'
import type { Ports } from './ports.ts'

/** The folder that holds everything a tree keeps: Temporal's database, the routing, logs, ports. */
export interface Home {
  readonly folder: string
  readonly logs: string
  readonly portsFile: string
  readonly database: string
  readonly routing: string
  readonly config: string
  readonly release: () => Promise<void>
}

/**
 * Takes the folder for this process alone.
 * @throws SluiceError `config.invalid` when another tree is running in it.
 */
export async function takeHome(folder: string): Promise<Home> {
  const logs = join(folder, 'logs')
  await mkdir(logs, { recursive: true })
  const lock = join(folder, 'running.pid')
  await takeLock(lock)
  return {
    ...{ folder, logs, portsFile: join(folder, 'ports.json'), database: join(folder, 'temporal.db') },
    ...{ routing: join(folder, 'routing.json'), config: join(folder, 'sluice.yaml') },
    release: () => rm(lock, { force: true }),
  }
}

async function takeLock(lock: string): Promise<void> {
  try {
    const file = await open(lock, 'wx')
    await file.writeFile(String(process.pid))
    await file.close()
  } catch {
    const pid = Number(await readFile(lock, 'utf8').catch(() => '0'))
    if (isAlive(pid)) {
      throw new SluiceError('config.invalid', {
        message: `Sluice is already running here, as process ${pid}`,
        fix: `stop it first, or set SLUICE_HOME to another folder`,
      })
    }
    await rm(lock, { force: true })
    await takeLock(lock)
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** The installation of the demo: one target on the embedded data plane. Written anew at each start, with its ports. */
export async function writeInstallation(file: string, ports: Ports, planFile: string): Promise<void> {
  const admin = `http://127.0.0.1:${ports.admin}`
  const installation = {
    targets: [
      {
        service: 'checkout',
        environment: 'production',
        pools: ['blue', 'green'],
        router: { kind: 'embedded', admin },
        metrics: {
          proxy: {
            kind: 'scrape',
            urls: [`${admin}/metrics`],
            requests: { metric: 'sluice_proxy_requests_total' },
            errors: { metric: 'sluice_proxy_requests_total', label: 'code', match: { prefix: '5' } },
            latency: { metric: 'sluice_proxy_request_duration_seconds' },
            events: { orders: { metric: 'sluice_proxy_events_total', labels: { event: 'orders' } } },
          },
        },
        plan: planFile,
      },
    ],
    groups: { 'checkout-owners': ['alice', 'bob', 'demo-approver'] },
    people: [{ id: 'alice' }, { id: 'bob' }, { id: 'demo-approver' }],
  }
  // JSON is YAML; the file is for the machine, examples/sluice.yaml is for people.
  await writeFile(file, `${JSON.stringify(installation, null, 2)}\n`)
}
