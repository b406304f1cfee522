import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineCounter, stringify } from 'yaml'
import { SluiceError } from '../../../src/domain/errors.ts'
import type { LocatedProblem } from '../../../src/domain/problems.ts'
import { deepestPlace, PLAN_LIMITS, tokensOf } from '../../../src/domain/yaml/yaml-scan.ts'
import { readYaml } from '../../../src/domain/yaml/yaml-text.ts'

const { levels: DEEPEST_NESTING, characters: LARGEST_TEXT } = PLAN_LIMITS
const UNBOUNDED = { ...PLAN_LIMITS, levels: Number.POSITIVE_INFINITY }

function deepestNesting(text: string): { depth: number; line: number } {
  const lines = new LineCounter()
  const { depth, offset } = deepestPlace(tokensOf(text, 'a.yaml', UNBOUNDED, lines))
  return { depth, line: lines.linePos(offset).line }
}

function valueOf(text: string): unknown {
  const read = readYaml(text, 'a.yaml')
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  return read.yaml.value
}

function problemsOf(text: string): readonly LocatedProblem[] {
  const read = readYaml(text, 'a.yaml')
  return 'problems' in read ? read.problems : []
}

function refusalOf(text: string): SluiceError {
  try {
    readYaml(text, 'a.yaml')
  } catch (error) {
    if (error instanceof SluiceError) return error
    throw error
  }
  throw new Error('it was read')
}

/** Levels of lists and maps: a scalar has none. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

describe('readYaml', () => {
  it('reads YAML 1.2: numbers are numbers and nothing else is guessed', () => {
    const text = 'a: 5\nb: 0x5\nc: 1e3\nd: .nan\ne: no\nf: on\ng: 5%\nh: 1:30\ni: 2024-01-01\nj: ~\nk: 010'
    expect(valueOf(text)).toEqual({
      ...{ a: 5, b: 5, c: 1_000, d: Number.NaN, e: 'no', f: 'on', g: '5%', h: '1:30', i: '2024-01-01', j: null, k: 10 },
    })
  })

  it('reads the same whatever the line ends, with and without a byte order mark', () => {
    const text = 'a:\n  - b: 1\n  - c\n'
    const value = { a: [{ b: 1 }, 'c'] }
    expect(valueOf(text)).toEqual(value)
    expect(valueOf(text.replaceAll('\n', '\r\n'))).toEqual(value)
    expect(valueOf(`\uFEFF${text}`)).toEqual(value)
  })

  it('places problems by line and column with any line ends', () => {
    for (const text of ['a: 1\nb: 2\na: 3\n', 'a: 1\r\nb: 2\r\na: 3\r\n', '\uFEFFa: 1\nb: 2\na: 3\n']) {
      expect(problemsOf(text)).toMatchObject([{ rule: 'duplicate-key', file: 'a.yaml', line: 3, column: 1 }])
    }
  })

  it('reports all duplicate keys, at the second one', () => {
    expect(problemsOf('a: 1\na: 2\nb: { c: 1, c: 2 }\n').map(({ line, column }) => [line, column])).toEqual([
      [2, 1],
      [3, 12],
    ])
  })

  it.each([
    ['a tab for indentation', 'a:\n\tb: 1\n', 2],
    ['a list that is not closed', 'a: [1, 2\nb: 3\n', 1],
    ['an unknown tag', 'a: !!js/function x\n', 1],
    ['an unknown alias', 'a: *nowhere\n', 1],
    ['a key that is a list', '? [a, b]\n: 1\n', 1],
    ['a second document', 'a: 1\n---\nb: 2\n', 2],
    ['text after a quoted value', 'a: "b" c\n', 1],
  ])('reports %s', (_, text, line) => {
    const problems = problemsOf(text)
    expect(problems.length).toBeGreaterThan(0)
    expect(problems[0]?.line).toBeGreaterThanOrEqual(line)
    expect(problems[0]).toMatchObject({ expected: expect.any(String), fix: expect.any(String) })
  })

  it('says once what is wrong with a line, and how a list is indented', () => {
    const fix = 'indent with spaces, and the entries of one list or map by as many'
    expect(problemsOf('steps:\n  - weight: 5%\n - bake: 10m\n  - weight: 100%\n')).toMatchObject([
      { line: 3, fix },
      { line: 4, fix },
    ])
    expect(problemsOf('a:\n\tb: 1\n')).toMatchObject([{ line: 2, fix }])
  })

  it('gives keys that are numbers or words of the language back as the text that was written', () => {
    expect(Object.keys(valueOf('5: a\ntrue: b\nnull: c\n') as object)).toEqual(['5', 'true', 'null'])
  })

  it('takes a merge key as the plain key it is in YAML 1.2', () => {
    expect(valueOf('base: &b { x: 1 }\nmore:\n  <<: *b\n')).toEqual({ base: { x: 1 }, more: { '<<': { x: 1 } } })
  })

  it('keeps __proto__ and constructor as own keys and changes no prototype', () => {
    const value = valueOf('__proto__: { polluted: yes }\nconstructor: { prototype: { polluted: yes } }\n') as object
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor'])
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('reads an empty text and a lone comment as nothing', () => {
    expect(valueOf('')).toBeNull()
    expect(valueOf('# only words\n')).toBeNull()
  })
})

describe('its bounds', () => {
  it('refuse a text of 2 MB before anything else', () => {
    expect(refusalOf(`a: "${'x'.repeat(2_000_000)}"`)).toMatchObject({
      code: 'plan.too-large',
      expected: 'at most 256 KiB',
    })
    expect(valueOf(`a: ${'x'.repeat(LARGEST_TEXT - 10)}`)).toHaveProperty('a')
  })

  it.each([
    ['flow lists', '['.repeat(1_000) + ']'.repeat(1_000)],
    ['open flow lists', '['.repeat(100_000)],
    ['flow maps', `${'{a: '.repeat(1_000)}1${'}'.repeat(1_000)}`],
    ['lists behind strings that look like their ends', '["]", '.repeat(1_000)],
    ['lists behind comments that look like their ends', '[ # ]\n'.repeat(1_000)],
    ['blocks', Array.from({ length: 400 }, (_, level) => `${' '.repeat(level)}a:\n`).join('')],
    ['dashes on one line', `${'- '.repeat(1_000)}a`],
    [
      'lists in maps at the same indentation',
      Array.from({ length: 200 }, (_, level) => `${' '.repeat(2 * level)}- a:\n`).join(''),
    ],
    ['question marks', `${'? '.repeat(1_000)}a`],
  ])('refuse 1,000 levels of %s', (_, text) => {
    const refusal = refusalOf(text)
    expect(refusal).toMatchObject({ code: 'plan.too-deep', expected: `at most ${DEEPEST_NESTING} levels` })
    expect(refusal.message).toMatch(/^a\.yaml:\d+: nested too deeply/)
  })

  it('name the line on which it becomes too deep', () => {
    expect(refusalOf(`a: 1\nb: 2\nc: ${'['.repeat(100)}`).message).toMatch(/^a\.yaml:3: /)
  })

  it('take strings with as many brackets as they like', () => {
    const query = 'sum(rate(a{b="c"}[5m])) / '.repeat(50)
    expect(valueOf(`promql: '${query}'\nnote: |\n  ${'['.repeat(100)}\nplain: a ${'{['.repeat(60)}\n`)).toMatchObject({
      promql: query,
    })
  })

  it('refuse an alias bomb with a problem, not with a gigabyte', () => {
    const levels = Array.from({ length: 9 }, (_, index) => `l${index + 1}: &l${index + 1} [${`*l${index},`.repeat(9)}]`)
    const problems = problemsOf(`l0: &l0 [x,x,x]\n${levels.join('\n')}\n`)
    expect(problems).toMatchObject([
      { rule: 'yaml', expected: 'at most 20 expansions of aliases', fix: expect.any(String) },
    ])
  })

  it('take the few aliases that people write', () => {
    expect(valueOf('a: &a { x: 1 }\nb: *a\nc: *a\n')).toEqual({ a: { x: 1 }, b: { x: 1 }, c: { x: 1 } })
  })
})

describe('deepestNesting', () => {
  const keys = fc.constantFrom('a', 'b-c', '[', '"]', '}', '# x', '- y', '? z', 'k: v')
  const scalars = fc.oneof(
    fc.constantFrom('', ']', '}}', '[', "it's", 'a # b', '- x', '| x', 'x\n]\n  y'),
    fc.nat(),
    fc.string(),
  )
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'large', withCrossShrink: true },
      scalars,
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(keys, tie('tree'), { maxKeys: 3 }),
    ),
  }))

  it('is the depth of the document, for any document and any way of writing it', () => {
    const styles = fc.record({
      collectionStyle: fc.constantFrom('any' as const, 'block' as const, 'flow' as const),
      indent: fc.constantFrom(1, 2, 4),
      indentSeq: fc.boolean(),
      defaultStringType: fc.constantFrom('PLAIN' as const, 'QUOTE_DOUBLE' as const, 'QUOTE_SINGLE' as const),
      lineWidth: fc.constantFrom(20, 80),
    })
    fc.assert(
      fc.property(tree, styles, (value, options) => {
        const text = stringify(value, { ...options, aliasDuplicateObjects: false })
        const { depth } = deepestNesting(text)
        const real = depthOf(value)
        expect(depth).toBe(real)
      }),
      { numRuns: 1_000 },
    )
  })

  it('counts the map that a pair in a flow list is', () => {
    expect(deepestNesting('[a: [b: [c: 1]]]').depth).toBeGreaterThanOrEqual(depthOf([{ a: [{ b: [{ c: 1 }] }] }]))
  })

  it('never throws and never counts less than what the parser makes of it, for text that is hardly YAML', () => {
    const scraps = fc.array(
      fc.constantFrom(
        ...[
          '[',
          ']',
          '{',
          '}',
          '- ',
          '? ',
          ': ',
          'a',
          'a: ',
          ',',
          '\n',
          '\n ',
          '\n  ',
          '"',
          "'",
          '#',
          ' #',
          '|\n',
          '&a ',
          '*a',
          '!t ',
          '\t',
          '---\n',
          '...\n',
          '%',
        ],
      ),
      { maxLength: 60 },
    )
    fc.assert(
      fc.property(scraps, (parts) => {
        const text = parts.join('')
        const { depth, line } = deepestNesting(text)
        expect(line).toBeLessThanOrEqual(text.split('\n').length)
        const read = readYaml(text, 'a.yaml')
        expect(depth).toBeGreaterThanOrEqual('yaml' in read ? depthOf(read.yaml.value) : 0)
      }),
      { numRuns: 2_000 },
    )
  })
})
