import { type IncomingMessage, type RequestOptions, request as sendPlain } from 'node:http'
import { request as sendSecure } from 'node:https'
import { Readable } from 'node:stream'
import type { PinnedAddress } from './address-policy.ts'

/**
 * A `fetch` that connects to one address, whatever the name in the URL means by then: nothing is looked up again, so that
 * what was checked is what is called. Follows no redirect and keeps no connection. Takes a text as body.
 */
export function pinnedFetch({ address, family }: PinnedAddress): typeof fetch {
  return (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const { method = 'GET', headers, body, signal } = init
    const options: RequestOptions = {
      method,
      headers: Object.fromEntries(new Headers(headers)),
      // One call, one connection: nobody else's is used for it.
      agent: false,
      lookup: (_host, { all }, done) =>
        all === true ? done(null, [{ address, family }]) : done(null, address, family),
      ...(signal !== undefined && signal !== null && { signal }),
    }
    return new Promise((resolve, reject) => {
      const send = url.protocol === 'https:' ? sendSecure : sendPlain
      const outgoing = send(url, options, (answer) => {
        try {
          resolve(asResponse(answer))
        } catch (error) {
          answer.destroy()
          reject(error instanceof Error ? error : new Error(String(error)))
        }
      })
      outgoing.on('error', reject)
      outgoing.end(typeof body === 'string' ? body : undefined)
    })
  }
}

/** Answers that have no body by their status. */
const BODILESS = [101, 204, 205, 304]

function asResponse(answer: IncomingMessage): Response {
  const status = answer.statusCode ?? 0
  const headers = new Headers()
  for (const [name, value] of Object.entries(answer.headersDistinct))
    for (const one of value ?? []) headers.append(name, one)
  if (BODILESS.includes(status)) {
    answer.resume()
    return new Response(null, { status, headers })
  }
  return new Response(Readable.toWeb(answer) as ReadableStream<Uint8Array>, { status, headers })
}
