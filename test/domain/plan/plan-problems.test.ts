import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CHECK_KINDS } from '../../../src/catalog.ts'
import { readPlan } from '../../../src/domain/plan/plan.ts'
import { readPlanText, readPlanYaml } from '../../../src/domain/plan/plan-text.ts'
import type { LocatedProblem } from '../../../src/domain/problems.ts'
import { FACTS, planContext } from './plan-context.ts'

const CONTEXT = {
  ...planContext({
    ...FACTS,
    metrics: {
      proxy: { counts: true, latency: true, queries: null, records: false, events: ['orders'] },
      prometheus: { counts: false, latency: false, queries: 'promql', records: false },
    },
  }),
  checkKinds: CHECK_KINDS,
}
const HEAD = 'service: checkout\nenvironment: production\n'
const FULL = `${HEAD}steps:\n  - weight: 100%\n`

function problemsOf(text: string): readonly LocatedProblem[] {
  const read = readPlanText(text, 'plan.yaml', CONTEXT)
  return 'problems' in read ? read.problems : []
}

const rulesOf = (text: string) => problemsOf(text).map(({ rule, line }) => `${line} ${rule}`)

describe('what is no plan', () => {
  const utf16 = Buffer.from(`\ufeff${FULL}`, 'utf16le')
  const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0x00, 0x10, 0x4a, 0x46, 0x49, 0x46, 0x00, 0x01])

  it.each([
    ['no byte', '', 1, 'the plan is empty'],
    ['only comments', '# a\n# b\n', 1, 'the plan is empty'],
    ['only a mark of a document', '---\n', 1, 'the plan is empty'],
    ['a word', 'hello\n', 1, 'this is not a plan'],
    ['a list', '- weight: 5%\n', 1, 'this is not a plan'],
    [
      'a NUL byte',
      `${FULL}onFail: "a\0"\n`,
      5,
      'this is not text: it holds a NUL character, as binary files and UTF-16 do',
    ],
    ['UTF-16', utf16.toString('utf8'), 1, 'this is not UTF-8'],
    ['UTF-16, the other way round', Buffer.from(utf16).swap16().toString('utf8'), 1, 'this is not UTF-8'],
    ['a JPEG', jpeg.toString('utf8'), 1, 'this is not UTF-8'],
    ['two documents', `${FULL}---\n${FULL}`, 5, 'a second document begins here, and a plan is a single one'],
    ['three documents of nothing', '---\n---\n---\n', 2, 'a second document begins here, and a plan is a single one'],
    ['a key that reaches into the program', `${FULL}__proto__: { a: 1 }\n`, 5, '__proto__ cannot be a key'],
    [
      'such a key where anything may stand',
      `${FULL}checks:\n  a: { kayenta: { config: { __proto__: 1 }, queries: {} } }\n`,
      6,
      '__proto__ cannot be a key',
    ],
    ['such a key in two', `${FULL}constructor: { prototype: 1 }\n`, 5, 'prototype cannot be a key'],
  ])('is refused with its line and words before anybody else is asked: %s', (_, text, line, message) => {
    const read = readPlanYaml(text, 'plan.yaml')
    expect(read).toMatchObject({
      problems: [{ file: 'plan.yaml', line, column: expect.any(Number), message, fix: expect.any(String) }],
    })
  })

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('is one with the key %s, at any level', (key) => {
    for (const [text, line] of [
      [`${FULL}${key}: 1\n`, 5],
      [`${HEAD}steps:\n  - ${key}: 5%\n  - weight: 100%\n`, 4],
      [`${HEAD}steps:\n  - { weight: 5%, ${key}: 1 }\n  - weight: 100%\n`, 4],
      [`${HEAD}steps:\n  - bake: { upTo: 1m, until: proven, ${key}: 1 }\n  - weight: 100%\n`, 4],
      [`${HEAD}steps:\n  - ramp: { through: [5%, 100%], bake: 1m, ${key}: 1 }\n`, 4],
      [`${FULL}checks:\n  ${key}x: { errorRate: { max: 5%, ${key}: 1 } }\n`, 6],
      [`${FULL}checks:\n  a: { ${key}: { max: 5% } }\n`, 6],
      [`${FULL}onInconclusive: { holdFor: 1m, then: pause, ${key}: 1 }\n`, 5],
      [`${FULL}onDrift: { ${key}: 1 }\n`, 5],
      [`${FULL}floor: { ${key}: 1 }\n`, 5],
      [`service: ${key}\nenvironment: production\nsteps:\n  - weight: 100%\n`, 1],
      [`${HEAD}steps:\n  - approve: { by: ${key} }\n  - weight: 100%\n`, 4],
      [`${FULL}checks:\n  a: { errorRate: { max: 5%, source: ${key} } }\n`, 6],
      [`${FULL}checks:\n  a: { rate: { of: ${key}, notBelow: 0.9x } }\n`, 6],
    ] as const) {
      expect(
        problemsOf(text).map((problem) => problem.line),
        text,
      ).toContain(line)
    }
  })

  it('is told in words for a name that looks like another one', () => {
    expect(
      problemsOf(`${FULL}checks:\n  a: { query: { promql: "up\\u202e", fail: "result[0] > 1" } }\n`),
    ).toMatchObject([
      {
        rule: 'unseen-character',
        line: 6,
        message: 'this text holds U+202E, which is invisible',
        received: 'up<U+202E>',
      },
    ])
  })
})

describe('all problems come at once', () => {
  it.each([
    [
      'a misspelt key and two limits',
      '{ errorRate: { max: 5%, notWorseThan: 2x, minRequets: 5 } }',
      ['unknown-key', 'value'],
    ],
    [
      'a misspelt key and a tolerance',
      '{ errorRate: { notWorseThan: 0.5x, minRequets: 5 } }',
      ['unknown-key', 'tolerance-below-one'],
    ],
    [
      'a bad value and an option that means nothing',
      '{ errorRate: { max: 5, confidence: 99% } }',
      ['value', 'unused-option'],
    ],
    [
      'a misspelt option and the one it goes with',
      '{ errorRate: { max: 5%, failurs: 4, of: 3, x: 1 } }',
      ['unknown-key', 'unknown-key'],
    ],
    [
      'bad hysteresis beside a bad value',
      '{ errorRate: { max: 5, failures: 4, of: 3 } }',
      ['value', 'hysteresis-impossible'],
    ],
    ['no quantile and no limit', '{ latency: { minRequests: 5 } }', ['value', 'value']],
    ['a misspelt key and a rate without a side', '{ rate: { of: orders, x: 1 } }', ['unknown-key', 'value']],
    [
      'a misspelt key and an event that nobody counts',
      '{ rate: { of: refunds, notBelow: 1x, x: 1 } }',
      ['unknown-key', 'metric-source'],
    ],
    ['a misspelt key and an expression', `{ query: { promql: a, pass: '!!', x: 1 } }`, ['unknown-key', 'expression']],
    [
      'a misspelt key and a source that is not there',
      '{ errorRate: { max: 5%, source: nowhere, x: 1 } }',
      ['unknown-key', 'metric-source'],
    ],
    [
      'limits of Argo beside a misspelt key',
      '{ argo: { promql: a, failureLimit: -1, x: 1 } }',
      ['unknown-key', 'argo-limits'],
    ],
    [
      'a condition of Argo beside a bad value',
      `{ argo: { promql: a, failureLimit: -7, successCondition: 'reslt > 1' } }`,
      ['value', 'expression'],
    ],
    [
      'times of Kayenta beside a misspelt key',
      `{ kayenta: { config: 5, queries: {}, step: 2h, x: 1 } }`,
      ['unknown-key', 'value', 'kayenta-times'],
    ],
  ])('of one check: %s', (_, check, rules) => {
    expect(
      problemsOf(`${FULL}checks:\n  a: ${check}\n`)
        .map(({ rule }) => rule)
        .toSorted(),
    ).toEqual(rules.toSorted())
  })

  it('and a misspelt limit is not a missing one', () => {
    expect(rulesOf(`${FULL}checks:\n  a: { errorRate: { notWorsThan: 1.5x } }\n`)).toEqual(['6 unknown-key'])
  })

  it.each([
    ['a ramp', 'ramp: { through: [25%, 5%, 100%], bkae: 1m, bake: 1m }', ['unknown-key', 'weight-not-rising']],
    ['an approval', 'approve: { by: nobody, nede: 2 }', ['unknown-group', 'unknown-key']],
    ['an approval by too few', 'approve: { by: checkout-owners, need: 9, within: 5 }', ['group-too-small', 'value']],
    ['an analysis', 'analyse: { fro: 5m, for: 1m, checks: { a: { errorRate: {} } } }', ['unknown-key', 'value']],
    [
      'an analysis without its length',
      'analyse: { checks: { A: { errorRate: { max: 1% } } } }',
      ['check-name', 'value'],
    ],
    ['a bake', 'bake: { upTo: 1s, untill: proven }', ['bake-too-short', 'unknown-key', 'value']],
  ])('of one step: %s', (_, step, rules) => {
    const text = `${HEAD}steps:\n  - weight: 1%\n  - ${step}\n  - weight: 100%\nchecks: { b: { errorRate: { max: 1% } } }\n`
    const found = problemsOf(text).filter(({ line }) => line === 5)
    expect(found.map(({ rule }) => rule).toSorted()).toEqual(rules)
  })

  it('of steps after one that cannot be read', () => {
    expect(rulesOf(`${HEAD}steps:\n  - weight: 50%\n  - bake: soon\n  - weight: 20%\n`)).toEqual([
      '4 never-full',
      '5 value',
      '6 weight-not-rising',
    ])
  })

  it('but nothing that follows from what cannot be read', () => {
    for (const step of [
      'weight: 100',
      'wieght: 100%',
      'weight: "100 percent"',
      '100%',
      'ramp: { through: [50%, full], bake: 1m }',
    ])
      expect(rulesOf(`${HEAD}steps:\n  - weight: 5%\n  - ${step}\n`), step).toEqual([
        `5 ${problemsOf(`${HEAD}steps:\n  - weight: 5%\n  - ${step}\n`)[0]?.rule}`,
      ])
    const compared = `checks: { a: { errorRate: { notWorseThan: 2x } } }\n`
    expect(rulesOf(`${HEAD}steps:\n  - weight: lots\n  - bake: 10m\n  - weight: 100%\n${compared}`)).toEqual([
      '4 value',
    ])
    expect(
      rulesOf(`${HEAD}steps:\n  - weight: 5%\n  - bake: soon\n  - weight: 100%\n  - bake: 1h\n${compared}`),
    ).toEqual(['5 value'])
  })

  it('of keys that stand twice, and all the rest', () => {
    expect(
      rulesOf(`${HEAD}steps:\n  - weight: 5\n  - weight: 50%\nonFail: pause\nonFail: rollback\nonFial: pause\n`),
    ).toEqual(['4 never-full', '4 value', '7 duplicate-key', '8 unknown-key'])
  })

  const DEFECTS: Readonly<
    Record<string, { readonly part: 'top' | 'step' | 'check'; readonly text: string; readonly rule: string }>
  > = {
    'a misspelt key': { part: 'top', text: 'onFial: pause', rule: 'unknown-key' },
    'a bare number': { part: 'top', text: 'interval: 5', rule: 'value' },
    'a floor that is switched off': { part: 'top', text: 'floor: { errors: 100% }', rule: 'value' },
    'a weight that falls': { part: 'step', text: 'weight: 2%', rule: 'weight-not-rising' },
    'a cohort that is lost': { part: 'step', text: 'cohort: beta', rule: 'cohort-lost' },
    'an unknown group': { part: 'step', text: 'approve: { by: nobody }', rule: 'unknown-group' },
    'an unknown step': { part: 'step', text: 'wait: 5m', rule: 'unknown-step' },
    'a misspelt option of a step': {
      part: 'step',
      text: 'approve: { by: checkout-owners, nede: 1 }',
      rule: 'unknown-key',
    },
    'an end at once': { part: 'step', text: 'bake: 0s', rule: 'value' },
    'two limits': { part: 'check', text: '{ errorRate: { max: 5%, notWorseThan: 2x } }', rule: 'value' },
    'no limit and a misspelt key': {
      part: 'check',
      text: '{ errorRate: { minRequets: 5, notWorseThan: 0.5x } }',
      rule: 'tolerance-below-one',
    },
    'an expression that cannot be': {
      part: 'check',
      text: `{ query: { promql: a, fail: '!!', x: 1 } }`,
      rule: 'expression',
    },
    'an unknown check': { part: 'check', text: '{ errorRat: { max: 5% } }', rule: 'unknown-check' },
    'a source that cannot answer': {
      part: 'check',
      text: '{ errorRate: { max: 5%, source: prometheus } }',
      rule: 'metric-source',
    },
  }

  it('whichever two to four of them a plan has', () => {
    fc.assert(
      fc.property(fc.subarray(Object.keys(DEFECTS), { minLength: 2, maxLength: 4 }), (names) => {
        const chosen = names.flatMap((name) => DEFECTS[name] ?? [])
        const texts = (part: string) => chosen.filter((defect) => defect.part === part).map(({ text }) => text)
        const text = [
          `${HEAD}${texts('top').join('\n')}\nsteps:\n  - cohort: internal\n  - weight: 5%\n`,
          ...texts('step').map((step) => `  - ${step}\n`),
          '  - weight: 100%\nchecks:\n  good: { errorRate: { max: 50% } }\n',
          ...texts('check').map((check, index) => `  c${index}: ${check}\n`),
        ].join('')
        const lines = text.split('\n')
        const found = rulesOf(text)
        for (const { text: written, rule } of chosen) {
          const line = lines.findIndex((one) => one.includes(written)) + 1
          expect(found, text).toContain(`${line} ${rule}`)
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('a plan with more problems than anybody reads', () => {
  const unknown = Array.from({ length: 2_000 }, (_, index) => `k${index}: 1\n`).join('')

  it('shows a hundred, and says first how many there are', () => {
    const problems = problemsOf(`${FULL}${unknown}`)
    expect(problems).toHaveLength(101)
    expect(problems[0]).toMatchObject({ message: 'there are 2,000 problems, and these are the first 100', line: 1 })
  })

  it('does so for JSON, too', () => {
    const value = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`k${index}`, 1]))
    const read = readPlan(value, CONTEXT)
    expect(read).toMatchObject({ problems: { length: 101, 0: { message: expect.stringContaining('there are 5,00') } } })
  })

  it('does so for faults of the text, too', () => {
    const problems = problemsOf('a: 1\n'.repeat(2_000))
    expect(problems[0]?.message).toBe('there are 1,999 problems, and these are the first 100')
    expect(problemsOf('}\n'.repeat(5_000))[0]?.message).toMatch(
      /^there are [\d,]+ problems, and these are the first 100$/,
    )
  })

  it('is told in bounded words, however long what is wrong may be', () => {
    const long = 'x'.repeat(100_000)
    for (const text of [
      `${FULL}interval: ${long}\n`,
      `${FULL}? ${long}\n: 1\n`,
      `service: ${long}\nenvironment: p\nsteps: []\n`,
    ])
      expect(JSON.stringify(problemsOf(text)).length).toBeLessThan(4_000)
  })

  it('reads a number of 100,000 digits as no number', () => {
    expect(rulesOf(`${HEAD}steps:\n  - weight: ${'9'.repeat(100_000)}%\n  - weight: 100%\n`)).toEqual(['4 value'])
    expect(rulesOf(`${HEAD}steps:\n  - bake: ${'9'.repeat(100_000)}\n  - weight: 100%\n`)).toEqual(['4 value'])
  })
})

describe('the limits on counts', () => {
  it('are 200 steps', () => {
    const steps = (count: number) => `${HEAD}steps:\n${'  - cohort: a\n'.repeat(count - 1)}  - weight: 100%\n`
    expect(rulesOf(steps(200))).toEqual([])
    expect(problemsOf(steps(201))).toMatchObject([{ path: ['steps'], expected: expect.stringContaining('200') }, {}])
  })

  it('are 1,000 exposures and waits when the ramps are spread out', () => {
    const ramp = (first: number) =>
      `  - ramp: { through: [${Array.from({ length: 100 }, (_, index) => `${(first + index) / 100}%`).join(', ')}], bake: 1m }\n`
    const ramps = (count: number) =>
      `${HEAD}steps:\n${Array.from({ length: count }, (_, index) => ramp(100 * index + 1)).join('')}  - weight: 100%\n`
    expect(rulesOf(ramps(4))).toEqual([])
    expect(problemsOf(ramps(5))).toMatchObject([{ rule: 'too-many-actions', received: '1001 exposures and waits' }])
  })

  it('are 100 checks, those of the steps included', () => {
    const checks = (count: number, letter: string) =>
      Array.from({ length: count }, (_, index) => `${letter}${index}: { errorRate: { max: 5% } }`).join(', ')
    const plan = (count: number) =>
      `${HEAD}steps:\n  - weight: 5%\n  - analyse: { for: 1m, checks: { ${checks(50, 'a')} } }\n  - weight: 100%\nchecks: { ${checks(count, 'b')} }\n`
    expect(rulesOf(plan(50))).toEqual([])
    expect(rulesOf(plan(51))).toEqual(['5 too-many-checks'])
  })
})

describe('a wait that is over before the guard has looked', () => {
  const CHECKS = 'checks: { a: { errorRate: { max: 5% } } }\n'
  const plan = (step: string, rest: string) => `${HEAD}steps:\n  - weight: 5%\n  - ${step}\n  - weight: 100%\n${rest}`

  it.each([
    ['bake: 3s', 'bake'],
    ['bake: { upTo: 3s, until: proven }', 'bake'],
    ['ramp: { through: [10%, 50%], bake: 3s }', 'bake'],
    ['analyse: { for: 3s, checks: { b: { errorRate: { max: 5% } } } }', 'for'],
  ])('is refused once, with both ways out: %s', (step) => {
    expect(problemsOf(plan(step, `interval: 60s\n${CHECKS}`))).toMatchObject([
      {
        rule: 'bake-too-short',
        line: 5,
        message: 'this ends before the guard has looked: it looks every 1m',
        received: '3s',
        expected: 'at least 1m, better twice that',
        fix: 'lengthen it, or set interval to at most 3s',
      },
    ])
  })

  it('is none when nothing watches it, or when it is as long as the interval', () => {
    expect(rulesOf(plan('bake: 3s', 'interval: 60s\n'))).toEqual([])
    expect(rulesOf(plan('bake: 60s', `interval: 60s\n${CHECKS}`))).toEqual([])
    expect(rulesOf(plan('analyse: { for: 3s, checks: { b: { errorRate: { max: 5% } } } }', 'interval: 60s\n'))).toEqual(
      ['5 bake-too-short'],
    )
  })

  it('is compared with the usual interval where the plan names none, and with none where it cannot be read', () => {
    expect(rulesOf(plan('bake: 500ms', CHECKS))).toEqual(['5 bake-too-short'])
    expect(problemsOf(plan('bake: 500ms', CHECKS))).toMatchObject([{ fix: 'lengthen it' }])
    expect(rulesOf(plan('bake: 3s', `interval: 2h\n${CHECKS}`))).toEqual(['7 value'])
  })
})

describe('a length', () => {
  it.each([
    ['bake: 0s', 'longer than 0s'],
    ['bake: 91d', 'at most 90d'],
    ['bake: 999999999d', 'at most 90d'],
    ['approve: { by: checkout-owners, within: 0s }', 'longer than 0s'],
    ['approve: { by: checkout-owners, within: 100d }', 'at most 90d'],
    ['ramp: { through: [50%], bake: 0m }', 'longer than 0s'],
    ['analyse: { for: 0h, checks: { a: { errorRate: { max: 5% } } } }', 'longer than 0s'],
  ])('is refused where no timer could take it, or it would be none: %s', (step, expected) => {
    expect(problemsOf(`${HEAD}steps:\n  - ${step}\n  - weight: 100%\n`)[0]).toMatchObject({ line: 4, expected })
  })

  it.each([
    ['interval: 0s', '1s to 1h'],
    ['interval: 61m', '1s to 1h'],
    ['onInconclusive: { holdFor: 91d, then: pause }', 'at most 90d'],
  ])('is refused for the whole plan, too: %s', (line, expected) => {
    expect(problemsOf(`${FULL}${line}\n`)).toMatchObject([{ line: 5, expected }])
  })
})
