import type { MetricFault } from '../domain/observation.ts'
import { type FetchBounds, fetchText } from '../outbound/fetch-text.ts'

/** The body of a good answer, or why there is none. */
type Fetched =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly fault: MetricFault; readonly reason: string }

/** Fetches a text and says what kind of fault it is when there is none. Throws the reason of `bounds.signal`, nothing else. */
export async function fetchOrFault(
  send: typeof fetch,
  url: string,
  request: Pick<RequestInit, 'method' | 'headers' | 'body'>,
  bounds: FetchBounds,
): Promise<Fetched> {
  const answer = await fetchText(send, url, request, bounds)
  switch (answer.kind) {
    case 'answer':
      if (answer.status >= 200 && answer.status < 300) return { ok: true, text: answer.text }
      return { ok: false, fault: faultOf(answer.status), reason: `${placeOf(url)} answered ${answer.status}` }
    case 'too-long':
      return { ok: false, fault: 'malformed', reason: `${placeOf(url)} cannot be read: ${answer.reason}` }
    case 'late':
      return { ok: false, fault: 'timeout', reason: `${placeOf(url)} did not answer in time: ${answer.reason}` }
    case 'unreachable':
      return { ok: false, fault: 'unavailable', reason: `${placeOf(url)} cannot be reached: ${answer.reason}` }
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
