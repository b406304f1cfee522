import type { Instant } from '../units.ts'

/** A stretch of time: `from` belongs to it, `until` does not. */
export interface Span {
  readonly from: Instant
  readonly until: Instant
}

/** The spans in order, those that touch made one, empty ones left out. */
export function merged(spans: readonly Span[]): readonly Span[] {
  const ordered = spans.filter(({ from, until }) => from < until).toSorted((left, right) => left.from - right.from)
  const result: Span[] = []
  for (const span of ordered) {
    const last = result.at(-1)
    if (last === undefined || last.until < span.from) result.push(span)
    else if (span.until > last.until) result.splice(-1, 1, { from: last.from, until: span.until })
  }
  return result
}

/** What belongs to both; each side must be {@link merged}. */
export function common(left: readonly Span[], right: readonly Span[]): readonly Span[] {
  const result: Span[] = []
  let [one, other] = [0, 0]
  for (;;) {
    const [first, second] = [left[one], right[other]]
    if (first === undefined || second === undefined) return result
    const [from, until] = [Math.max(first.from, second.from), Math.min(first.until, second.until)]
    if (from < until) result.push({ from, until })
    if (first.until < second.until) one += 1
    else other += 1
  }
}

/** What of `whole` belongs to none of `spans`, which must be {@link merged}. */
export function rest(whole: Span, spans: readonly Span[]): readonly Span[] {
  const result: Span[] = []
  let { from } = whole
  for (const span of spans) {
    if (span.until <= from) continue
    if (span.from >= whole.until) break
    if (span.from > from) result.push({ from, until: span.from })
    from = span.until
  }
  return from < whole.until ? [...result, { from, until: whole.until }] : result
}

/** The span that holds this moment, or null. */
export function spanAt(spans: readonly Span[], at: Instant): Span | null {
  return spans.find(({ from, until }) => from <= at && at < until) ?? null
}

/** The first span that begins after this moment, or null. */
export function spanAfter(spans: readonly Span[], at: Instant): Span | null {
  return spans.find(({ from }) => from > at) ?? null
}
