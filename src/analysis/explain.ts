import { formatDuration, type Milliseconds } from '../domain/units.ts'

/** Odds beyond this are shown as "less than". */
const LONGEST_ODDS = 1e12

/** A count with thousands separators, rounded to a whole number: `19,614`. */
export function formatCount(count: number): string {
  if (!Number.isFinite(count)) return 'an unknown number'
  const digits = Math.abs(Math.round(count)).toFixed(0)
  const grouped = digits.replace(/\B(?=(\d{3})+$)/g, ',')
  return count < 0 && digits !== '0' ? `-${grouped}` : grouped
}

/** Events per request: as a percentage up to 100 % (`2.1 %`), beyond it as `1.3 per request`. */
export function formatShare(share: number): string {
  if (!Number.isFinite(share)) return 'an unknown share'
  return share > 1 ? `${significant(share, 3)} per request` : `${significant(share * 100, 2)} %`
}

/** `412 of 19,614`. */
export function formatFraction(events: number, trials: number): string {
  return `${formatCount(events)} of ${formatCount(trials)}`
}

/** `1.5 times`, `1.25 times`. */
export function formatRatio(ratio: number): string {
  return `${significant(ratio, 3)} times`
}

/** Seconds for people: `420 ms`, `1.3 s`. */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'an unknown time'
  return seconds < 1 ? `${significant(seconds * 1_000, 3)} ms` : `${significant(seconds, 3)} s`
}

/** `p95`, `p99.9`. */
export function formatQuantile(quantile: number): string {
  return `p${significant(quantile * 100, 6)}`
}

/** Odds for ln of an e-value: `1 : 4,700`; `better than 1 : 2` and worse are still shown as they are, from `1 : 1` on. */
export function formatOdds(logEvidence: number): string {
  const evidence = capEvidence(logEvidence)
  if (evidence >= LONGEST_ODDS) return `less than 1 : ${formatCount(LONGEST_ODDS)}`
  const rounded = evidence < 10 ? Number(significant(evidence, 2)) : Number(evidence.toPrecision(2))
  return rounded < 10 ? `1 : ${rounded}` : `1 : ${formatCount(rounded)}`
}

/** An e-value from its logarithm, at least 0 and at most 10¹², so that it is finite and fits a chart. */
export function capEvidence(logEvidence: number): number {
  if (Number.isNaN(logEvidence)) return 0
  return logEvidence >= Math.log(LONGEST_ODDS) ? LONGEST_ODDS : Math.exp(logEvidence)
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
      .map(([name, value]) => [name, Number(value.toPrecision(12))]),
  )
}

/** A number with so many significant digits, never in exponent form and without trailing zeros. */
function significant(value: number, digits: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value)
  const rounded = Number(value.toPrecision(digits))
  if (Math.abs(rounded) >= 1_000) return formatCount(rounded)
  const decimals = Math.min(12, Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(rounded)))))
  return String(Number(rounded.toFixed(decimals)).toFixed(decimals))
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '')
}
