/**
 * A number that says what it counts, so that a point in time cannot be handed on as a duration, nor either as a share.
 * Plain numbers are let in and arithmetic gives plain numbers: a full brand would ask for a word at every literal and
 * every sum, and the doors where numbers come in say the unit anyway. The field exists for the compiler alone.
 */
type Counted<Unit extends string> = number & { readonly unit?: Unit }

/** Share of traffic in basis points: an integer from 0 (nobody) to 10000 (everybody); 1 is 0.01%. */
export type BasisPoints = Counted<'basis points'>

/** A point in time: milliseconds since the Unix epoch, UTC. */
export type Instant = Counted<'instant'>

/** A duration in milliseconds. */
export type Milliseconds = Counted<'duration'>

export const FULL_WEIGHT: BasisPoints = 10_000

/** Either the value or the sentence that says why the text is not one. Parsing never throws and never guesses. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly expected: string }

const WEIGHT_PATTERN = /^(\d{1,3})(?:\.(\d{1,2}))?\s?%$/
const WEIGHT_EXPECTED = 'a share with a percent sign and at most two decimals, from 0% to 100%, such as 5% or 0.25%'

/** Reads `5%`, `0.25%` or `100 %` as basis points. A bare number is refused: 5 could mean 5% or 0.05%. */
export function parseWeight(text: string): Parsed<BasisPoints> {
  const match = WEIGHT_PATTERN.exec(text)
  if (match === null) return { ok: false, expected: WEIGHT_EXPECTED }
  const whole = Number(match[1])
  const hundredths = Number((match[2] ?? '').padEnd(2, '0'))
  const value = whole * 100 + hundredths
  return value <= FULL_WEIGHT ? { ok: true, value } : { ok: false, expected: WEIGHT_EXPECTED }
}

/** Writes basis points the way plans do: `500` as `5%`, `25` as `0.25%`. */
export function formatWeight(weight: BasisPoints): string {
  return `${Number((weight / 100).toFixed(2))}%`
}

/** A share from 0 to 1 as a percentage with so many significant digits at the most: `0.0125` as `1.25%`. */
export function formatPercent(share: number, digits: number): string {
  return `${Number((share * 100).toPrecision(digits))}%`
}

const DURATION_UNITS: Readonly<Record<string, Milliseconds>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}
const DURATION_PATTERN = /^(\d{1,9})(ms|s|m|h|d)$/
const DURATION_EXPECTED = 'a whole number with a unit (ms, s, m, h or d), such as 90s, 10m, 4h or 2d'
/** Longest duration a plan may name: 90 days. Longer than any bake, shorter than any timer limit. */
export const LONGEST_DURATION: Milliseconds = 90 * 86_400_000

/** Reads `90s`, `10m`, `4h`, `2d` or `500ms` as milliseconds. A bare number is refused. */
export function parseDuration(text: string): Parsed<Milliseconds> {
  const match = DURATION_PATTERN.exec(text)
  const unit = match === null ? undefined : DURATION_UNITS[match[2] ?? '']
  if (match === null || unit === undefined) return { ok: false, expected: DURATION_EXPECTED }
  const value = Number(match[1]) * unit
  return value <= LONGEST_DURATION ? { ok: true, value } : { ok: false, expected: 'at most 90d' }
}

/** Writes a duration the way plans do, as one whole number with the largest unit that fits: `90m`, not `1h 30m`. */
export function writeDuration(duration: Milliseconds): string {
  const [unit, size] = Object.entries(DURATION_UNITS).findLast(([, milliseconds]) => duration % milliseconds === 0) ?? [
    'ms',
    1,
  ]
  return `${duration / size}${unit}`
}

/** Writes a duration for people, with the two largest units: `1h 5m`, `12s`, `3d`, `0s`. */
export function formatDuration(duration: Milliseconds): string {
  if (!Number.isFinite(duration)) return 'an unknown time'
  if (duration < 1_000) return duration <= 0 ? '0s' : `${Math.round(duration)}ms`
  let rest = Math.round(duration / 1_000)
  const parts: string[] = []
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(rest / seconds)
    rest -= count * seconds
    if (count > 0) parts.push(`${count}${unit}`)
    if (parts.length === 2) break
  }
  return parts.join(' ')
}
