import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { fillTables } from '../scripts/lib/generated.mjs'
import { ADAPTERS, CHECK_KINDS, planContextFor } from '../src/catalog.ts'
import { readInstallation } from '../src/config/installation.ts'
import { docsTables } from '../src/docs-tables.ts'
import { ERROR_CODES } from '../src/domain/error-codes.ts'
import { readPlanText } from '../src/domain/plan/plan-text.ts'
import { keysOf, shapeOf } from '../src/domain/plan/schema-shapes.ts'
import { STEP_KINDS } from '../src/domain/plan/steps/index.ts'
import { formatProblem } from '../src/domain/problems.ts'
import { COMMAND_VERBS } from '../src/domain/release/verbs.ts'
import { FLAG_STORES } from '../src/flags/index.ts'
import { memoryStore } from '../src/flags/memory.ts'
import { METRIC_SOURCES } from '../src/metrics/index.ts'
import { ROUTERS } from '../src/routers/index.ts'
import { SEARCH_ATTRIBUTES } from '../src/workflows/search-attributes.ts'
import { runSluice } from './support/program.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const textOf = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const PAGES = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', ...pagesIn('docs')].filter((page) =>
  existsSync(join(ROOT, page)),
)

function pagesIn(folder: string): readonly string[] {
  const pages = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
  return pages.filter((page) => page.endsWith('.md')).map((page) => join(folder, page))
}

/** Text between fences, by what stands behind the opening one. */
function blocksOf(page: string): readonly { readonly kind: string; readonly text: string }[] {
  return [...textOf(page).matchAll(/^```([^\n]*)\n([^]*?)^```$/gm)].map(([, kind = '', text = '']) => ({ kind, text }))
}

/** What the command line prints for the installation of the examples, whatever the file's name. */
async function outputOf(command: string, plan: string): Promise<string> {
  const config = ['--config', join(ROOT, 'examples/sluice.yaml')]
  const { out, err } = await runSluice([...command.split(' '), ...config], { readFile: async () => plan })
  return out + err
}

describe.each([
  ['steps', STEP_KINDS.map(({ kind }) => kind)],
  ['checks', CHECK_KINDS.map(({ kind }) => kind)],
  ['routers', ROUTERS.map(({ kind }) => kind)],
  ['metrics', METRIC_SOURCES.map(({ kind }) => kind)],
  ['flags', FLAG_STORES.map(({ kind }) => kind)],
  ['errors', Object.keys(ERROR_CODES)],
] as const)('docs/%s', (folder, kinds) => {
  const pages = pagesIn(join('docs', folder)).map((page) => page.slice(`docs/${folder}/`.length, -'.md'.length))

  it('has a page for each, and no page for anything else', () => {
    expect(pages.toSorted()).toEqual([...kinds].sort())
  })
})

describe('the decisions', () => {
  const files = readdirSync(join(ROOT, 'docs/decisions')).filter((file) => file !== 'README.md')

  it('have a number each, which their heading and the list of them repeat', () => {
    const numbers = files.map((file) => file.slice(0, 4))
    expect(numbers).toEqual([...new Set(numbers)])
    for (const number of numbers)
      expect(textOf(`docs/decisions/${files.find((file) => file.startsWith(number))}`)).toMatch(
        new RegExp(`^# ${number}: `),
      )
    const listed = [...textOf('docs/decisions/README.md').matchAll(/^- \[(\d{4}): .*\]\((\1-[a-z0-9-]+\.md)\)/gm)]
    expect(listed.map(([, , file]) => file)).toEqual(files.toSorted())
  })
})

describe('every page', () => {
  it.each(Object.entries(ERROR_CODES))('docs/errors/%s.md says when, what and what to do', (code, { title }) => {
    const parts = textOf(`docs/errors/${code}.md`).split('\n\n')
    expect(parts.slice(0, 2)).toEqual([`# ${code}`, `${title}.`])
    expect(parts.slice(2).map((part) => part.split('**')[1])).toEqual(['Thrown when', 'You see', 'What to do'])
  })

  it.each(['steps', 'checks', 'routers', 'metrics', 'flags'].flatMap((folder) => pagesIn(join('docs', folder))))(
    '%s has a sentence, an example and its limits',
    (page) => {
      const text = textOf(page)
      expect(text).toMatch(/^# \S.*\n\n\S/)
      expect(text).toContain('```yaml')
      expect(text).toContain('\n## Limits\n')
    },
  )
})

describe('the pages of steps and checks', () => {
  it.each([
    ...STEP_KINDS.map(({ kind, summary }) => [`docs/steps/${kind}.md`, summary]),
    ...CHECK_KINDS.map(({ kind, summary }) => [`docs/checks/${kind}.md`, summary]),
  ])('%s begins with the sentence of the table', (page = '', summary = '') => {
    const [title = '', sentence = ''] = textOf(page).split('\n\n')
    expect(title).toMatch(/^# \w+$/)
    expect(sentence.replaceAll('\n', ' ')).toBe(summary)
  })

  it.each<readonly [string, readonly string[]]>([
    ['steps/ramp', ['through', 'bake']],
    ['steps/approve', ['by', 'need', 'notAuthor', 'within', 'onExpiry']],
    ['steps/analyse', ['for', 'checks']],
    ['steps/bake', ['upTo', 'until']],
    ...CHECK_KINDS.map(({ kind, schema }) => [`checks/${kind}`, keysOf([shapeOf(schema)])] as const),
  ])('docs/%s.md names every option', (page, options) => {
    for (const option of options) expect(textOf(`docs/${page}.md`), option).toMatch(new RegExp(`[\`{ ]${option}[\`:]`))
  })
})

describe('the tables', () => {
  it.each(PAGES)('of %s are what the code says (else: npm run docs)', (page) => {
    const text = textOf(page)
    expect(fillTables(text, docsTables()).text).toBe(text)
  })

  it('all stand on some page', () => {
    const used = PAGES.flatMap((page) => fillTables(textOf(page), docsTables()).used)
    expect(Object.keys(docsTables()).filter((name) => !used.includes(name))).toEqual([])
  })
})

describe('the plans in the docs', () => {
  const read = readInstallation(textOf('examples/sluice.yaml'), 'examples/sluice.yaml', ADAPTERS)
  if ('problems' in read) throw new Error(read.problems.map(formatProblem).join('\n'))
  const targets = read.installation
  const prometheus = { counts: true, latency: true, queries: 'promql', records: false } as const
  const context = planContextFor(targets)
  const plans = PAGES.flatMap((page) =>
    blocksOf(page).flatMap(({ kind, text }, index) =>
      kind === 'yaml plan' ? [{ name: `${page}, block ${index + 1}`, text }] : [],
    ),
  )

  it('are there', () => {
    expect(plans.length).toBeGreaterThan(10)
  })

  it.each(plans)('$name is valid', ({ name, text }) => {
    const result = readPlanText(text, name, {
      ...context,
      target: (service, environment) => {
        const facts = context.target(service, environment)
        const flags = { kind: 'memory', capabilities: memoryStore.capabilities, names: null }
        return facts === null ? null : { ...facts, metrics: { prometheus }, flags }
      },
    })
    expect('problems' in result ? result.problems.map(formatProblem).join('\n') : '').toBe('')
  })

  it('are refused as docs/plan.md shows it', () => {
    const steps = 'steps:\n  - cohort: internal\n  - bake: 10m\n  - ramp: { through: [1%], bake: 5m }\n  - weight: 5\n'
    const result = readPlanText(
      `service: checkout\nenvironment: production\n${steps}  - weight: 100%\n`,
      'checkout.yaml',
      context,
    )
    const shown = 'problems' in result ? result.problems.map(formatProblem) : []
    expect(shown).toHaveLength(1)
    expect(textOf('docs/plan.md')).toContain(`\n${shown.join()}\n`)
  })

  it('are looked at as docs/plan.md shows it', async () => {
    const page = 'docs/plan.md'
    const blocks = blocksOf(page)
    const command = /^sluice (plan check checkout\.yaml --traffic .+)$/m.exec(textOf(page))?.[1] ?? ''
    const shown = blocks.find(({ text }) => text.startsWith('power of each bake alone'))?.text ?? ''
    const out = await outputOf(command, blocks.find(({ kind }) => kind === 'yaml plan')?.text ?? '')
    const parts = shown.split('…\n')
    expect(parts.length).toBeGreaterThan(1)
    expect(parts.filter((part) => !out.includes(part))).toEqual([])
  })

  it('show every step kind and every check kind on its own page', () => {
    for (const { kind } of STEP_KINDS) {
      expect(
        plans.some(({ name, text }) => name.startsWith(`docs/steps/${kind}.md`) && text.includes(`- ${kind}:`)),
        kind,
      ).toBe(true)
    }
    for (const { kind } of CHECK_KINDS) {
      expect(
        plans.some(({ name, text }) => name.startsWith(`docs/checks/${kind}.md`) && text.includes(`${kind}:`)),
        kind,
      ).toBe(true)
    }
  })
})

describe('links', () => {
  it.each(PAGES)('of %s lead to files that are there', (page) => {
    const targets = [...textOf(page).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].map(
      ([, target = '']) => target,
    )
    const missing = targets.filter(
      (target) => !existsSync(target.startsWith('/') ? join(ROOT, target) : join(ROOT, dirname(page), target)),
    )
    expect(missing).toEqual([])
  })
})

describe('the words', () => {
  it('of every command are on the page of commands', () => {
    for (const verb of COMMAND_VERBS) expect(textOf('docs/commands.md')).toContain(`| \`${verb}\` |`)
  })

  it('of every search attribute are on the page about Temporal', () => {
    for (const { name } of Object.values(SEARCH_ATTRIBUTES))
      expect(textOf('docs/temporal.md')).toContain(`| \`${name}\` |`)
  })
})
