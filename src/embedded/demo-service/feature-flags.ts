import { setTimeout as sleep } from 'node:timers/promises'
import { FlagdCore } from '@openfeature/flagd-core'
import { OpenFeature, type Provider } from '@openfeature/server-sdk'
import type { Milliseconds } from '../../domain/units.ts'
import { fetchText } from '../../outbound/fetch-text.ts'

/** The flags of the shop, as an application asks for them. */
export interface FeatureFlags {
  /** What an OpenFeature client says of this flag for this user; false while nobody knows. */
  readonly isOn: (flag: string, user: string) => Promise<boolean>
  readonly close: () => Promise<void>
}

/** How soon a change is known here. */
const LOOK_EVERY: Milliseconds = 250
const BOUNDS = { deadline: 2_000, maxBytes: 1024 * 1024 }
const SILENT = { error() {}, warn() {}, info() {}, debug() {} }

/**
 * An OpenFeature client with flagd's evaluator in this process, and the definitions that Sluice serves at `address`. While nobody
 * answers there it goes by what it knew last.
 */
export async function openFeatureFlags(address: string): Promise<FeatureFlags> {
  const core = new FlagdCore(undefined, SILENT)
  const ended = new AbortController()
  // Parts of one process each have their own.
  const domain = address
  await OpenFeature.setProviderAndWait(domain, providerOf(core))
  const client = OpenFeature.getClient(domain)
  const following = follow(`${address}/flagd.json`, core, ended.signal)
  return {
    isOn: (flag, user) => client.getBooleanValue(flag, false, { targetingKey: user }),
    async close() {
      ended.abort()
      await following
    },
  }
}

function providerOf(core: FlagdCore): Provider {
  return {
    metadata: { name: 'flagd, in process' },
    runsOn: 'server',
    resolveBooleanEvaluation: async (...asked) => core.resolveBooleanEvaluation(...asked),
    resolveStringEvaluation: async (...asked) => core.resolveStringEvaluation(...asked),
    resolveNumberEvaluation: async (...asked) => core.resolveNumberEvaluation(...asked),
    resolveObjectEvaluation: async (...asked) => core.resolveObjectEvaluation(...asked),
  }
}

async function follow(url: string, core: FlagdCore, signal: AbortSignal): Promise<void> {
  let etag = ''
  while (!signal.aborted) {
    try {
      const answer = await fetchText(fetch, url, { headers: { 'if-none-match': etag } }, { ...BOUNDS, signal })
      if (answer.kind === 'answer' && answer.status === 200) {
        core.setConfigurations(answer.text)
        etag = answer.headers.get('etag') ?? ''
      }
      await sleep(LOOK_EVERY, undefined, { signal })
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}
