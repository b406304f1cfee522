import { describe, expect, it } from 'vitest'
import { FLAG_STORES } from '../src/flags/index.ts'
import { METRIC_SOURCES } from '../src/metrics/index.ts'
import { ROUTERS } from '../src/routers/index.ts'
import {
  exportsIn,
  findCycle,
  type Import,
  importsIn,
  namesTakenIn,
  reachedFrom,
  sourceFiles,
  withoutComments,
} from './support/imports.ts'
import { workflowBundle } from './support/temporal.ts'

/**
 * Who may import whom by value. An entry is a folder of `src/`, a file of it, a package, or `node:` for all of Node.
 * What is not here is forbidden; types may come from anywhere, but for those of `domain` and `analysis`.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  analysis: ['domain'],
  // What teams bring from other tools, turned into plans: as pure as the two above.
  vendors: ['domain', 'analysis', 'zod'],
  workflows: ['domain', '@temporalio/workflow', '@temporalio/common'],
  activities: [
    ...['domain', 'analysis', 'routers/router.ts', 'outbound/within.ts'],
    ...['@temporalio/activity', '@temporalio/common', 'node:'],
  ],
  // The one way out over HTTP and the one owner of deadlines: whoever calls somebody may use it, it knows nobody.
  outbound: ['domain', 'zod', 'node:'],
  // Calls that an administrator has defined, and versions that pools say.
  hooks: ['domain', 'config', 'outbound', 'tickets', 'node:'],
  // How try-it tickets are made and checked: who gives them and who lets them in must agree.
  tickets: ['domain', 'node:'],
  routers: ['domain', 'outbound', 'tickets', 'zod', 'node:'],
  metrics: ['domain', 'outbound', 'zod', 'node:'],
  flags: ['domain', 'outbound', 'zod', 'node:', '@openfeature/flagd-core', 'imurmurhash'],
  releases: [
    ...['domain', 'outbound', 'workflows/messages.ts', 'workflows/search-attributes.ts'],
    ...['@temporalio/client', '@temporalio/common', 'node:'],
  ],
  telemetry: ['domain', 'pino', 'prom-client', 'node:'],
  // Where rules, zones and calendar files become plain stretches of time; workflows get those only.
  calendars: ['domain', 'rrule-temporal', 'temporal-polyfill', 'ical.js'],
  config: ['domain', 'calendars', 'outbound/regular-file.ts', 'tickets', 'zod', 'node:'],
  api: [
    ...['domain', 'analysis', 'outbound', 'releases', 'config', 'calendars', 'telemetry', 'slack', 'catalog.ts'],
    ...['fastify', 'fastify-type-provider-zod', 'zod', 'node:'],
  ],
  slack: ['domain', 'outbound', 'releases', 'config', 'telemetry', 'catalog.ts', '@slack/bolt', 'zod', 'node:'],
  // The guard's own look, without Temporal: there is no second model of a release.
  simulation: ['domain', 'analysis', 'activities/guard-look.ts'],
  cli: [
    ...['domain', 'analysis', 'outbound', 'config', 'simulation', 'vendors', 'catalog.ts'],
    ...['commander', 'log-update', 'string-width', 'node:'],
  ],
  'catalog.ts': ['domain', 'analysis', 'config', 'routers', 'metrics', 'flags'],
  reference: ['domain', 'zod', 'prom-client'],
  'docs-tables.ts': [
    ...['domain', 'config', 'telemetry', 'reference', 'catalog.ts', 'routers/index.ts', 'metrics/index.ts'],
    ...['flags/index.ts', 'vendors'],
  ],
}

/** Single files that may do what their folder may not. */
const EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  // The schema files of the plan.
  'src/domain/plan/plan.ts': ['zod'],
  'src/domain/plan/plan-after.ts': ['zod'],
  'src/domain/plan/plan-values.ts': ['zod'],
  'src/domain/plan/plan-fitness.ts': ['zod'],
  'src/domain/plan/plan-windows.ts': ['zod'],
  'src/domain/plan/check-asides.ts': ['zod'],
  'src/domain/plan/plan-json-schema.ts': ['zod'],
  'src/domain/pipeline/pipeline-form.ts': ['zod'],
  'src/domain/release/recording.ts': ['zod'],
  'src/domain/plan/schema-shapes.ts': ['zod'],
  'src/domain/plan/steps/analyse.ts': ['zod'],
  'src/domain/plan/steps/approve.ts': ['zod'],
  'src/domain/plan/steps/bake.ts': ['zod'],
  'src/domain/plan/steps/cohort.ts': ['zod'],
  'src/domain/plan/steps/flag.ts': ['zod'],
  'src/domain/plan/steps/gate.ts': ['zod'],
  'src/domain/plan/steps/hook.ts': ['zod'],
  'src/domain/plan/steps/mirror.ts': ['zod'],
  'src/domain/plan/steps/notify.ts': ['zod'],
  'src/domain/plan/steps/ramp-budget.ts': ['zod'],
  'src/domain/plan/steps/ramp-through.ts': ['zod'],
  'src/domain/plan/steps/ramp.ts': ['zod'],
  'src/domain/plan/steps/try.ts': ['zod'],
  'src/domain/policy/policy.ts': ['zod'],
  'src/domain/template/template.ts': ['zod'],
  'src/domain/yaml/yaml-place.ts': ['yaml'],
  'src/domain/yaml/yaml-scan.ts': ['yaml'],
  'src/domain/yaml/yaml-text.ts': ['yaml'],
  'src/domain/yaml/yaml-value.ts': ['yaml'],
  'src/analysis/argo/check-kind.ts': ['zod'],
  'src/analysis/checks/error-rate.ts': ['zod'],
  'src/analysis/checks/latency.ts': ['zod'],
  'src/analysis/checks/options.ts': ['zod'],
  'src/analysis/checks/query.ts': ['zod'],
  'src/analysis/checks/rate.ts': ['zod'],
  'src/analysis/kayenta/canary-config.ts': ['zod'],
  'src/analysis/kayenta/check-kind.ts': ['zod'],
  'src/analysis/expressions/environment.ts': ['@marcbachmann/cel-js'],
  'src/analysis/expressions/expression.ts': ['@marcbachmann/cel-js'],
}

/** Folders that put everything together: they may import anything, and nobody imports them. */
const ROOTS = ['worker', 'embedded']
/** Files that are started, never imported. */
const isEntryPoint = (file: string) => file.endsWith('/main.ts')

const files = sourceFiles()
const imports = [...files].flatMap(([file, text]) => importsIn(text, file))
const valueImports = imports.filter(({ isType }) => !isType)

/** `domain` for `src/domain/steps/bake.ts`, `catalog.ts` for `src/catalog.ts`. */
const folderOf = (file: string) => file.split('/')[1] ?? ''
const isOwn = (file: string) => file.startsWith('src/')
const show = ({ from, to }: Import) => `${from} → ${to}`

function isAllowed({ from, to }: Import): boolean {
  const folder = folderOf(from)
  if (ROOTS.includes(folder) || (isOwn(to) && folderOf(to) === folder)) return true
  const allowed = [...(MAY_IMPORT[folder] ?? []), ...(EXCEPTIONS[from] ?? [])]
  if (!isOwn(to)) return allowed.some((name) => name === to || (name === 'node:' && to.startsWith('node:')))
  return allowed.some((name) => name === folderOf(to) || `src/${name}` === to)
}

describe('the imports of src', () => {
  it('are found', () => {
    expect(imports.length).toBeGreaterThan(200)
    expect(imports.filter(({ to }) => isOwn(to) && !files.has(to)).map(show)).toEqual([])
  })

  it('keep to the table', () => {
    expect(valueImports.filter((one) => !isAllowed(one)).map(show)).toEqual([])
  })

  it('of pure code go only downwards, types included', () => {
    const pure = ['domain', 'analysis', 'vendors']
    const upwards = imports.filter((one) => pure.includes(folderOf(one.from)) && !isAllowed(one))
    expect(upwards.filter(({ to }) => isOwn(to)).map(show)).toEqual([])
  })

  it('give every folder a row, and every exception is still needed', () => {
    const folders = new Set([...files.keys()].map(folderOf))
    expect([...folders].filter((folder) => !(folder in MAY_IMPORT) && !ROOTS.includes(folder))).toEqual([])
    const used = new Set(valueImports.flatMap(({ from, to }) => [`${from} ${to}`]))
    const idle = Object.entries(EXCEPTIONS).flatMap(([from, names]) =>
      names.filter((to) => !used.has(`${from} ${to}`)).map((to) => `${from} ${to}`),
    )
    expect(idle).toEqual([])
  })

  it('hold no cycle, not even of types', () => {
    expect(findCycle(imports.map((one) => ({ ...one, isType: false })))).toBeNull()
  })

  it('never lead to a composition root or an entry point from outside', () => {
    const wrong = valueImports.filter(({ from, to }) => {
      if (!isOwn(to)) return false
      if (isEntryPoint(to)) return true
      return ROOTS.includes(folderOf(to)) && !ROOTS.includes(folderOf(from))
    })
    expect(wrong.map(show)).toEqual([])
  })

  it.each([
    ['routers', ROUTERS.map(({ kind }) => kind)],
    ['metrics', METRIC_SOURCES.map(({ kind }) => kind)],
    ['flags', FLAG_STORES.map(({ kind }) => kind)],
  ])('keep the adapters of %s apart from each other', (folder, kinds) => {
    const adapterOf = (file: string) => kinds.find((kind) => new RegExp(`^src/${folder}/${kind}(?:\\.ts|/)`).test(file))
    const wrong = valueImports.filter(({ from, to }) => {
      const [left, right] = [adapterOf(from), adapterOf(to)]
      return left !== undefined && right !== undefined && left !== right
    })
    expect(wrong.map(show)).toEqual([])
  })
})

describe('the workflows', () => {
  const starts = [...files.keys()].filter((file) => file.startsWith('src/workflows/'))
  const reached = reachedFrom(starts, imports)

  it('reach nothing but Temporal’s workflow API and pure code, however far one follows', () => {
    const wrong = [...reached].filter(
      ([file]) => !isOwn(file) && !['@temporalio/workflow', '@temporalio/common'].includes(file),
    )
    expect(wrong.map(([, path]) => path.join(' → '))).toEqual([])
    const folders = new Set([...reached.keys()].filter(isOwn).map(folderOf))
    expect([...folders].sort()).toEqual(['domain', 'workflows'])
  })

  it('are bundled without zod, YAML or Node', async () => {
    const { code } = await workflowBundle()
    expect(code).toContain('src/workflows/release.ts')
    expect(code).not.toMatch(/node_modules\/(?:zod|yaml)\//)
    expect(code).not.toMatch(/\$?ZodError|ZodType/)
    expect(code).not.toMatch(/require\(["']node:/)
  }, 120_000)
})

describe('the types of src', () => {
  const TYPE = /^export (?:declare )?(?:abstract )?(?:type|interface|class) (\w+)/gm

  it('have each a name of their own', () => {
    const homes = new Map<string, readonly string[]>()
    for (const [file, text] of files) {
      for (const [, name = ''] of withoutComments(text).matchAll(TYPE)) {
        homes.set(name, [...(homes.get(name) ?? []), file])
      }
    }
    expect(homes.size).toBeGreaterThan(200)
    const shared = [...homes].filter(([, all]) => all.length > 1)
    expect(shared.map(([name, all]) => `${name}: ${all.join(', ')}`)).toEqual([])
  })
})

describe('what src exports', () => {
  /** Parts of a file that are hard enough to have tests of their own, what only tests put together, and what Temporal's bundler looks for. */
  const FOR_TESTS_ALONE = [
    ...['worker/lost-lanes.ts beginLostLanes', 'workflows/interceptors.ts interceptors'],
    ...['api/json-body.ts extentOf', 'api/plan-reader.ts isShort', 'domain/yaml/yaml-scan.ts deepestPlace'],
    ...['analysis/kayenta/mann-whitney.ts shiftStatistic', 'analysis/statistics/normal.ts erfc'],
    ...['analysis/kayenta/outliers.ts percentile', 'analysis/kayenta/outliers.ts interquartileFences'],
    'metrics/prometheus/series.ts quote',
    ...['metrics/memory.ts createMemoryMetricWorld', 'metrics/memory.ts createMemoryMetricSource'],
    ...['config/help.ts answerIfAsked', 'docs-tables.ts kindTables', 'docs-tables.ts metricTable'],
    'analysis/judges/sequential/design-effect.ts EFFECTS',
    ...['hooks/ask-versions.ts valueAt', 'simulation/simulate.ts usualReleases'],
  ].map((one) => `src/${one}`)

  it('is used by another file of the program, of a script or of a bench', () => {
    const exported = new Map([...files].map(([file, text]) => [file, exportsIn(text)]))
    const users = ['src', 'bench', 'faults', 'scripts'].flatMap((folder) => [...sourceFiles(folder)])
    const taken = new Set(users.flatMap(([file, text]) => namesTakenIn(text, file, (of) => exported.get(of) ?? [])))
    const all = [...exported].flatMap(([file, names]) => names.map((name) => `${file} ${name}`))
    expect(all.length).toBeGreaterThan(1_000)
    expect(all.filter((one) => !taken.has(one)).toSorted()).toEqual(FOR_TESTS_ALONE.toSorted())
  })
})

describe('pure code', () => {
  const IMPURE =
    /\b(?:Date\.now|new Date\(\)|Math\.random|setTimeout|setInterval|performance\.now|process\.\w+|fetch\()/

  it('asks for no time, no chance and no outside world', () => {
    const wrong = [...files].filter(
      ([file, text]) =>
        ['domain', 'analysis', 'vendors'].includes(folderOf(file)) && IMPURE.test(withoutComments(text)),
    )
    expect(wrong.map(([file]) => file)).toEqual([])
  })
})

describe('calls to the outside', () => {
  /** Signals that the garbage collector takes once the headers of an answer are there, and calls without a limit. */
  const UNBOUNDED = /\bAbortSignal\.(?:any|timeout)\b|\bfetch\(/

  it('all go out by src/outbound, which owns timer, size and body', () => {
    const calling = [...files].filter(([, text]) => UNBOUNDED.test(withoutComments(text))).map(([file]) => file)
    expect(calling).toEqual([])
  })
})

describe('the finder of imports', () => {
  const find = (text: string) => importsIn(text, 'src/a/b.ts').map(({ to, isType }) => `${isType ? 'type ' : ''}${to}`)

  it('tells values from types', () => {
    expect(find(`import type { A } from './a.ts'`)).toEqual(['type src/a/a.ts'])
    expect(find(`import { type A } from './a.ts'`)).toEqual(['src/a/a.ts'])
    expect(find(`import { type A, b } from '../c.ts'`)).toEqual(['src/c.ts'])
    expect(find(`import type from './a.ts'`)).toEqual(['src/a/a.ts'])
    expect(find(`export type { A } from './a.ts'`)).toEqual(['type src/a/a.ts'])
  })

  it('sees every form', () => {
    expect(find(`import a, { b } from 'zod'`)).toEqual(['zod'])
    expect(find(`import * as z from 'zod/v4'`)).toEqual(['zod'])
    expect(find(`import {\n  a,\n  b,\n} from '@temporalio/client/lib/x'`)).toEqual(['@temporalio/client'])
    expect(find(`import 'node:fs'`)).toEqual(['node:fs'])
    expect(find(`export * from './a.ts'`)).toEqual(['src/a/a.ts'])
    expect(find(`const a = await import('./a.ts')`)).toEqual(['src/a/a.ts'])
    expect(find(`type A = typeof import('./a.ts')`)).toEqual(['type src/a/a.ts'])
  })

  it('is not taken in by comments or strings', () => {
    expect(find(`// import 'zod'\n/*\nimport 'yaml'\n*/\nconst a = "// it's"\nimport { b } from './b.ts'`)).toEqual([
      'src/a/b.ts',
    ])
    expect(find(`export const a = 1\nconst from = 'zod'`)).toEqual([])
  })

  it('sees what is exported, and what others take of it', () => {
    const text = `export function a() {}\nexport const b = 1\n  export const inner = 1\nexport type C = string\nexport async function d() {}`
    expect(exportsIn(text)).toEqual(['a', 'b', 'C', 'd'])
    const taken = (code: string, from = 'src/a/b.ts') => namesTakenIn(code, from, () => ['x', 'y'])
    expect(taken(`import { x, type y as z } from './c.ts'`)).toEqual(['src/a/c.ts x', 'src/a/c.ts y'])
    expect(taken(`export type { x } from '../c.ts'`)).toEqual(['src/c.ts x'])
    expect(taken(`const { y } = await import('./c.ts')`)).toEqual(['src/a/c.ts y'])
    expect(taken(`import * as c from './c.ts'\nc.x()`)).toEqual(['src/a/c.ts x'])
    expect(taken(`const { x } = await import(built('d/e.js'))`, 'scripts/s.mjs')).toEqual(['src/d/e.ts x'])
  })

  it('finds a cycle and names the files on it', () => {
    const edge = (from: string, to: string, isType = false) => ({ from, to, isType })
    expect(findCycle([edge('a', 'b'), edge('b', 'c'), edge('c', 'b')])).toEqual(['b', 'c', 'b'])
    expect(findCycle([edge('a', 'b'), edge('b', 'a', true)])).toBeNull()
  })
})
