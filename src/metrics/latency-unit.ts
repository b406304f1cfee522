import { z } from 'zod'

/** What the bounds of a latency histogram are in. */
export const latencyUnit = z.enum(['seconds', 'milliseconds'])

type LatencyUnit = z.output<typeof latencyUnit>

/** Names that end so are in milliseconds by the custom of whoever wrote them: Istio, Linkerd. */
const MILLISECONDS = /_(?:milliseconds|millis|ms)$/

/** False for a histogram whose name says milliseconds while nobody has said whether its bounds are. */
export function hasClearUnit({ metric, unit }: { readonly metric: string; readonly unit?: LatencyUnit | undefined }) {
  return unit !== undefined || !MILLISECONDS.test(metric)
}

/** What the option `latency` means, for the documentation. */
export const LATENCY_MEANING =
  'a histogram, by its name without `_bucket`; `unit` is `seconds` (the default) or `milliseconds`, and must be there where the name ends in `_milliseconds`, `_millis` or `_ms`'

/** How such a histogram is refused. */
export const UNCLEAR_UNIT = {
  path: ['metric'],
  error: 'unit: milliseconds beside it, as the name says (unit: seconds, if the name is wrong)',
}

/** A bound as it stands in `le`, in seconds; NaN when it is none. `1`, `1.0` and `1e0` are one bound. */
export function boundInSeconds(bound: number | null, unit: LatencyUnit = 'seconds'): number {
  if (bound === null) return Number.NaN
  return unit === 'seconds' ? bound : bound / 1_000
}
