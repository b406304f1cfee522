import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SluiceError } from '../../../src/domain/errors.ts'
import { readPlanText } from '../../../src/domain/plan/plan-text.ts'
import { planContext } from './plan-context.ts'

const GOOD = `service: checkout
environment: production
interval: 10s
confidence: 99%
steps:
  - cohort: internal
  - bake: 10m
  - ramp: { through: [1%, 5%, 25%], bake: 10m }
  - approve: { by: checkout-owners, need: 1, notAuthor: true, within: 4h }
  - analyse:
      for: 30m
      checks:
        slow: { latency: { quantiles: [p99], max: 2s, failures: 2, of: 3 } }
  - weight: 100%
  - bake: { upTo: 1h, until: proven }
checks:
  errors: { errorRate: { notWorseThan: 1.5x, minRequests: 50 } }
  latency: { latency: { quantiles: [p95, p99], notWorseThan: 1.25x } }
  orders: { rate: { of: orders, notBelow: 0.8x, notAbove: 2x } }
  queue: { query: { promql: 'queue{pool="$pool"}', fail: 'result[0] > 5' } }
onFail: rollback
onInconclusive: { holdFor: 15m, then: pause }
`

const LINES = GOOD.trimEnd().split('\n')
const TOKENS = [...GOOD.matchAll(/[\w.%-]+|[[\]{}:,'"]/g)].map(({ 0: text, index }) => ({ text, index }))

const STRANGE = [
  ...[
    '',
    '5',
    '0x5',
    '.nan',
    '-.inf',
    '~',
    'true',
    '[]',
    '{}',
    '""',
    '５%',
    '101%',
    '-1%',
    '1e9%',
    '99999999999s',
    '0s',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    '<<',
    '*a',
    '&a x',
    '!!js x',
    '|',
    '>',
    '- -',
    '? ',
    ': ',
    '# ',
    '\t',
    '\0',
  ],
  ...[
    '\u2028',
    '\uFEFF',
    '\uD800',
    '%',
    '@',
    '`',
    'x'.repeat(5_000),
    '[[[[[[[[[[',
    '"',
    "'",
    '}',
    ']',
    '\n',
    '\r',
    '---\n',
    '...\n',
  ],
]

/** Every way in which one token, one line or one indentation of the good plan can be wrong. */
function* mutations(): Generator<string> {
  for (const [number, { text, index }] of TOKENS.entries()) {
    yield GOOD.slice(0, index) + GOOD.slice(index + text.length)
    const strange = STRANGE[number % STRANGE.length] ?? ''
    yield GOOD.slice(0, index) + strange + GOOD.slice(index + text.length)
  }
  for (const index of LINES.keys()) {
    yield LINES.toSpliced(index, 1).join('\n')
    yield LINES.toSpliced(index, 0, LINES[index] ?? '').join('\n')
    yield LINES.with(index, ` ${LINES[index]}`).join('\n')
    yield LINES.with(index, `\t${LINES[index]}`).join('\r\n')
    yield LINES.slice(0, index).join('\n')
  }
}

type Read = ReturnType<typeof readPlanText>

function readSafely(text: string): Read | SluiceError {
  try {
    return readPlanText(text, 'plan.yaml', planContext())
  } catch (error) {
    if (error instanceof SluiceError) return error
    throw error
  }
}

/** What is wrong with the answer to a text, whatever the text; null when nothing is. */
function faultOf(text: string): string | null {
  const read = readSafely(text)
  if (read instanceof SluiceError) {
    return ['plan.too-large', 'plan.too-deep'].includes(read.code) ? null : `refused with ${read.code}`
  }
  if ('plan' in read) {
    const last = read.plan.actions.findLast((action) => action.kind === 'expose')
    return last?.exposure.weight === 10_000 ? null : 'a valid plan that does not end with everybody'
  }
  if (read.problems.length === 0) return 'neither a plan nor a problem'
  const lines = text.split(/\r\n|\r|\n/).length
  const lost = read.problems.find(({ line, column, message }) => {
    const isThere = line >= 1 && line <= lines && column >= 1 && column <= text.length + 1
    return !isThere || message.trim() === ''
  })
  return lost === undefined ? null : `a problem that is nowhere: ${JSON.stringify(lost)}`
}

describe('a corpus of damaged plans', () => {
  const corpus = [...new Set(mutations())].filter((text) => text !== GOOD)

  it('begins with a plan that is good', () => {
    expect(readSafely(GOOD)).toHaveProperty('plan')
  })

  it('has 200 different ones at least, most of them with problems', () => {
    expect(corpus.length).toBeGreaterThanOrEqual(200)
    const valid = corpus.filter((text) => 'plan' in readSafely(text))
    expect(valid.length).toBeLessThan(corpus.length / 2)
  })

  it('is always answered: problems at places that exist, or a plan that ends with everybody', () => {
    expect(corpus.flatMap((text) => faultOf(text) ?? [])).toEqual([])
  })

  it('is answered after several mutations at once, too', () => {
    const mutation = fc.record({
      token: fc.nat(TOKENS.length - 1),
      strange: fc.oneof(fc.constantFrom(...STRANGE), fc.string({ unit: 'binary' })),
    })
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 5 }), (chosen) => {
        const byPlace = chosen.toSorted((left, right) => right.token - left.token)
        const text = byPlace.reduce((sofar, { token, strange }) => {
          const { text: old, index } = TOKENS[token] ?? { text: '', index: 0 }
          return sofar.slice(0, index) + strange + sofar.slice(index + old.length)
        }, GOOD)
        expect(faultOf(text)).toBeNull()
      }),
      { numRuns: 500 },
    )
  })

  it('is answered for any text at all', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(faultOf(text)).toBeNull()
      }),
      { numRuns: 500 },
    )
  })
})
