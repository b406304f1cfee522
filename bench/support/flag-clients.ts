import { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { UNLEASH, type UnleashServer } from '../../test/support/unleash-server.ts'

/** An application that evaluates one flag for one user. */
export interface FlagClient {
  /** Returns when the flag evaluates so. */
  becomes(value: boolean): Promise<void>
  close(): void
}

/** Fetches all flags of a user, and again with each event of the stream that the answer names. */
export async function listenToOfrep(base: string, flag: string, user: string): Promise<FlagClient> {
  const state = watched()
  const end = new AbortController()
  const refetch = async () => {
    const answer = await fetch(`${base}/ofrep/v1/evaluate/flags`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
      body: JSON.stringify({ context: { targetingKey: user } }),
    })
    const { flags, eventStreams } = (await answer.json()) as {
      flags: { key: string; value: boolean }[]
      eventStreams: { url: string }[]
    }
    state.set(flags.find(({ key }) => key === flag)?.value === true)
    return eventStreams[0]?.url ?? ''
  }
  const stream = await fetch(await refetch(), { signal: end.signal })
  const read = async () => {
    const decoder = new TextDecoder()
    let text = ''
    for await (const chunk of stream.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true })
      const events = text.split('\n\n')
      text = events.pop() ?? ''
      if (events.some((event) => event.includes('refetchEvaluation'))) await refetch()
    }
  }
  void read().catch(() => undefined)
  return { becomes: (value) => state.becomes(value), close: () => end.abort() }
}

interface UnleashSdk {
  isEnabled(flag: string, context: { readonly userId: string }): boolean
  on(event: string, listener: () => void): void
  once(event: string, listener: () => void): void
  destroy(): void
}

/** Unleash's own SDK, as it comes with its server. */
export async function listenToUnleash(server: UnleashServer, flag: string, user: string): Promise<FlagClient> {
  const { Unleash } = createRequire(join(UNLEASH ?? '', 'package.json'))('unleash-client') as {
    readonly Unleash: new (options: object) => UnleashSdk
  }
  const sdk = new Unleash({
    ...{ url: `${server.url}/api`, appName: `bench-${user}`, refreshInterval: 1_000, disableMetrics: true },
    customHeaders: { authorization: server.clientToken },
  })
  const state = watched()
  const look = () => state.set(sdk.isEnabled(flag, { userId: user }))
  sdk.on('changed', look)
  sdk.on('error', () => undefined)
  await new Promise<void>((done) => sdk.once('synchronized', done))
  look()
  return { becomes: (value) => state.becomes(value), close: () => sdk.destroy() }
}

function watched() {
  const changes = new EventEmitter().setMaxListeners(0)
  let now: boolean | null = null
  return {
    set(value: boolean) {
      if (value === now) return
      now = value
      changes.emit('change')
    },
    async becomes(value: boolean) {
      while (now !== value) await new Promise<void>((done) => changes.once('change', done))
    },
  }
}
