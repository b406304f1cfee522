import { z } from 'zod'
import { parseWeekly } from '../calendar/weekly.ts'
import { isRecord } from '../json.ts'
import { type Parsed, parseDuration, parseWeight } from '../units.ts'

/** The small texts of a plan as zod schemas: each turns text into a number and never guesses. */

export const weightText = quantity(parseWeight, {
  pattern: '^\\d{1,3}(\\.\\d{1,2})?\\s?%$',
  description: 'A share of traffic, 0% to 100%, at most two decimals',
  examples: ['5%', '0.25%'],
})

export const durationText = quantity(parseDuration, {
  pattern: '^\\d{1,9}(ms|s|m|h|d)$',
  description: 'A duration: a whole number with ms, s, m, h or d',
  examples: ['90s', '10m', '4h'],
})

/** A duration in which something is to happen. */
export const stretchText = durationText.refine((duration) => duration > 0, { error: 'expected longer than 0s' })

/** `1.5x` as 1.5: a ratio canary / stable. */
export const ratioText = quantity(parseRatio, {
  pattern: '^\\d{1,4}(\\.\\d{1,4})?x$',
  description: 'A ratio of canary to stable',
  examples: ['1.5x', '0.9x'],
})

/** `0.5x` as 0.5: failed requests that may be added, for each that there is anyway. */
export const budgetText = quantity(parseBudget, {
  pattern: '^\\d{1,4}(\\.\\d{1,4})?x$',
  description: "Failed requests that the canary may add, for each of stable's",
  examples: ['0.5x', '2x'],
})

/** `99%` as 0.99: a share in (0, 1). */
export const confidenceText = quantity(parseConfidence, {
  pattern: '^\\d{1,2}(\\.\\d{1,4})?%$',
  description: 'A confidence from 50% up to, not including, 100%',
  examples: ['99%', '99.9%'],
})

/** `2%` as 0.02: an absolute share in [0, 1]. */
export const shareText = quantity(parseShare, {
  pattern: '^\\d{1,3}(\\.\\d{1,4})?%$',
  description: 'A share of requests, 0% to 100%',
  examples: ['2%', '0.5%'],
})

/** `p95` or `p99.9` as 0.95 or 0.999. */
export const quantileText = quantity(parseQuantile, {
  pattern: '^p\\d{1,2}(\\.\\d{1,3})?$',
  description: 'A quantile',
  examples: ['p95', 'p99.9'],
})

/**
 * Names that people choose: lower-case letters, digits and dashes, at most 63, as in DNS labels. Names become keys, and
 * every JavaScript object answers to the key `constructor`, so that one word is no name.
 */
export const nameText = z.string().regex(/^(?!constructor$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, {
  error: 'expected lower-case letters, digits and dashes, at most 63, such as checkout',
})

/** Names of flags are chosen in the flag store; `__proto__` and `constructor` are none. */
export const flagName = z.string().regex(/^(?!constructor$)[A-Za-z0-9][\w.-]{0,199}$/, {
  error: 'expected the name of a flag: letters, digits, `_`, `.` and `-`',
})

/** A window: the name of one, or a weekly text such as `Mon-Fri 09:00-16:00 Europe/Berlin`. */
export const windowText = z
  .string()
  .max(200)
  .refine((text) => nameText.safeParse(text).success || parseWeekly(text).ok, {
    error: 'expected the name of a window, or days, times and a time zone, such as Mon-Fri 09:00-16:00 Europe/Berlin',
  })

/** Checks by name, read one by one elsewhere. Not a `z.record`: that leaves the key `__proto__` out without a word. */
export const checkMap = z
  .custom<Readonly<Record<string, unknown>>>(isRecord, { error: 'expected checks by their names' })
  .meta({ type: 'object' })

function parseRatio(text: string): Parsed<number> {
  const match = /^(\d{1,4}(?:\.\d{1,4})?)x$/.exec(text)
  const value = Number(match?.[1])
  return match !== null && value > 0 ? { ok: true, value } : { ok: false, expected: 'a ratio with an x, such as 1.5x' }
}

function parseBudget(text: string): Parsed<number> {
  if (/^0+(\.0+)?x$/.test(text))
    return { ok: false, expected: 'more than 0x: with nothing to spend no weight could be raised' }
  return parseRatio(text)
}

function parseConfidence(text: string): Parsed<number> {
  const percent = percentOf(text)
  const isConfidence = percent !== null && percent >= 50 && percent < 100
  return isConfidence
    ? { ok: true, value: percent / 100 }
    : { ok: false, expected: 'a confidence from 50% up to, not including, 100%, such as 99%' }
}

function parseShare(text: string): Parsed<number> {
  const percent = percentOf(text)
  return percent !== null && percent <= 100
    ? { ok: true, value: percent / 100 }
    : { ok: false, expected: 'a share with a percent sign, from 0% to 100%, such as 2%' }
}

function parseQuantile(text: string): Parsed<number> {
  const match = /^p(\d{1,2}(?:\.\d{1,3})?)$/.exec(text)
  const value = Number(match?.[1]) / 100
  return match !== null && value > 0 ? { ok: true, value } : { ok: false, expected: 'a quantile such as p95 or p99.9' }
}

function percentOf(text: string): number | null {
  const match = /^(\d{1,3}(?:\.\d{1,4})?)%$/.exec(text)
  return match === null ? null : Number(match[1])
}

interface TextShape {
  readonly pattern: string
  readonly description: string
  readonly examples: readonly string[]
}

function quantity<T>(parse: (text: string) => Parsed<T>, shape: TextShape) {
  const { pattern, description, examples } = shape
  const expected = `${description.charAt(0).toLowerCase()}${description.slice(1)}, such as ${examples.join(' or ')}`
  return z
    .string({ error: `expected ${expected}` })
    .meta({ pattern, description, examples: [...examples] })
    .transform(valueBy(parse))
}

/** The value that a text is read as, or the issue that says what was expected. */
export function valueBy<T>(parse: (text: string) => Parsed<T>) {
  return (text: string, context: z.RefinementCtx<string>): T => {
    const parsed = parse(text)
    if (parsed.ok) return parsed.value
    context.addIssue({ code: 'custom', message: `expected ${parsed.expected}` })
    return z.NEVER
  }
}
