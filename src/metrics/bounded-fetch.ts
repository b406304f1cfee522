import type { MetricFault } from '../domain/observation.ts'

/** The body of a good answer, or why there is none. */
export type Fetched =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly fault: MetricFault; readonly reason: string }

/** Bounds of one call. */
export interface FetchBounds {
  /** Aborts when the caller no longer wants the answer: the only thing that makes the call throw. */
  readonly signal: AbortSignal
  /** Aborts when the time for the whole operation is over. */
  readonly deadline: AbortSignal
  readonly maxBytes: number
}

/**
 * Fetches a text and never waits longer, reads more or goes elsewhere than allowed: redirects are refused, the body is
 * cut while it streams. Throws the reason of `bounds.signal`, nothing else.
 */
export async function fetchText(
  call: typeof fetch,
  url: string,
  request: Pick<RequestInit, 'method' | 'headers' | 'body'>,
  bounds: FetchBounds,
): Promise<Fetched> {
  const { signal, deadline, maxBytes } = bounds
  signal.throwIfAborted()
  try {
    const response = await call(url, { ...request, redirect: 'error', signal: AbortSignal.any([signal, deadline]) })
    if (!response.ok) {
      await response.body?.cancel()
      return { ok: false, fault: faultOf(response.status), reason: `${placeOf(url)} answered ${response.status}.` }
    }
    const text = await readAtMost(response, maxBytes)
    if (text !== null) return { ok: true, text }
    return { ok: false, fault: 'malformed', reason: `${placeOf(url)} answered with more than ${maxBytes} bytes.` }
  } catch (error) {
    signal.throwIfAborted()
    if (deadline.aborted) return { ok: false, fault: 'timeout', reason: `${placeOf(url)} did not answer in time.` }
    return { ok: false, fault: 'unavailable', reason: `${placeOf(url)} cannot be reached: ${causeOf(error)}.` }
  }
}

/** The address without what may be secret in it. */
function placeOf(url: string): string {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}

function faultOf(status: number): MetricFault {
  if (status === 401 || status === 403) return 'auth'
  if (status === 429) return 'throttled'
  return status < 500 ? 'badQuery' : 'unavailable'
}

/** The whole body as text, or null when it is longer than `maxBytes`. */
async function readAtMost(response: Response, maxBytes: number): Promise<string | null> {
  const decoder = new TextDecoder()
  let bytes = 0
  let text = ''
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) return null
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

/** undici hides the reason in the cause of a `fetch failed`. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message || cause.name : String(cause)
}
