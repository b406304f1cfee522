import { describe, expect, it } from 'vitest'
import { CHECK_KINDS } from '../src/catalog.ts'
import { docsTables, kindTables } from '../src/docs-tables.ts'
import { ERROR_CODES } from '../src/domain/error-codes.ts'
import { STEP_KINDS } from '../src/domain/plan/steps/index.ts'
import { COMMAND_VERBS } from '../src/domain/release/verbs.ts'
import { FLAG_STORES } from '../src/flags/index.ts'
import { METRIC_SOURCES } from '../src/metrics/index.ts'
import { ROUTERS } from '../src/routers/index.ts'

const LISTS = {
  steps: STEP_KINDS.map(({ kind }) => kind),
  checks: CHECK_KINDS.map(({ kind }) => kind),
  routers: ROUTERS.map(({ kind }) => kind),
  metrics: METRIC_SOURCES.map(({ kind }) => kind),
  flags: FLAG_STORES.map(({ kind }) => kind),
  errors: Object.keys(ERROR_CODES),
} as const

describe.each(Object.entries(docsTables()))('the table of %s', (_, text) => {
  const lines = text.split('\n')

  it('is Markdown: a head, a rule, and as many cells in each row', () => {
    expect(lines[1]).toMatch(/^\| ---(?: \| ---)* \|$/)
    const cells = (line: string) => line.replaceAll('\\|', '').split('|').length
    expect(new Set(lines.map(cells)).size).toBe(1)
  })
})

describe.each(Object.entries(kindTables()))('the table of %s', (name, text) => {
  const lines = text.split('\n')

  it('has a row for each thing, with a link to its page', () => {
    const kinds = LISTS[name as keyof typeof LISTS]
    expect(lines.slice(2).map((line) => /^\| \[`([^`]+)`\]\((.+?)\)/.exec(line)?.slice(1))).toEqual(
      kinds.map((kind) => [kind, `/docs/${name}/${kind}.md`]),
    )
  })
})

describe('the table of routers', () => {
  it('says what each can do, not what its name promises', () => {
    const memory = kindTables()
      .routers.split('\n')
      .find((line) => line.includes('`memory`'))
    expect(memory).toBe('| [`memory`](/docs/routers/memory.md) | 0.01% | yes | hash | config | yes | yes | – |')
  })
})

describe('the table of verbs', () => {
  it('has a row for each verb, in their order', () => {
    const lines = (docsTables()['verbs'] ?? '').split('\n').slice(2)
    expect(lines.map((line) => /^\| `([^`]+)` \|/.exec(line)?.[1])).toEqual([...COMMAND_VERBS])
  })
})
