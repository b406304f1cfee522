import type { Milliseconds } from '../domain/units.ts'

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
}
const DURATION = /^(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g

/** Reads a duration as Go writes them (`90s`, `1h30m`, `1.5m`, `0`), rounded to milliseconds; null when it is none. */
export function parseGoDuration(text: string): Milliseconds | null {
  if (text === '0') return 0
  if (!DURATION.test(text)) return null
  let sum = 0
  for (const [, amount, unit] of text.matchAll(PART)) sum += Number(amount) * (UNITS[unit ?? ''] ?? Number.NaN)
  return Number.isFinite(sum) ? Math.round(sum) : null
}

/** Reads Kubernetes' IntOrString: a whole number, or a text that is one. Null for anything else. */
export function parseIntOrString(value: number | string): number | null {
  if (typeof value === 'string' && !/^[+-]?\d{1,9}$/.test(value)) return null
  const number = Number(value)
  return Number.isInteger(number) && Math.abs(number) <= 1_000_000_000 ? number : null
}
