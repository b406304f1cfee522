import { describe, expect, it } from 'vitest'
import { ALL_CHECK_KINDS } from '../src/catalog.ts'
import { docsTables } from '../src/docs-tables.ts'
import { ERROR_CODES } from '../src/domain/error-codes.ts'
import { COMMAND_VERBS } from '../src/domain/release/verbs.ts'
import { STEP_KINDS } from '../src/domain/plan/steps/index.ts'
import { METRIC_SOURCES } from '../src/metrics/index.ts'
import { ROUTERS } from '../src/routers/index.ts'

const LISTS = {
  steps: STEP_KINDS.map(({ kind }) => kind),
  checks: ALL_CHECK_KINDS.map(({ kind }) => kind),
  routers: ROUTERS.map(({ kind }) => kind),
  metrics: METRIC_SOURCES.map(({ kind }) => kind),
  errors: Object.keys(ERROR_CODES),
} as const

/** What has no page of its own stands without a link. */
const WITHOUT_PAGES = { verbs: COMMAND_VERBS } as const

describe.each(Object.entries(docsTables()))('the table of %s', (name, text) => {
  const lines = text.split('\n')

  it('is Markdown: a head, a rule, and as many cells in each row', () => {
    expect(lines[1]).toMatch(/^\| ---(?: \| ---)* \|$/)
    const cells = (line: string) => line.replaceAll('\\|', '').split('|').length
    expect(new Set(lines.map(cells)).size).toBe(1)
  })

  it('has a row for each thing, with a link to its page where it has one', () => {
    if (name in WITHOUT_PAGES) {
      const names = WITHOUT_PAGES[name as keyof typeof WITHOUT_PAGES].map((one) => [one])
      return expect(lines.slice(2).map((line) => /^\| `([^`]+)` \|/.exec(line)?.slice(1))).toEqual(names)
    }
    const kinds = LISTS[name as keyof typeof LISTS]
    expect(lines.slice(2).map((line) => /^\| \[`([^`]+)`\]\((.+?)\)/.exec(line)?.slice(1))).toEqual(
      kinds.map((kind) => [kind, `/docs/${name}/${kind}.md`]),
    )
  })
})

describe('the table of routers', () => {
  it('says what each can do, not what its name promises', () => {
    const memory = docsTables()
      .routers.split('\n')
      .find((line) => line.includes('`memory`'))
    expect(memory).toBe('| [`memory`](/docs/routers/memory.md) | 0.01% | yes | hash | config | yes | – |')
  })
})
