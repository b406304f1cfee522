import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RouteOptions } from 'fastify'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createServer } from '../src/api/server.ts'
import { environmentSchema } from '../src/config/environment.ts'
import { metricTable } from '../src/docs-tables.ts'
import { ERROR_CODES } from '../src/domain/error-codes.ts'
import { COMMAND_VERBS } from '../src/domain/release/verbs.ts'
import { createTrafficMetrics } from '../src/embedded/data-plane/traffic-metrics.ts'
import { optionRows } from '../src/reference/option-rows.ts'
import { HELP } from '../src/slack/command-text.ts'
import { mountSlack } from '../src/slack/mount.ts'
import { createMetrics } from '../src/telemetry/metrics.ts'
import { apiParts } from './support/api-parts.ts'
import { demoInstallation } from './support/demo-installation.ts'
import { createFakeReleases } from './support/fake-releases.ts'
import { actsOf, patternOf } from './support/followed-page.ts'
import { runSluice } from './support/program.ts'

/** What operators look up, held against what the code really has. */

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const textOf = (path: string) => readFileSync(join(ROOT, path), 'utf8')
/** First cells of the rows of all tables of a text, each name in them. */
const firstCells = (text: string): readonly string[] =>
  [...text.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  )

function sourcesIn(folder: string): readonly string[] {
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
  return files.filter((file) => /\.(ts|mjs)$/.test(file)).map((file) => textOf(join(folder, file)))
}

async function routesOf(): Promise<readonly RouteOptions[]> {
  const parts = apiParts({
    releases: createFakeReleases(),
    installation: demoInstallation({}),
    plans: async () => null,
    metrics: createMetrics({ isBare: true }),
  })
  const routes: RouteOptions[] = []
  const server = createServer({
    ...parts,
    mount: (fastify) =>
      mountSlack(fastify, { check: () => 'bad-signature', deliver: async () => false, metrics: parts.metrics.slack }),
  })
  server.addHook('onRoute', (route) => void routes.push(route))
  await server.ready()
  await server.close()
  return routes.filter(({ method }) => method !== 'HEAD')
}

describe('docs/http-api.md', () => {
  const page = textOf('docs/http-api.md')
  const sections = new Map(
    [...page.matchAll(/^### ([A-Z]+ \S+)\n([^]*?)(?=^##|$(?![^]))/gm)].map(([, route = '', text = '']) => [
      route,
      text,
    ]),
  )

  it('has a section for each route that the server has, and none for another', async () => {
    const routes = (await routesOf()).map(({ method, url }) => `${String(method)} ${url}`)
    expect(routes.length).toBeGreaterThan(10)
    expect([...sections.keys()].toSorted()).toEqual(routes.toSorted())
  })

  it('names every key of every body and query, and no other', async () => {
    for (const { method, url, schema } of await routesOf()) {
      const shapes = [schema?.body, schema?.querystring].filter((shape) => shape instanceof z.ZodObject)
      const keys = shapes.flatMap((shape) => Object.keys(shape.shape))
      const route = `${String(method)} ${url}`
      expect(firstCells(sections.get(route) ?? '').toSorted(), route).toEqual(keys.toSorted())
    }
  })

  it('names only error codes that there are', () => {
    const codes = [...page.matchAll(/\(errors\/([\w.-]+)\.md\)/g)].map(([, code = '']) => code)
    expect(codes.filter((code) => !(code in ERROR_CODES))).toEqual([])
  })

  it('names every verb of a command', () => {
    const section = sections.get('POST /api/v1/releases/:service/:environment/:number/commands') ?? ''
    for (const verb of COMMAND_VERBS) expect(section).toContain(`\`${verb}\``)
  })
})

describe('docs/environment.md', () => {
  const page = firstCells(textOf('docs/environment.md'))

  it('has a row for each variable that the API and the workers take', () => {
    expect(Object.keys(environmentSchema.shape).filter((name) => !page.includes(name))).toEqual([])
  })

  it('has a row for each variable that is read anywhere else, and none for another', () => {
    const texts = ['src', 'scripts', 'faults', 'bench', 'test/support'].flatMap(sourcesIn)
    const read = texts.flatMap((text) => [...text.matchAll(/\benv\[['"]([A-Z_]+)['"]\]/g)].map(([, name = '']) => name))
    const known = new Set([...read, ...Object.keys(environmentSchema.shape)])
    expect([...known].filter((name) => !page.includes(name) && name !== 'PATH')).toEqual([])
    const whole = [...texts, textOf('.ci/run')].join('\n')
    expect(page.filter((name) => !known.has(name) && !whole.includes(name.replace('SLUICE_', '')))).toEqual([])
  })
})

describe('docs/sluice-yaml.md and the pages of adapters', () => {
  it('cannot have a key without a description', () => {
    expect(() => optionRows(z.strictObject({ a: z.string() }))).toThrow('a has no description')
  })

  it('say what is required, what holds otherwise, and what may stand there', () => {
    const schema = z.strictObject({
      kind: z.literal('x').describe('the kind'),
      list: z.array(z.strictObject({ name: z.string().describe('its name') })).describe('a list'),
      wait: z.string().meta({ title: 'duration' }).default('2s').describe('a pause'),
      deep: z.strictObject({ a: z.string(), b: z.int().optional() }).optional().describe('two'),
      counts: z
        .record(z.string(), z.strictObject({ metric: z.string() }))
        .default({})
        .describe('counters'),
    })
    expect(optionRows(schema).map((row) => Object.values(row))).toEqual([
      ['kind', '`x`', 'required', 'the kind'],
      ['list', 'list of `{ name }`', 'required', 'a list'],
      ['wait', 'duration', '`2s`', 'a pause'],
      ['deep', '`{ a, b? }`', 'none', 'two'],
      ['counts', 'by name: `{ metric }`', 'none', 'counters'],
    ])
    const keys = optionRows(schema.pick({ kind: true, list: true }), { isDeep: true }).map(({ key }) => key)
    expect(keys).toEqual(['kind', 'list', 'list[].name'])
  })
})

describe('docs/monitoring.md', () => {
  const page = textOf('docs/monitoring.md')

  it('has the metrics of the embedded data plane as they are', async () => {
    const metrics = createTrafficMetrics(['blue', 'green'])
    const { text } = await metrics.page()
    const names = [...text.matchAll(/^# TYPE (\S+) (\S+)/gm)].map(([, name, type]) => `| \`${name}\` | ${type} |`)
    expect(names.length).toBeGreaterThan(5)
    for (const row of names) expect(page).toContain(row)
    for (const [, help] of text.matchAll(/^# HELP \S+ (.+)$/gm)) expect(page).toContain(` | ${help} |`)
    const rows = firstCells(page.slice(page.indexOf('## The embedded data plane'), page.indexOf('## Alerts')))
    expect(rows).toHaveLength(names.length)
  })

  it('names only metrics of the worker that Temporal’s SDK has', () => {
    const bridge = createRequire(createRequire(import.meta.url).resolve('@temporalio/worker')).resolve(
      '@temporalio/core-bridge/package.json',
    )
    const folder = join(bridge, '..', 'releases')
    const platform = readdirSync(folder).find((name) => name.includes('linux-gnu') && name.startsWith('x86_64')) ?? ''
    const library = readFileSync(join(folder, platform, 'index.node'))
    const names = firstCells(page).filter((name) => name.startsWith('temporal_'))
    expect(names.length).toBeGreaterThan(20)
    expect(names.filter((name) => !library.includes(name.replace('temporal_', '')))).toEqual([])
  })

  it('alerts on metrics of the page only', () => {
    const rules = page.slice(page.indexOf('```yaml alerts.yml'))
    const used = [...rules.matchAll(/\b((?:sluice|temporal)_[a-z_]+)\b[{[]/g)].map(([, name = '']) => name)
    expect(used.length).toBeGreaterThan(5)
    const known = firstCells(page)
    expect(used.filter((name) => !known.includes(name.replace(/_bucket$/, '')))).toEqual([])
  })

  it('shows tables as the code makes them', () => {
    const row = { name: 'a_total', type: 'counter', labels: ['b'], meaning: 'a | b' }
    expect(metricTable([row]).split('\n').at(-1)).toBe('| `a_total` | counter | `b` | a \\| b |')
  })
})

describe('docs/slack.md', () => {
  it('has a row for each command of /release help, with its words', () => {
    const commands = [...HELP.matchAll(/^`(\/release [^`]+)` {2}(.+)$/gm)]
    expect(commands.length).toBeGreaterThan(5)
    const page = textOf('docs/slack.md')
    expect(firstCells(page)).toEqual(commands.map(([, command]) => command))
    for (const [, command, words] of commands) expect(page).toContain(`| \`${command}\` | ${words} |`)
  })
})

describe('docs/tutorial.md', () => {
  it('is read as a reader does: files, commands, and what is shown', () => {
    const kinds = actsOf(textOf('docs/tutorial.md')).map((act) => (act.kind === 'file' ? act.name : act.kind))
    expect(kinds.slice(0, 4)).toEqual(['shop.mjs', 'commands', 'haproxy.cfg', 'sluice-shop.map'])
    expect(kinds.filter((kind) => kind === 'shown').length).toBeGreaterThan(4)
  })

  it('shows lines in which only numbers and … may be others', () => {
    const line = patternOf('… errors 41 % on 1.2.0 (7 of 17 / 1,807): …')
    expect('09:13Z  rolling back: errors 9.4 % on 1.2.0 (5 of 53 / 2): more').toMatch(line)
    expect('errors 9.4 % on 1.2.0 (5 of 53): more').not.toMatch(line)
    expect('errors x % on 1.2.0 (5 of 53 / 2): more').not.toMatch(line)
  })
})

describe('docs/install.md', () => {
  const { bin } = JSON.parse(textOf('package.json')) as { bin: Record<string, string> }

  it('names every program of the package', () => {
    expect(firstCells(textOf('docs/install.md')).toSorted()).toEqual(Object.keys(bin).toSorted())
  })

  it.each(Object.entries(bin))('%s can be started: its file says how', (_, file) => {
    expect(textOf(file.replace(/^\.\/dist\/(.+)\.js$/, 'src/$1.ts'))).toMatch(/^#!\/usr\/bin\/env node\n/)
  })
})

describe('the command line', () => {
  it('has every command of its help on a page', async () => {
    const { out } = await runSluice(['--help'], { columns: () => 200 })
    const names = [...out.slice(out.indexOf('Commands:')).matchAll(/^ {2}([a-z]+)(?= |$)/gm)].map(([, name]) => name)
    expect(names).toContain('approve')
    const pages = ['commands', 'plan', 'pipelines', 'simulate', 'readiness', 'rehearsal', 'calibration', 'checks/argo']
      .map((name) => textOf(`docs/${name}.md`))
      .join('\n')
    const missing = names.filter(
      (name) => name !== 'help' && !pages.includes(`sluice ${name}`) && !pages.includes(`\`${name}\``),
    )
    expect(missing).toEqual([])
  })
})
