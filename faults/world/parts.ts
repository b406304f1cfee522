import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { answers, temporalServes } from '../../src/embedded/readiness.ts'
import { type BackendHealth, HEALTHY } from './backend.ts'
import { defineProgram, freePort, type Program } from './program.ts'

/** The foreign programs and those of this folder, each defined but not started. */

export interface Programs {
  readonly temporal: string
  readonly haproxy: string
  readonly prometheus: string
}

const OWN = (file: string) => fileURLToPath(new URL(file, import.meta.url))
/** The product as it was built. */
const BUILT = (file: string) => join(process.cwd(), 'dist', file)

export function defineTemporal(folder: string, command: string, port: number): Program {
  const args = ['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', String(port)]
  return defineProgram({
    ...{ name: 'temporal', command, log: join(folder, 'temporal.log') },
    args: [...args, '--db-filename', join(folder, 'temporal.db'), '--log-level', 'error'],
    isReady: () => temporalServes(`127.0.0.1:${port}`),
  })
}

export interface Prometheus {
  readonly program: Program
  readonly port: number
  /** Forgets all that was stored; only while it is down. */
  readonly forget: () => Promise<void>
}

export async function definePrometheus(folder: string, command: string, metricsPort: number): Promise<Prometheus> {
  const port = await freePort()
  const config = join(folder, 'prometheus.yml')
  const data = join(folder, 'prometheus')
  const job = {
    ...{ job_name: 'haproxy', params: { scope: ['backend'] } },
    static_configs: [{ targets: [`127.0.0.1:${metricsPort}`] }],
  }
  // Every JSON text is YAML too.
  await writeFile(
    config,
    JSON.stringify({ global: { scrape_interval: '1s', scrape_timeout: '1s' }, scrape_configs: [job] }),
  )
  const program = defineProgram({
    ...{ name: 'prometheus', command, log: join(folder, 'prometheus.log') },
    args: [
      ...[`--config.file=${config}`, `--storage.tsdb.path=${data}`, `--web.listen-address=127.0.0.1:${port}`],
      '--log.level=warn',
    ],
    isReady: () => answers(`http://127.0.0.1:${port}/-/ready`),
  })
  return { program, port, forget: () => rm(data, { recursive: true, force: true }) }
}

export function defineWorker(folder: string, number: number, env: Readonly<Record<string, string>>): Program {
  const log = join(folder, `worker-${number}.log`)
  return defineProgram({
    name: `worker ${number}`,
    ...{ command: process.execPath, args: [BUILT('worker/main.js')], env, log },
  })
}

export function defineApi(folder: string, port: number, env: Readonly<Record<string, string>>): Program {
  return defineProgram({
    ...{ name: 'api', command: process.execPath, args: [BUILT('api/main.js')], env, log: join(folder, 'api.log') },
    isReady: () => answers(`http://127.0.0.1:${port}/readyz`),
  })
}

export function productEnvironment(folder: string, temporalPort: number, apiPort: number) {
  return {
    TEMPORAL_ADDRESS: `127.0.0.1:${temporalPort}`,
    SLUICE_CONFIG: join(folder, 'sluice.yaml'),
    SLUICE_HOST: '127.0.0.1',
    SLUICE_PORT: String(apiPort),
    SLUICE_WORKFLOW_BUNDLE: BUILT('workflow-bundle.js'),
  }
}

/** One version of one service. */
export interface Backend {
  readonly program: Program
  readonly be: (health: BackendHealth) => Promise<void>
  /** Up, awake and healthy again, whatever was done to it. */
  readonly heal: () => Promise<void>
}

export function defineBackend(folder: string, pool: string, port: number): Backend {
  const program = defineProgram({
    ...{ name: pool, command: process.execPath, args: [OWN('backend.js'), String(port)] },
    log: join(folder, 'backends.log'),
  })
  let confirm: (() => void) | null = null
  program.onMessage(() => confirm?.())
  const be = (health: BackendHealth) =>
    new Promise<void>((resolve) => {
      confirm = resolve
      program.send({ ...health })
    })
  return {
    program,
    be,
    async heal() {
      program.thaw()
      if (program.isUp()) await be(HEALTHY)
      else await program.start()
    },
  }
}

export function defineLoad(folder: string, ports: readonly number[], rate: number): Program {
  const args = [OWN('load.js'), JSON.stringify({ ports, rate })]
  return defineProgram({ name: 'load', command: process.execPath, args, log: join(folder, 'load.log') })
}

export function defineSampler(folder: string, settings: Record<string, unknown>): Program {
  const args = [OWN('sampler.js'), JSON.stringify(settings)]
  return defineProgram({ name: 'sampler', command: process.execPath, args, log: join(folder, 'sampler.log') })
}
