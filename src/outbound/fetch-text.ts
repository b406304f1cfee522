import { type Bounds, LATE, lateText, within } from './within.ts'

export interface FetchBounds extends Bounds {
  /** Longest body that is read. */
  readonly maxBytes: number
}

/** What came of a call. Every reason is a clause that can follow a colon. */
type Fetched =
  | { readonly kind: 'answer'; readonly status: number; readonly headers: Headers; readonly text: string }
  | {
      readonly kind: 'too-long' | 'late' | 'unreachable'
      readonly reason: string
      /** Something is there all the same and has answered what is not read: another program, or a redirect. */
      readonly hasAnswered?: true
    }

/**
 * The one way out over HTTP: sends a request and reads the whole body as text, and never waits longer, reads more or goes
 * elsewhere than allowed. Redirects are not followed: nobody has checked where they lead. Throws the reason of
 * `bounds.signal`, nothing else.
 */
export async function fetchText(
  send: typeof fetch,
  url: string,
  request: Pick<RequestInit, 'method' | 'headers' | 'body'>,
  bounds: FetchBounds,
): Promise<Fetched> {
  const ended = await within(bounds, (signal) => exchange(send, url, request, bounds.maxBytes, signal))
  return ended === LATE ? { kind: 'late', reason: lateText(bounds.deadline) } : ended
}

async function exchange(
  send: typeof fetch,
  url: string,
  request: Pick<RequestInit, 'method' | 'headers' | 'body'>,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Fetched> {
  try {
    const response = await send(url, { ...request, redirect: 'manual', signal })
    const text = await readAtMost(response.body, maxBytes, signal)
    if (response.status === 0 || (response.status >= 300 && response.status < 400))
      return { kind: 'unreachable', reason: 'a redirect, which is not followed', hasAnswered: true }
    if (text === null) return { kind: 'too-long', reason: `an answer of more than ${maxBytes} bytes` }
    return { kind: 'answer', status: response.status, headers: response.headers, text }
  } catch (error) {
    const heard = notHttpIn(error)
    if (heard === null) return { kind: 'unreachable', reason: causeOf(error) }
    return { kind: 'unreachable', reason: `something other than HTTP: ${heard}`, hasAnswered: true }
  }
}

/** The whole body, or null when it is longer. Lets go of the connection when it is, and when the signal aborts. */
async function readAtMost(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
  signal: AbortSignal,
): Promise<string | null> {
  if (body === null) return ''
  const reader = body.getReader()
  const letGo = () => void reader.cancel().catch(() => undefined)
  if (signal.aborted) letGo()
  signal.addEventListener('abort', letGo, { once: true })
  const decoder = new TextDecoder()
  let bytes = 0
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    bytes += value.byteLength
    if (bytes > maxBytes) {
      letGo()
      return null
    }
    text += decoder.decode(value, { stream: true })
  }
}

/** What came instead of HTTP, shortened, where undici could not read it as such; null for any other error. */
function notHttpIn(error: unknown): string | null {
  const cause = error instanceof Error ? error.cause : undefined
  if (!(cause instanceof Error && cause.name === 'HTTPParserError')) return null
  return 'data' in cause ? JSON.stringify(String(cause.data).slice(0, 100)) : cause.message
}

/** undici hides the reason in the cause of a `fetch failed`. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message || cause.name : String(cause)
}
