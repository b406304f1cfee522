import { z } from 'zod'
import type { MetricFault, MetricResult } from '../../domain/observation.ts'
import type { Milliseconds } from '../../domain/units.ts'

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
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Longest body that is read. */
const LONGEST_BODY = 1024 * 1024

/**
 * Evaluates a query at one instant. A scalar is a vector of one series without labels; an empty vector is a value here.
 * Never throws, except the signal's reason.
 */
export async function instantQuery(
  settings: ApiSettings,
  query: string,
  at: Milliseconds,
  signal: AbortSignal,
): Promise<MetricResult<readonly Sample[]>> {
  signal.throwIfAborted()
  const timeout = AbortSignal.timeout(settings.deadline)
  try {
    const answer = await post(settings, query, at, AbortSignal.any([signal, timeout]))
    return answer.status === 200 ? readVector(answer.body) : failureOf(answer)
  } catch (error) {
    signal.throwIfAborted()
    if (timeout.aborted) return fault('timeout', `Prometheus did not answer within ${settings.deadline} ms.`)
    return fault('unavailable', `Prometheus cannot be reached: ${wordsOf(error)}.`)
  }
}

interface Answer {
  readonly status: number
  /** The text, or null when it is longer than {@link LONGEST_BODY}. */
  readonly body: string | null
}

async function post(settings: ApiSettings, query: string, at: Milliseconds, signal: AbortSignal): Promise<Answer> {
  const response = await settings.fetch(settings.endpoint, {
    method: 'POST',
    headers: { ...settings.headers, 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams({ query, time: (at / 1_000).toFixed(3), timeout: `${settings.deadline}ms` }).toString(),
    // An address behind a redirect has not been checked by anybody.
    redirect: 'manual',
    signal,
  })
  return { status: response.status, body: await readCapped(response) }
}

async function readCapped(response: Response): Promise<string | null> {
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > LONGEST_BODY) return null
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
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

function readVector(body: string | null): MetricResult<readonly Sample[]> {
  if (body === null) return fault('malformed', `Prometheus sent more than ${LONGEST_BODY} bytes: narrow the query.`)
  const parsed = envelopeSchema.safeParse(parseJson(body))
  if (!parsed.success) return fault('malformed', 'Prometheus sent something that is no answer to a query.')
  const { data, warnings = [] } = parsed.data
  // A warning about the expression itself starts with its language; every other one means that a part is missing.
  const incomplete = warnings.find((warning) => !warning.startsWith('PromQL '))
  if (incomplete !== undefined) return fault('unavailable', `The answer is incomplete: ${incomplete.slice(0, 300)}.`)
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
      return fault('malformed', `The query gives a ${data.resultType}, not numbers at one instant.`)
  }
}

const errorSchema = z.object({ error: z.string(), errorType: z.string().optional() })

function failureOf({ status, body }: Answer): MetricResult<never> {
  const parsed = errorSchema.safeParse(parseJson(body ?? ''))
  const said = parsed.success ? `: ${parsed.data.error.slice(0, 300)}` : ''
  const errorType = parsed.success ? parsed.data.errorType : undefined
  return fault(faultOf(status, errorType), `Prometheus answered with status ${status}${said}.`)
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function fault(kind: MetricFault, reason: string): MetricResult<never> {
  return { kind: 'error', fault: kind, reason }
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}
