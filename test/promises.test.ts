import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ADAPTERS } from '../src/catalog.ts'
import { readInstallation } from '../src/config/installation.ts'
import { formatProblem } from '../src/domain/problems.ts'
import { FLAG_STORES } from '../src/flags/index.ts'
import { METRIC_SOURCES } from '../src/metrics/index.ts'
import { ROUTERS } from '../src/routers/index.ts'
import { importsIn, reachedFrom, sourceFiles, withoutComments } from './support/imports.ts'

/** Every file below a folder with its text, by its path in the repository. */
function filesIn(folder: string, ending: string): ReadonlyMap<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith(ending))
  return new Map(files.map((file) => [normalize(join(folder, file)), readFileSync(join(folder, file), 'utf8')]))
}

/** The installations among the examples, whole and valid. */
function exampleInstallations() {
  const found = [...filesIn('examples', 'sluice.yaml')]
  return found.map(([file, text]) => {
    const read = readInstallation(text, file, ADAPTERS, (beside) => readFileSync(join(dirname(file), beside), 'utf8'))
    if ('problems' in read) throw new Error(read.problems.map(formatProblem).join('\n'))
    return read.installation
  })
}

const PORTS = [
  ['routers', 'describeRouterContract', ROUTERS.map(({ kind }) => kind)],
  ['metrics', 'describeMetricSourceContract', METRIC_SOURCES.map(({ kind }) => kind)],
  ['flags', 'describeFlagStoreContract', FLAG_STORES.map(({ kind }) => kind)],
] as const

const EXAMPLES = exampleInstallations().flatMap(({ targets }) => targets)
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  routers: EXAMPLES.flatMap(({ router }) => (router === undefined ? [] : [router.kind])),
  metrics: EXAMPLES.flatMap(({ metrics }) => Object.values(metrics).map(({ kind }) => kind)),
  flags: EXAMPLES.flatMap(({ flags }) => (flags === undefined ? [] : [flags.kind])),
}

describe.each(PORTS)('every adapter of %s', (folder, contract, kinds) => {
  const tests = filesIn(`test/${folder}`, '.ts')
  const imports = [...tests].flatMap(([file, text]) => importsIn(text, file))

  it.each(kinds)('%s has a run of the contract', (kind) => {
    const running = [...tests]
      .filter(([, text]) => withoutComments(text).includes(`${contract}(`))
      .map(([file]) => file)
    const own = running.filter((file) => reachedFrom([file], imports).has(`src/${folder}/${kind}.ts`))
    expect(own, `a test in test/${folder} that hands src/${folder}/${kind}.ts to ${contract}`).not.toEqual([])
  })

  it.each(kinds)('%s has an example', (kind) => {
    expect(SHOWN[folder], `a target in a sluice.yaml below examples/ with the kind ${kind}`).toContain(kind)
  })
})

describe('every promise of a port is kept by both sides', () => {
  it('that of releases by the fake of the tests and by the façade over Temporal', () => {
    const running = [...filesIn('test', '.test.ts')].filter(([, text]) => text.includes('describeReleases('))
    const reached = running.map(([file, text]) => importsIn(text, file).map(({ to }) => to))
    expect(reached.some((files) => files.includes('test/support/fake-releases.ts'))).toBe(true)
    expect(reached.some((files) => files.includes('test/e2e/harness.ts'))).toBe(true)
  })
})

/** The folders and files that a maker's name belongs to. */
const HOMES: Readonly<Record<string, RegExp>> = {
  argo: /^src\/(?:analysis|vendors)\/argo\//,
  datadog: /^src\/metrics\/datadog/,
  envoy: /^src\/routers\/envoy/,
  flagger: /^src\/vendors\/flagger\//,
  haproxy: /^src\/routers\/haproxy(?:\.ts|\/)/,
  istio: /^src\/routers\/istio/,
  kayenta: /^src\/analysis\/kayenta\//,
  kubernetes: /^src\/routers\/kubernetes/,
  prometheus: /^src\/metrics\/prometheus(?:\.ts|\/)/,
  slack: /^src\/slack\//,
  spinnaker: /^src\/analysis\/spinnaker\//,
}

/** Where a maker's name cannot be left out, and why. */
const UNAVOIDABLE: Readonly<Record<string, readonly string[]>> = {
  argo: [
    // The list and the command line name what there is.
    'src/analysis/checks/index.ts',
    'src/cli/program/plans.ts',
    'src/cli/manifests.ts',
    'src/docs-tables.ts',
    'src/vendors/index.ts',
    // A metric of Flagger is a check with the counting of Argo's.
    'src/vendors/flagger/metric-check.ts',
  ],
  flagger: ['src/cli/program/plans.ts', 'src/cli/manifests.ts', 'src/docs-tables.ts', 'src/vendors/index.ts'],
  haproxy: ['src/routers/index.ts'],
  kayenta: ['src/analysis/checks/index.ts'],
  prometheus: [
    'src/metrics/index.ts',
    // What templates name, and the usual name of a metric source.
    'src/vendors/argo/metric-check.ts',
    'src/vendors/flagger/metric-check.ts',
    'src/vendors/options.ts',
    // Temporal's own word for its exporter.
    'src/worker/main.ts',
  ],
  slack: [
    // Where everything is put together.
    'src/api/main.ts',
    'src/worker/main.ts',
    'src/worker/slack-deliveries.ts',
    // What administrators write: variables and keys of sluice.yaml.
    'src/config/environment.ts',
    'src/config/installation.ts',
    'src/config/installation-rules.ts',
    'src/config/installation-schema.ts',
    // An entrance is told from the others, in histories as well.
    'src/domain/actor.ts',
    // The groups of figures.
    'src/telemetry/metrics.ts',
    'src/telemetry/slack-metrics.ts',
  ],
}

/** Identifiers, paths of imports and words that are nothing but a name; a sentence may name whom it is about. */
function namesIn(text: string): string {
  const strings = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g
  return withoutComments(text).replaceAll(strings, (written) => (/^.[\w./@-]*.$/.test(written) ? written : "''"))
}

describe('the name of a maker', () => {
  const files = [...sourceFiles()].map(([file, text]) => [file, namesIn(text).replaceAll(/`[^`]*`/g, '')] as const)
  const naming = (maker: string) =>
    files
      .filter(([file, names]) => names.toLowerCase().includes(maker) && HOMES[maker]?.test(file) === false)
      .map(([file]) => file)

  it.each(Object.keys(HOMES))('%s stands in its own folder alone', (maker) => {
    const allowed = UNAVOIDABLE[maker] ?? []
    expect(naming(maker).filter((file) => !allowed.includes(file))).toEqual([])
  })

  it.each(Object.keys(UNAVOIDABLE))('%s is unavoidable where it is said to be', (maker) => {
    const found = naming(maker)
    expect(UNAVOIDABLE[maker]?.filter((file) => !found.includes(file))).toEqual([])
  })
})

describe('the kind of a check', () => {
  const TOLD_APART = /switch \(check\.kind\)|\bcheck\.kind [!=]== '/

  it('is asked for its answers by everybody, and told apart from others by nobody', () => {
    const telling = [...sourceFiles()].filter(([, text]) => TOLD_APART.test(withoutComments(text)))
    expect(telling.map(([file]) => file)).toEqual([])
  })
})
