import { nearestWord } from '../nearest-word.ts'
import { type Milliseconds, parseDuration, writeDuration } from '../units.ts'
import { type JsonShape, keysOf } from './schema-shapes.ts'

/** What to write instead of a value, by what may stand there and what the schema has said of it. */
export function fixFor(seen: unknown, shapes: readonly JsonShape[], expected: string): string {
  // Only quantities have examples: any number would also do as a name.
  const quantities = shapes.filter(({ pattern, examples }) => pattern !== undefined && examples !== undefined)
  const patterns = quantities.map(({ pattern = '' }) => new RegExp(pattern))
  // It is of the right form, so it is its size that does not do.
  if (typeof seen === 'string' && patterns.some((pattern) => pattern.test(seen))) return 'write one of that size'
  const meant = formsOf(seen).find((form) => patterns.some((pattern) => pattern.test(form)))
  if (meant !== undefined) return `write ${meant}`
  const examples = alternatives(quantities.flatMap(({ examples = [] }) => examples))
  if (examples === '') return fixForForm(seen, shapes, expected)
  return typeof seen === 'number' ? `write it as text with its unit, such as ${examples}` : `write it as in ${examples}`
}

/** What to write where no quantity is asked for: one of the words, or a value of the right form. */
function fixForForm(seen: unknown, shapes: readonly JsonShape[], expected: string): string {
  const words = shapes.flatMap(({ enum: some = [], const: one }) => (one === undefined ? some : [one]))
  const near = typeof seen === 'string' ? nearestWord(seen, words.map(String)) : null
  if (near !== null) return `did you mean ${near}?`
  const [, example] = / such as (.+)$/.exec(expected) ?? []
  if (words.length > 0 && (example === undefined || typeof seen === 'string')) return `write ${alternatives(words)}`
  if (example !== undefined) return `write it as in ${example}`
  if (typeof seen === 'number' && shapes.some(({ type }) => type === 'string')) return 'write it as text, in quotes'
  const forms = shapes.flatMap((shape) => formOf(shape) ?? [])
  // Of the right form, and so it is what it says that does not do.
  if (typeof seen === 'string' && forms.length === 1 && forms[0] === formOf({ type: 'string' }))
    return `write ${expected}`
  const [key] = keysOf(shapes)
  if (key !== undefined && forms.length === 1) return `write ${forms[0]}, such as { ${key}: … }`
  return forms.length === 0 ? 'write it as the docs show' : `write ${alternatives(forms)}`
}

function formOf(shape: JsonShape): string | null {
  const { type, minimum, maximum, minItems, maxItems, minLength, maxLength } = shape
  const forms: Readonly<Record<string, string>> = {
    string: `a text${between(minLength, maxLength, ' characters')}`,
    number: `a number${between(minimum, maximum, '')}`,
    integer: `a whole number${between(minimum, maximum, '')}`,
    array: `a list${between(minItems, maxItems, ' entries')}`,
    boolean: 'true or false',
    object: 'keys with values',
  }
  return typeof type === 'string' ? (forms[type] ?? null) : null
}

function between(least: number | undefined, most: number | undefined, what: string): string {
  const from = Number.isSafeInteger(least) && least !== Number.MIN_SAFE_INTEGER ? least : undefined
  const to = most === Number.MAX_SAFE_INTEGER ? undefined : most
  if (from !== undefined && to !== undefined) return ` of ${from} to ${to}${what}`
  if (to !== undefined) return ` of at most ${to}${what}`
  return from === undefined ? '' : ` of at least ${from}${what}`
}

/** `5%, 0.25% or 10m`; each once. */
function alternatives(all: readonly unknown[]): string {
  const texts = [...new Set(all.map(String))]
  const last = texts.pop() ?? ''
  return texts.length === 0 ? last : `${texts.join(', ')} or ${last}`
}

/** Longer texts are no quantities, and looking for one in them would take time that grows with their square. */
const LONGEST_QUANTITY = 40

/** What a value may have been meant as where that is beyond doubt: a 5 is no `5%`, for it could be `500%` as well. */
function formsOf(seen: unknown): readonly string[] {
  const text = typeof seen === 'number' || typeof seen === 'string' ? String(seen) : ''
  if (text.length > LONGEST_QUANTITY) return []
  if (/^\d+(\.\d+)?$/.test(text)) {
    const number = Number(text)
    // Hardly ever may it stand there, with whatever unit.
    if (number === 0) return []
    return [`${text}x`, `p${number > 0 && number < 1 ? Number((number * 100).toPrecision(6)) : text}`]
  }
  const [, times] = /^(\d+(?:\.\d+)?) ?[xX×]$/.exec(text) ?? []
  if (times !== undefined) return [`${times}x`]
  const [, share] = /^(\d+(?:\.\d+)?) ?(?:%|[Pp]er ?cents?)$/.exec(text) ?? []
  if (share !== undefined) return Number(share) <= 100 ? [`${share}%`] : []
  const meant = writeDuration(sumOfDurations(text))
  return parseDuration(meant).ok ? [meant] : []
}

/** How people write the units of a duration. */
const UNIT_WORDS: readonly (readonly [words: RegExp, unit: Milliseconds])[] = [
  [/^(?:ms|msecs?|milliseconds?)$/, 1],
  [/^(?:s|secs?|seconds?)$/, 1_000],
  [/^(?:m|mins?|minutes?)$/, 60_000],
  [/^(?:h|hrs?|hours?)$/, 3_600_000],
  [/^(?:d|days?)$/, 86_400_000],
]

/** `1h30m`, `1h 30m` and `10 minutes`; not a number for what is no duration. */
function sumOfDurations(text: string): Milliseconds {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?) ?([a-z]+|[A-Z][a-z]+)/g)]
  if (parts.length === 0 || parts.map(([all]) => all).join('') !== text.replaceAll(/(?<![\d]) | $/g, ''))
    return Number.NaN
  return parts.reduce((sum, [, count, word = '']) => {
    const unit = UNIT_WORDS.find(([words]) => words.test(word.toLowerCase()))?.[1] ?? Number.NaN
    return sum + Number(count) * unit
  }, 0)
}
