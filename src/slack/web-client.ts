import type { webApi } from '@slack/bolt'

export interface WebClientOptions {
  readonly botToken: string
  readonly fetch?: typeof fetch
}

/** Time for one request to Slack, in milliseconds. */
const TIMEOUT = 5_000

/**
 * A client for one message. Retries are few and short, and a rate limit is an error: whoever calls is retried by
 * Temporal, which has the longer breath. Bolt is loaded here and not before, for it takes half a second.
 */
export async function createWebClient(options: WebClientOptions, signal: AbortSignal): Promise<webApi.WebClient> {
  const bolt = await import('@slack/bolt')
  const send = options.fetch ?? globalThis.fetch
  return new bolt.webApi.WebClient(options.botToken, {
    timeout: TIMEOUT,
    rejectRateLimitedCalls: true,
    retryConfig: { retries: 1, minTimeout: 250, maxTimeout: 500 },
    logger: silentLogger(bolt.LogLevel.ERROR),
    fetch: (address, init) =>
      send(address as string, { ...init, signal: anySignal(signal, init?.signal) } as RequestInit),
  })
}

function anySignal(own: AbortSignal, theirs: unknown): AbortSignal {
  return theirs instanceof AbortSignal ? AbortSignal.any([own, theirs]) : own
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
