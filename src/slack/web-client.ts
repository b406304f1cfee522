import type { webApi } from '@slack/bolt'
import type { Milliseconds } from '../domain/units.ts'
import { fetchText } from '../outbound/fetch-text.ts'

export interface WebClientOptions {
  readonly botToken: string
  readonly fetch?: typeof fetch
}

/** Time for one request to Slack, in milliseconds. */
const DEADLINE: Milliseconds = 5_000
/** Longest answer that is read, in bytes: Slack sends back the message, which has at most 50 blocks. */
const LONGEST_ANSWER = 1024 * 1024

/**
 * A client for one message. Retries are few and short, and a rate limit is an error: whoever calls is retried by
 * Temporal, which has the longer breath. Bolt is loaded here and not before, for it takes half a second.
 */
export async function createWebClient(options: WebClientOptions, signal: AbortSignal): Promise<webApi.WebClient> {
  const bolt = await import('@slack/bolt')
  const send = options.fetch ?? globalThis.fetch
  return new bolt.webApi.WebClient(options.botToken, {
    rejectRateLimitedCalls: true,
    retryConfig: { retries: 1, minTimeout: 250, maxTimeout: 500 },
    logger: silentLogger(bolt.LogLevel.ERROR),
    fetch: async (address, init) => {
      const request = init as Pick<RequestInit, 'method' | 'headers' | 'body'>
      const bounds = { signal, deadline: DEADLINE, maxBytes: LONGEST_ANSWER }
      const answer = await fetchText(send, String(address), request, bounds)
      if (answer.kind !== 'answer') throw new Error(`Slack did not answer: ${answer.reason}`)
      return new Response(answer.text, { status: answer.status, headers: answer.headers })
    },
  })
}

type SlackLogger = NonNullable<webApi.WebClientOptions['logger']>

/** Everything the client logs comes back as an error as well; its own lines on stdout would disturb. */
function silentLogger(level: ReturnType<SlackLogger['getLevel']>): SlackLogger {
  const nothing = () => undefined
  return {
    debug: nothing,
    info: nothing,
    warn: nothing,
    error: nothing,
    setLevel: nothing,
    setName: nothing,
    getLevel: () => level,
  }
}
