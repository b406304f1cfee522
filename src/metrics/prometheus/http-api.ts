import { z } from 'zod'
import { parseJson } from '../../domain/json.ts'
import type { MetricFault, MetricResult } from '../../domain/observation.ts'
import type { Instant, Milliseconds } from '../../domain/units.ts'
import { fetchText } from '../../outbound/fetch-text.ts'

/** Where and how the HTTP API is called. */
export interface ApiSettings {
  /** The whole address of `/api/v1/query`. */
  readonly endpoint: string
  /** Credentials among them: never part of a reason. */
  readonly headers: Readonly<Record<string, string>>
  /** Total time for one call, its body included. */
  readonly deadline: Milliseconds
  readonly fetch: typeof fetch
}

/** One series of an instant vector. NaN and infinities are kept as such. */
export interface VectorSample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** One series of a range: its values in the order of time, each with its time in milliseconds. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>
  readonly values: readonly (readonly [at: Instant, value: number])[]
}

/** Longest body that is read, in bytes. */
const LONGEST_BODY = 1024 * 1024
/** The same for a range: its length follows from points that the caller has counted. */
const LONGEST_RANGE_BODY = 16 * LONGEST_BODY

/**
 * Evaluates a query at one instant. A scalar is a vector of one series without labels; an empty vector is a value here.
 * Never throws, except the signal's reason.
 */
export async function instantQuery(
  settings: ApiSettings,
  query: string,
  at: Instant,
  signal: AbortSignal,
): Promise<MetricResult<readonly VectorSample[]>> {
  const parameters = { query, time: secondsOf(at) }
  return call(settings, settings.endpoint, parameters, LONGEST_BODY, readVector, signal)
}

/**
 * Evaluates a query at `start`, `start + step` … up to `end`; at most 11,000 points, which is what Prometheus allows.
 * No series at all is a value here. Never throws, except the signal's reason.
 */
export async function rangeQuery(
  settings: ApiSettings,
  query: string,
  { start, end, step }: { readonly start: Instant; readonly end: Instant; readonly step: Milliseconds },
  signal: AbortSignal,
): Promise<MetricResult<readonly Series[]>> {
  const parameters = { query, start: secondsOf(start), end: secondsOf(end), step: secondsOf(step) }
  return call(settings, `${settings.endpoint}_range`, parameters, LONGEST_RANGE_BODY, readMatrix, signal)
}

async function call<T>(
  settings: ApiSettings,
  address: string,
  parameters: Readonly<Record<string, string>>,
  longestBody: number,
  read: (body: string) => MetricResult<T>,
  signal: AbortSignal,
): Promise<MetricResult<T>> {
  const deadline = Math.max(1, Math.ceil(settings.deadline))
  const request = {
    method: 'POST',
    headers: { ...settings.headers, 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams({ ...parameters, timeout: `${deadline}ms` }).toString(),
  }
  const answer = await fetchText(settings.fetch, address, request, { signal, deadline, maxBytes: longestBody })
  switch (answer.kind) {
    case 'answer':
      return answer.status === 200 ? read(answer.text) : failureOf(answer)
    case 'too-long':
      return fault('malformed', `Prometheus sent ${answer.reason}: narrow the query`)
    case 'late':
      return fault('timeout', `Prometheus did not answer in time: ${answer.reason}`)
    case 'unreachable':
      return fault('unavailable', `Prometheus cannot be reached: ${answer.reason}`)
  }
}

function secondsOf(time: Instant | Milliseconds): string {
  return (time / 1_000).toFixed(3)
}

const sampleValue = z.tuple([z.number(), z.string()])
const envelopeSchema = z.object({
  status: z.literal('success'),
  data: z.discriminatedUnion('resultType', [
    z.object({
      resultType: z.literal('vector'),
      // A native histogram has no `value`.
      result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: sampleValue })),
    }),
    z.object({ resultType: z.literal('scalar'), result: sampleValue }),
    z.object({ resultType: z.enum(['matrix', 'string']) }),
  ]),
  warnings: z.array(z.string()).optional(),
})

function readVector(body: string): MetricResult<readonly VectorSample[]> {
  const parsed = envelopeSchema.safeParse(parseJson(body))
  if (!parsed.success) return fault('malformed', 'what Prometheus sent is not an answer to a query')
  const { data, warnings } = parsed.data
  const incomplete = missingPart(warnings)
  if (incomplete !== null) return incomplete
  switch (data.resultType) {
    case 'vector':
      return {
        kind: 'value',
        value: data.result.map(({ metric, value }) => ({ labels: metric, value: numberOf(value[1]) })),
      }
    case 'scalar':
      return { kind: 'value', value: [{ labels: {}, value: numberOf(data.result[1]) }] }
    case 'matrix':
    case 'string':
      return fault('malformed', `the query gives a ${data.resultType}, not numbers at one instant`)
  }
}

const matrixSchema = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('matrix'),
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), values: z.array(sampleValue) })),
  }),
  warnings: z.array(z.string()).optional(),
})

function readMatrix(body: string): MetricResult<readonly Series[]> {
  const parsed = matrixSchema.safeParse(parseJson(body))
  if (!parsed.success) return fault('malformed', 'what Prometheus sent is not an answer to a range query')
  const { data, warnings } = parsed.data
  const series = data.result.map(({ metric, values }) => ({
    labels: metric,
    values: values.map(([seconds, text]) => [Math.round(seconds * 1_000), numberOf(text)] as const),
  }))
  return missingPart(warnings) ?? { kind: 'value', value: series }
}

/** A warning about the expression itself starts with its language; every other one means that a part is missing. */
function missingPart(warnings: readonly string[] = []): MetricResult<never> | null {
  const incomplete = warnings.find((warning) => !warning.startsWith('PromQL '))
  return incomplete === undefined ? null : fault('unavailable', `the answer is incomplete: ${incomplete.slice(0, 300)}`)
}

const errorSchema = z.object({ error: z.string(), errorType: z.string().optional() })

function failureOf({ status, text }: { readonly status: number; readonly text: string }): MetricResult<never> {
  const parsed = errorSchema.safeParse(parseJson(text))
  const said = parsed.success ? `: ${parsed.data.error.slice(0, 300)}` : ''
  const errorType = parsed.success ? parsed.data.errorType : undefined
  return fault(faultOf(status, errorType), `Prometheus answered with status ${status}${said}`)
}

function faultOf(status: number, errorType: string | undefined): MetricFault {
  if (status === 401 || status === 403) return 'auth'
  if (status === 429) return 'throttled'
  if (status === 400 || status === 422) return 'badQuery'
  if (status === 408 || status === 504) return 'timeout'
  if (status === 503)
    return errorType === undefined || ['timeout', 'canceled'].includes(errorType) ? 'timeout' : 'unavailable'
  return 'unavailable'
}

function numberOf(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY
  if (text === '-Inf') return Number.NEGATIVE_INFINITY
  return text.trim() === '' ? Number.NaN : Number(text)
}

function fault(kind: MetricFault, reason: string): MetricResult<never> {
  return { kind: 'error', fault: kind, reason }
}
