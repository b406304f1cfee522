/** One line of the Prometheus text format. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** May be NaN or infinite. */
  readonly value: number
  /** Milliseconds since the Unix epoch, or null when the line carries none. */
  readonly timestamp: number | null
}

/** A line that is no sample, or not the only one of its series: what it counts nobody can say. */
export interface DoubtfulLine {
  /** From 1. */
  readonly line: number
  readonly problem: string
  /** Null when not even its name can be read. */
  readonly name: string | null
  /** Null when they cannot be read. */
  readonly labels: Readonly<Record<string, string>> | null
}

/** What a text holds; or, when it is no exposition or not a whole one, the number (from 1) of the line that shows it. */
export type Exposition =
  | { readonly ok: true; readonly samples: readonly Sample[]; readonly doubtful: readonly DoubtfulLine[] }
  | { readonly ok: false; readonly line: number; readonly problem: string }

/**
 * Reads the Prometheus text exposition format, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). Comments, blank lines, spare blanks and a carriage
 * return at the end of a line are passed over. Any other line that is not a sample (an unknown escape, a second sample of
 * a series, of which only the first is given) is doubtful, and it is for the reader to say whether it matters. A text that
 * was cut off is unreadable, and so is one without any sample among its lines. A wrong number never comes out.
 */
export function parseExposition(text: string): Exposition {
  if (text !== '' && !text.endsWith('\n')) {
    return { ok: false, line: text.split('\n').length, problem: 'the text is cut off: its last line has no end' }
  }
  const samples: Sample[] = []
  const doubtful: DoubtfulLine[] = []
  const series = new Set<string>()
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const sample = parseSample(line)
    if (typeof sample === 'string') {
      const name = matchAt(NAME, line, 0)?.[0] ?? null
      doubtful.push({ line: index + 1, problem: sample, name, labels: null })
      continue
    }
    const { name, labels } = sample
    const key = seriesKey(name, labels)
    if (series.has(key)) doubtful.push({ line: index + 1, problem: `the series ${key} appears twice`, name, labels })
    else samples.push(sample)
    series.add(key)
  }
  const [first] = doubtful
  if (samples.length > 0 || first === undefined) return { ok: true, samples, doubtful }
  return { ok: false, line: first.line, problem: first.problem }
}

/** The one way to write a series: its name and its labels sorted by name, e.g. `up{instance="a",job="b"}`. */
export function seriesKey(name: string, labels: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(labels).sort(([left], [right]) => (left < right ? -1 : 1))
  return `${name}{${sorted.map(([label, value]) => `${label}=${JSON.stringify(value)}`).join(',')}}`
}

/** Reads a sample value: a decimal number, `NaN` or an infinity; null when it is none of them. */
export function parseSampleValue(text: string): number | null {
  if (NUMBER.test(text)) return Number(text)
  return NAMED_VALUES[text.toLowerCase()] ?? null
}

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y
const LABEL = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\[\\"n])*)"[ \t]*(,|(?=\}))/y
const LABELS_END = /[ \t]*\}/y
const REST = /[ \t]*([^ \t]+)(?:[ \t]+(-?\d{1,16}))?$/y
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/
const ESCAPES: Readonly<Record<string, string>> = { '\\\\': '\\', '\\"': '"', '\\n': '\n' }
const NAMED_VALUES: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  '+inf': Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
}

/** The sample of one line, or what is wrong with the line. */
function parseSample(line: string): Sample | string {
  const name = matchAt(NAME, line, 0)
  if (name === null) return 'it does not begin with the name of a metric'
  const labelled = parseLabels(line, name[0].length)
  if (typeof labelled === 'string') return labelled
  if (labelled.end === name[0].length && !/[ \t]/.test(line[labelled.end] ?? '')) return 'no space follows the name'
  const rest = matchAt(REST, line, labelled.end)
  const value = rest === null ? null : parseSampleValue(rest[1] ?? '')
  if (rest === null || value === null) return 'no value, or something after it that is not a timestamp'
  return { name: name[0], labels: labelled.labels, value, timestamp: rest[2] === undefined ? null : Number(rest[2]) }
}

/** The labels that begin at `start`, and where they end; no labels when there is no brace. */
function parseLabels(line: string, start: number): { labels: Record<string, string>; end: number } | string {
  const labels = new Map<string, string>()
  const brace = matchAt(/[ \t]*\{/y, line, start)
  if (brace === null) return { labels: {}, end: start }
  let at = start + brace[0].length
  for (let label = matchAt(LABEL, line, at); label !== null; label = matchAt(LABEL, line, at)) {
    const [whole, name = '', value = ''] = label
    if (labels.has(name)) return `the label ${name} appears twice`
    labels.set(
      name,
      value.replace(/\\[\\"n]/g, (escape) => ESCAPES[escape] ?? escape),
    )
    at += whole.length
  }
  const end = matchAt(LABELS_END, line, at)
  if (end === null) return 'its labels are not well-formed'
  return { labels: Object.fromEntries(labels), end: at + end[0].length }
}

function matchAt(sticky: RegExp, text: string, index: number): RegExpExecArray | null {
  sticky.lastIndex = index
  return sticky.exec(text)
}
