import { formatDuration, type Milliseconds } from '../domain/units.ts'

/** Evidence beyond this is not told apart. */
const MOST_EVIDENCE = 1e12
/** Odds beyond this are shown as "less than": nobody reads more zeros. */
const LONGEST_ODDS = 1e9

/** Longest sentence of a verdict: five lines of a terminal, and a Slack message has room for some of them. */
const LONGEST_SENTENCE = 400

/** What a judge or a metric source says as one line of bounded length. */
export function asSentence(text: string): string {
  // Nearly every sentence is one line already, and every look makes one.
  const line = (/[^\S ]|\p{Cc}| {2}/u.test(text) ? text.replaceAll(/[\s\p{Cc}]+/gu, ' ') : text).trim()
  if (line === '') return NO_REASON
  return line.length <= LONGEST_SENTENCE ? line : shorten(line, LONGEST_SENTENCE)
}

/** The beginning of a text that is too long for a sentence: `sum(rate(http_requests…`. */
export function shorten(text: string, longest: number): string {
  if (text.length <= longest) return text
  // Half of a pair is no character.
  return `${text.slice(0, longest - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}

const NO_REASON = 'no reason was given'

/** A source's sentence as the end of another: without its full stop and its capital, where that is no name. */
export function asClause(sentence: string): string {
  const clause = sentence.trim().replace(/\.$/, '')
  return clause.replace(/^(?:An?|No|The|These|This|Waiting) /, (word) => word.toLowerCase()) || NO_REASON
}

/** `p95`, `p95 and p99`, `p50, p95 and p99`. */
export function formatList(parts: readonly string[]): string {
  const last = parts.at(-1) ?? ''
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`
}

/** A number that cannot be, in brackets after the words for it; nothing for what is no number at all: ` (-1)`. */
export function formatImpossible(value: number): string {
  return Number.isFinite(value) ? ` (${formatNumber(value)})` : ''
}

/** A number as a query gave it, to four digits. */
export function formatNumber(value: number): string {
  const rounded = Number(value.toPrecision(4))
  // The largest numbers round to more than a number can be.
  if (Number.isFinite(value)) return String(Number.isFinite(rounded) ? rounded : value)
  return Number.isNaN(value) ? 'not a number' : 'infinite'
}

/** The numbers that a query gave: `0.061`, `[0.06, 0.02]`, `[1, 2, 3, … 40 series]`. */
export function formatSeries(values: readonly number[]): string {
  const [first] = values
  if (first === undefined) return 'none'
  if (values.length === 1) return formatNumber(first)
  const shown = values.slice(0, 3).map(formatNumber).join(', ')
  return values.length > 3 ? `[${shown}, … ${values.length} series]` : `[${shown}]`
}

/** A count with thousands separators, rounded to a whole number: `19,614`. */
export function formatCount(count: number): string {
  if (!Number.isFinite(count)) return 'an unknown number'
  const digits = Math.abs(Math.round(count)).toFixed(0)
  if (digits.length <= 3) return count < 0 && digits !== '0' ? `-${digits}` : digits
  const grouped = digits.replace(/\B(?=(\d{3})+$)/g, ',')
  return count < 0 ? `-${grouped}` : grouped
}

/** Events per request: as a percentage up to 100% (`2.1%`), beyond it as `1.3 per request`. */
export function formatShare(share: number): string {
  if (!Number.isFinite(share)) return 'an unknown share'
  return share > 1 ? `${significant(share, 3)} per request` : `${significant(share * 100, 2)}%`
}

/** `412 of 19,614`. */
export function formatFraction(events: number, trials: number): string {
  return `${formatCount(events)} of ${formatCount(trials)}`
}

/** `1.5 times`, `1.25 times`. */
export function formatRatio(ratio: number): string {
  if (!Number.isFinite(ratio)) return 'an unknown number of times'
  return `${significant(ratio, 3)} times`
}

/** Below and above this an interval of a ratio is open for people. */
const SMALL_RATIO = 0.1
const LARGE_RATIO = 100

/**
 * An interval of a ratio, its ends rounded outwards: `0.71 to 1.4 times`, `at most 5.4 times`; null when it says nothing. Ends
 * that are near each other have a digit more.
 */
export function formatInterval(atLeast: number, atMost: number): string | null {
  const digits = atMost < 1.25 * atLeast ? 3 : 2
  const low = significant(outwards(atLeast, digits, Math.floor), digits)
  const high = significant(outwards(atMost, digits, Math.ceil), digits)
  const [isLow, isHigh] = [!(atLeast >= SMALL_RATIO) && atMost > SMALL_RATIO, !(atMost <= LARGE_RATIO)]
  if (isLow && isHigh) return null
  if (isLow) return `at most ${high} times`
  return isHigh ? `at least ${low} times` : `${low} to ${high} times`
}

/** A number to so many digits, rounded by `round`. */
function outwards(value: number, digits: number, round: (value: number) => number): number {
  if (!(value > 0) || !Number.isFinite(value)) return value
  const grain = 10 ** (Math.floor(Math.log10(value)) - digits + 1)
  return round(value / grain) * grain
}

/** Seconds for people: `420 ms`, `1.3 s`. */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'an unknown time'
  return seconds < 1 ? `${significant(seconds * 1_000, 3)} ms` : `${significant(seconds, 3)} s`
}

/** `p95`, `p99.9`. */
export function formatQuantile(quantile: number): string {
  if (!Number.isFinite(quantile)) return 'an unknown quantile'
  return `p${significant(quantile * 100, 6)}`
}

/**
 * False-alarm odds for ln of an e-value: `1 : 4,700`. Of the releases in which the claim is wrong, at most one in so many ever
 * looks like this, however often one looks. That is not the probability that it is wrong here. Never below `1 : 1`.
 */
export function formatOdds(logEvidence: number): string {
  const evidence = Math.max(1, capEvidence(logEvidence))
  if (evidence >= LONGEST_ODDS) return `less than 1 : ${formatCount(LONGEST_ODDS)}`
  const rounded = evidence < 10 ? Number(significant(evidence, 2)) : Number(evidence.toPrecision(2))
  return rounded < 10 ? `1 : ${rounded}` : `1 : ${formatCount(rounded)}`
}

/** An e-value from its logarithm, at least 0 and at most 10¹², so that it is finite and fits a chart. */
export function capEvidence(logEvidence: number): number {
  if (Number.isNaN(logEvidence)) return 0
  return logEvidence >= Math.log(MOST_EVIDENCE) ? MOST_EVIDENCE : Math.exp(logEvidence)
}

/** What a claim is told with while it is not shown: `(false-alarm odds 1 : 3, fails at 1 : 300)`. */
export function formatStanding(logEvidence: number, needed: number, comesTo: 'fails' | 'shown'): string {
  return `(${comesTo === 'fails' ? 'false-alarm' : 'false-proof'} odds ${formatOdds(logEvidence)}, ${comesTo} at ${formatOdds(needed)})`
}

/** What is said of a breach that is not shown: `no sign of`, or `not yet sure of` where it is likely. */
export function formatSign(isLikely: boolean): string {
  return isLikely ? 'not yet sure of' : 'no sign of'
}

/** How often a limit was broken lately: `in 2 of the last 3 looks (fails at 2 of 3)`. */
export function formatBreaches(counts: {
  readonly breaches: number
  readonly looks: number
  readonly failures: number
  readonly of: number
}): string {
  const { breaches, looks, failures, of } = counts
  const seen = looks <= 1 ? 'at the last look' : `in ${formatCount(breaches)} of the last ${formatCount(looks)} looks`
  return of === 1 ? seen : `${seen} (fails at ${formatCount(failures)} of ${formatCount(of)})`
}

/** How long was watched: `after 1m 10s`. */
export function formatWatched(watched: Milliseconds): string {
  return `after ${formatDuration(watched)}`
}

/** Only the finite figures, rounded to 12 digits so that they stay short in JSON. */
export function finiteFigures(figures: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(figures)
      .filter(([, value]) => Number.isFinite(value))
      // What has no more than 12 digits is spared the way through text.
      .map(([name, value]) => [
        name,
        Math.abs(value) < 1e12 && Number.isInteger(value) ? value + 0 : Number(value.toPrecision(12)),
      ]),
  )
}

/** An upper bound with three digits, never told smaller than it is. */
export function formatAtMost(bound: number): string {
  return significant(outwards(bound, 3, Math.ceil), 3)
}

/** A number with so many significant digits, never in exponent form and without trailing zeros. */
function significant(value: number, digits: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value)
  const rounded = Number(value.toPrecision(digits))
  if (Math.abs(rounded) >= 1_000) return formatCount(rounded)
  const decimals = Math.min(12, Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(rounded)))))
  const text = String(Number(rounded.toFixed(decimals)).toFixed(decimals))
  return decimals === 0 ? text : text.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '')
}
