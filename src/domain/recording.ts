import { z } from 'zod'
import type { RecordedWindow } from './observation.ts'
import { nameText } from './plan-values.ts'
import { formatPath } from './problems.ts'

const count = z.number().min(0).max(1e15)
const time = z.number().min(0).max(8.64e15)

const histogram = z
  .strictObject({ upperBoundsSeconds: z.array(z.number().positive()).min(1).max(500), counts: z.array(count) })
  .refine(({ upperBoundsSeconds, counts }) => counts.length === upperBoundsSeconds.length + 1, {
    error: 'expected one count more than bounds: the last is of what was slower than all',
  })
  .refine(({ upperBoundsSeconds: bounds }) => bounds.every((bound, index) => bound > (bounds[index - 1] ?? 0)), {
    error: 'expected bounds that rise',
  })

const windowSchema = z
  .strictObject({
    start: time,
    end: time,
    counts: z.strictObject({
      requests: count,
      errors: count,
      latency: histogram.nullable().default(null),
      events: z.record(z.string(), count).default({}),
    }),
  })
  .refine(({ start, end }) => end > start, { error: 'expected an end after the start' })
  .refine(({ counts }) => counts.errors <= counts.requests, { error: 'expected at most as many errors as requests' })

/** A file of recordings: what stable did, window by window, by the name of the metric source. */
const recordingSchema = z.record(nameText, z.array(windowSchema).max(200_000))

/** The recordings of a parsed JSON file, or every problem in it as `path: sentence`. Never throws. */
export function readRecordings(
  value: unknown,
):
  | { readonly recordings: Readonly<Record<string, readonly RecordedWindow[]>> }
  | { readonly problems: readonly string[] } {
  const parsed = recordingSchema.safeParse(value)
  if (parsed.success) return { recordings: parsed.data }
  return {
    problems: parsed.error.issues.map(({ path, message }) => {
      const place = formatPath(path.map((key) => (typeof key === 'symbol' ? String(key) : key)))
      return `${place || 'the file'}: ${message}`
    }),
  }
}
