import fc from 'fast-check'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { parseExposition, type Sample, seriesKey } from '../../src/metrics/text-exposition.ts'

const labelValue = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('\\', '\\n', '"', '\n', '}', '{', ',', '=', ' ', 'a"b\\c\nd', '\\"', '#'),
)
const value = fc.oneof(
  fc.double({ noDefaultInfinity: true, noNaN: true }),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1e300, 5e-324),
)

describe('reading what prom-client writes', () => {
  it('gives back every gauge with its labels and value', async () => {
    const written = fc.uniqueArray(fc.tuple(labelValue, labelValue, value), {
      maxLength: 20,
      selector: ([first, second]) => JSON.stringify([first, second]),
    })
    await fc.assert(
      fc.asyncProperty(written, async (series) => {
        const registry = new Registry()
        const gauge = new Gauge({ name: 'g', help: 'any\nhelp "text"', labelNames: ['a', 'b'], registers: [registry] })
        for (const [a, b, number] of series) gauge.set({ a, b }, number)
        const found = new Map(
          read(await registry.metrics()).map((sample) => [seriesKey(sample.name, sample.labels), sample.value]),
        )
        expect(found.size).toBe(series.length)
        for (const [a, b, number] of series) expect(found.get(seriesKey('g', { a, b }))).toEqual(positiveZero(number))
      }),
      { numRuns: 300 },
    )
  })

  it('gives back counters and histograms', async () => {
    const registry = new Registry()
    new Counter({ name: 'c_total', help: 'c', labelNames: ['pool'], registers: [registry] }).inc({ pool: 'green' }, 41)
    const histogram = new Histogram({ name: 'h', help: 'h', buckets: [0.1, 1], registers: [registry] })
    for (const seconds of [0.05, 0.5, 5]) histogram.observe(seconds)
    expect(read(await registry.metrics()).map(({ name, labels, value: number }) => [name, labels, number])).toEqual([
      ['c_total', { pool: 'green' }, 41],
      ['h_bucket', { le: '0.1' }, 1],
      ['h_bucket', { le: '1' }, 2],
      ['h_bucket', { le: '+Inf' }, 3],
      ['h_sum', {}, 5.55],
      ['h_count', {}, 3],
    ])
  })
})

describe('reading the format', () => {
  it.each<[string, Partial<Sample>]>([
    ['up 1\n', { name: 'up', labels: {}, value: 1, timestamp: null }],
    ['up{} 1\n', { labels: {}, value: 1 }],
    ['  up { a = "b" , } 1 1700000000000 \r\n', { labels: { a: 'b' }, timestamp: 1_700_000_000_000 }],
    ['up\t1.5e3\t-5\n', { value: 1_500, timestamp: -5 }],
    ['a:b_c{l="x\\"y\\\\z\\n"} +Inf\n', { name: 'a:b_c', labels: { l: 'x"y\\z\n' }, value: Number.POSITIVE_INFINITY }],
    ['up -Inf\n', { value: Number.NEGATIVE_INFINITY }],
    ['up NaN\n', { value: Number.NaN }],
    ['up{a="}"} .5\n', { labels: { a: '}' }, value: 0.5 }],
    ['up{__proto__="x"} 1\n', { value: 1 }],
  ])('reads %j', (text, expected) => {
    const [sample, ...others] = read(text)
    expect(sample).toMatchObject(expected)
    expect(others).toEqual([])
  })

  it('passes over comments and blank lines', () => {
    expect(read('# HELP up x\n# TYPE up gauge\n\n#\n# EOF\n')).toEqual([])
    expect(read('')).toEqual([])
  })

  it.each([
    ['no value', 'up\n'],
    ['no value after labels', 'up{a="b"}\n'],
    ['a value that is no number', 'up one\n'],
    ['a hexadecimal value', 'up 0x10\n'],
    ['digits with separators', 'up 1_000\n'],
    ['two values', 'up 1 2 3\n'],
    ['a timestamp with a fraction', 'up 1 1.5\n'],
    ['a name that begins with a digit', '1up 1\n'],
    ['an open label value', 'up{a="b} 1\n'],
    ['an open brace', 'up{a="b" 1\n'],
    ['a label without quotes', 'up{a=b} 1\n'],
    ['labels without a comma', 'up{a="b"c="d"} 1\n'],
    ['only a comma', 'up{,} 1\n'],
    ['an unknown escape', 'up{a="\\t"} 1\n'],
    ['a label twice', 'up{a="b",a="c"} 1\n'],
    ['a series twice', 'up{a="b",c="d"} 1\nup{c="d",a="b"} 2\n'],
    ['an exemplar', 'up 1 # {trace="x"} 1\n'],
    ['a line of a web page', '<html>\n'],
  ])('doubts %s and reads what stands around it', (_, text) => {
    const parsed = parseExposition(`ok 1\n${text}end 2\n`)
    expect(parsed.ok && parsed.samples.map(({ name }) => name).filter((name) => name !== 'up')).toEqual(['ok', 'end'])
    const line = text.split('\n').length
    expect(parsed.ok && parsed.doubtful).toMatchObject([{ line }])
  })

  it('says of a doubtful line what can be said: its number, its name, and its labels where they are readable', () => {
    const text = 'a 1\n\nb 1\nc{x="1"} 1\nc{x="1"} 2\nd{x="2 1\n<p>\n'
    expect(parseExposition(text)).toMatchObject({
      samples: [{ name: 'a' }, { name: 'b' }, { name: 'c', value: 1 }],
      doubtful: [
        { line: 5, name: 'c', labels: { x: '1' }, problem: 'the series c{x="1"} appears twice' },
        { line: 6, name: 'd', labels: null },
        { line: 7, name: null, labels: null },
      ],
    })
  })

  it.each([
    ['a text whose last line has no end', 'ok 1\nup 12', 2],
    ['a text without a sample among its lines', '<html>\nhello\n', 1],
  ])('refuses %s', (_, text, line) => {
    expect(parseExposition(text)).toMatchObject({ ok: false, line })
  })

  it('never reads a number out of a text that was cut off', () => {
    const firstLine = 'a{x="1"} 1234\n'
    const whole = `${firstLine}b 5678 1700000000000\n`
    const readable = Array.from({ length: whole.length - 1 }, (_, end) => whole.slice(0, end + 1)).filter(
      (text) => parseExposition(text).ok,
    )
    expect(readable).toEqual([firstLine])
  })

  it('never throws and never makes a value that is not in the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'a{}="\\,n1 .eE+-#\n\t'.split('')), maxLength: 40 }), (text) => {
        const parsed = parseExposition(text)
        const numbers = new Set(text.split(/[\s}]+/).map(Number))
        const read = parsed.ok ? parsed.samples.map((sample) => sample.value) : []
        expect(read.filter((number) => !numbers.has(number))).toEqual([])
      }),
      { numRuns: 2_000 },
    )
  })
})

function read(text: string): readonly Sample[] {
  const parsed = parseExposition(text)
  if (!parsed.ok) throw new Error(`line ${parsed.line}: ${parsed.problem}`)
  return parsed.samples
}

/** The text format has no negative zero in prom-client's hand. */
function positiveZero(number: number): number {
  return number === 0 ? 0 : number
}
