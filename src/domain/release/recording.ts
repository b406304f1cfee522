import { z } from 'zod'
import type { MetricResult, RecordedWindow } from '../observation.ts'
import { issueTexts } from '../plan/plan-issues.ts'
import { nameText } from '../plan/plan-values.ts'
import { FULL_WEIGHT } from '../units.ts'
import type { PastRelease, RecordedPair, RecordedRelease } from './past-release.ts'
import { ABANDON_CAUSES } from './release-events.ts'

/** What checks are replayed over: stable's past and the releases that have ended, by metric source. */
export interface Recording {
  readonly stable: Readonly<Record<string, MetricResult<readonly RecordedWindow[]>>>
  /** Newest first. */
  readonly releases: readonly RecordedRelease[]
}

const count = z.number().min(0).max(1e15)
const time = z.number().min(0).max(8.64e15)
const pool = z.string().min(1).max(200)

const histogram = z
  .strictObject({ upperBoundsSeconds: z.array(z.number().positive()).min(1).max(500), counts: z.array(count) })
  .refine(({ upperBoundsSeconds, counts }) => counts.length === upperBoundsSeconds.length + 1, {
    error: 'expected one more count than bounds: the last counts what was slower than all of them',
  })
  .refine(({ upperBoundsSeconds: bounds }) => bounds.every((bound, index) => bound > (bounds[index - 1] ?? 0)), {
    error: 'expected bounds that rise',
  })

const reason = z.string().max(400)
const missingParts = z.strictObject({
  errors: reason.exactOptional(),
  latency: reason.exactOptional(),
  started: reason.exactOptional(),
  events: z.record(z.string(), reason).exactOptional(),
})

const armCounts = z
  .strictObject({
    requests: count,
    errors: count,
    latency: histogram.nullable().default(null),
    events: z.record(z.string(), count).default({}),
    missing: missingParts.exactOptional(),
    restarts: count.exactOptional(),
    started: count.exactOptional(),
  })
  .refine(({ errors, requests }) => errors <= requests, { error: 'expected at most as many errors as requests' })

const endsLater = ({ start, end }: { readonly start: number; readonly end: number }) => end > start
const ENDS_LATER = { error: 'expected an end after the start' }

const stableWindow = z.strictObject({ start: time, end: time, counts: armCounts }).refine(endsLater, ENDS_LATER)
const pairWindow = z
  .strictObject({ start: time, end: time, canary: armCounts.nullable(), stable: armCounts.nullable() })
  .refine(endsLater, ENDS_LATER)

/** Windows of one length, one after the other, as replays take them. */
function inRow<Window extends z.ZodType<{ readonly start: number; readonly end: number }>>(
  window: Window,
  most: number,
) {
  return z
    .array(window)
    .max(most)
    .superRefine((windows, context) => {
      const length = windows[0] === undefined ? 0 : windows[0].end - windows[0].start
      const bad = windows.findIndex(
        ({ start, end }, index) => end - start !== length || start < (windows[index - 1]?.end ?? 0),
      )
      const message = 'expected windows of one length, oldest first, that do not overlap'
      if (bad >= 0) context.addIssue({ code: 'custom', path: [bad], message })
      if (length > 0 && length < SHORTEST_WINDOW)
        context.addIssue({
          code: 'custom',
          path: [0],
          message: 'expected windows of at least 1 s; times are in milliseconds',
        })
    })
}

const SHORTEST_WINDOW = 1_000

const span = z
  .strictObject({
    exposure: z.strictObject({
      weight: z.int().min(0).max(FULL_WEIGHT),
      cohorts: z.array(z.string()).default([]),
      tickets: z.literal(true).exactOptional(),
      mirror: z.int().min(1).max(FULL_WEIGHT).exactOptional(),
    }),
    from: time,
    until: time,
  })
  .refine(({ from, until }) => until > from, { error: 'expected a time until after the time from' })

const release = z.strictObject({
  releaseId: z.string().min(1).max(200),
  version: z.string().min(1).max(200),
  replaces: z.string().max(200).nullable().default(null),
  outcome: z.enum(['promoted', 'rolled-back']),
  abandoned: z
    .strictObject({
      cause: z.enum(ABANDON_CAUSES),
      by: z.string(),
      at: time,
    })
    .nullable()
    .default(null),
  warned: z
    .strictObject({
      checks: z.array(nameText).max(100),
      blind: z.array(nameText).max(100).exactOptional(),
      entries: z
        .array(
          z.strictObject({
            ...{ check: nameText, since: time, reason: z.string(), would: z.enum(['rollback', 'pause']) },
            isBlind: z.literal(true).exactOptional(),
          }),
        )
        .max(100),
    })
    .exactOptional(),
  roles: z.strictObject({ stable: pool, canary: pool }),
  spans: z
    .array(span)
    .min(1)
    .max(500)
    .refine((spans) => spans.every(({ from }, index) => from >= (spans[index - 1]?.until ?? 0)), {
      error: 'expected spans one after the other, oldest first',
    }),
  windows: z.record(nameText, inRow(pairWindow, 20_000)),
})

/** A file of recordings. */
const recordingFile = z.strictObject({
  stable: z.record(nameText, inRow(stableWindow, 200_000)),
  releases: z.array(release).max(200).default([]),
})

/** A recording without what could not be had: a file cannot be asked again. */
export interface SavedRecording {
  readonly stable: Readonly<Record<string, readonly RecordedWindow[]>>
  readonly releases: readonly (PastRelease & {
    readonly windows: Readonly<Record<string, readonly RecordedPair[]>>
  })[]
}

/** The recording in a parsed JSON file, or every problem in it as `path: sentence`. Never throws. */
export function readRecording(
  value: unknown,
): { readonly recording: Recording } | { readonly problems: readonly string[] } {
  const parsed = parseFile(value)
  if (parsed === null) return { problems: ['the file: too many problems to list; is it a recording?'] }
  if (parsed.success) {
    const { stable, releases } = parsed.data
    return {
      recording: {
        stable: asResults(stable),
        releases: releases.map((one) => ({ ...one, windows: asResults(one.windows) })),
      },
    }
  }
  return { problems: issueTexts(parsed.error.issues, value, 'the file') }
}

/** Null when there are so many problems that zod cannot put them together. */
function parseFile(value: unknown) {
  try {
    return recordingFile.safeParse(value)
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

/** A recording as a file that {@link readRecording} reads. */
export function savedRecording({ stable, releases }: Recording): SavedRecording {
  return { stable: valuesOf(stable), releases: releases.map((one) => ({ ...one, windows: valuesOf(one.windows) })) }
}

function asResults<Value>(known: Readonly<Record<string, Value>>): Readonly<Record<string, MetricResult<Value>>> {
  return Object.fromEntries(Object.entries(known).map(([name, value]) => [name, { kind: 'value', value } as const]))
}

function valuesOf<Value>(results: Readonly<Record<string, MetricResult<Value>>>): Readonly<Record<string, Value>> {
  return Object.fromEntries(
    Object.entries(results).flatMap(([name, result]) => (result.kind === 'value' ? [[name, result.value]] : [])),
  )
}
