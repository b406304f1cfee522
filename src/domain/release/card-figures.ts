/** `1,240`: whole, because nobody counts parts of requests; from a million on `1.24M`. */
export function countText(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toPrecision(3)}G`
  if (count >= 999_999.5) return `${(count / 1e6).toPrecision(3)}M`
  return Math.round(count).toLocaleString('en-US')
}

/** `0.24%` of the requests, `unknown`, or a dash when there were none. */
export function errorsText(errors: number | null, requests: number): string {
  if (errors === null) return 'unknown'
  if (!(requests > 0)) return '–'
  const percent = (errors / requests) * 100
  return `${percent >= 10 ? percent.toFixed(1) : percent.toFixed(2)}%`
}

/** `81 ms`, `1.2 s`, or a dash without a histogram. */
export function latencyText(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return '–'
  if (seconds >= 1) return `${seconds.toFixed(1)} s`
  return seconds >= 0.01 ? `${Math.round(seconds * 1_000)} ms` : `${(seconds * 1_000).toFixed(1)} ms`
}
