import { z } from 'zod'
import type { ReleaseCard } from '../domain/release/release-card.ts'
import type { Milliseconds } from '../domain/units.ts'
import { fetchText } from '../outbound/fetch-text.ts'
import type { Faults } from './demo-service/demo-service.ts'
import type { Ports } from './ports.ts'
import { readSecret } from './secret.ts'

/** How the demo asks its own parts: over HTTP, like anybody else. Calls that get no answer are repeated. */
export interface DemoClient {
  readonly start: (plan: unknown, version: string, reason: string) => Promise<string>
  readonly card: (releaseId: string) => Promise<ReleaseCard>
  /** Gives the demo's approval; a release that its guard has begun to roll back meanwhile needs none. */
  readonly approve: (card: ReleaseCard) => Promise<void>
  readonly openReleases: () => Promise<readonly string[]>
  /** The pool that has no traffic, where the next version goes. */
  readonly idlePool: () => Promise<'blue' | 'green'>
  readonly deploy: (pool: 'blue' | 'green', version: string, feature: string, faults: Faults) => Promise<void>
  /** What users have seen of a pool since the load began. */
  readonly seen: (pool: string) => Promise<{ readonly requests: number; readonly errors: number }>
}

const startedSchema = z.object({ releaseId: z.string() })
const listSchema = z.object({ releases: z.array(z.object({ releaseId: z.string() })) })
const targetSchema = z.object({ service: z.string(), environment: z.string() })
const laneSchema = z.object({ vetoes: z.array(z.object({ version: z.string() })).default([]) })
const routingSchema = z.object({ split: z.record(z.string(), z.number()) })
const statsSchema = z.object({ byPool: z.record(z.string(), z.object({ requests: z.number(), errors: z.number() })) })

/** `secretFile` holds what the data plane asks of its callers. */
export function createDemoClient(ports: Ports, secretFile: string): DemoClient {
  const api = `http://127.0.0.1:${ports.api}/api/v1`
  const as = (person: string) => ({ 'content-type': 'application/json', 'x-sluice-person': person })
  const pathOf = (releaseId: string) => `${api}/releases/${releaseId.replace(/^release\//, '')}`

  /** A demo that is started again shows its bad versions again. */
  async function allowAgain(plan: unknown, version: string): Promise<void> {
    const { service, environment } = targetSchema.parse(plan)
    const lane = `${api}/lanes/${service}/${environment}`
    const { vetoes } = laneSchema.parse(await ask(lane))
    if (!vetoes.some((veto) => veto.version === version)) return
    const body = JSON.stringify({ version, reason: 'the demo shows it again' })
    await ask(`${lane}/allow`, { method: 'POST', headers: as('alice'), body })
  }

  // Our own API in the same version answers here; its tests hold it to this type.
  const cardOf = async (releaseId: string) => (await ask(pathOf(releaseId))) as ReleaseCard

  return {
    async start(plan, version, reason) {
      await allowAgain(plan, version)
      const body = JSON.stringify({ plan, version, reason, key: `demo-${version}-${Date.now()}` })
      return startedSchema.parse(await ask(`${api}/releases`, { method: 'POST', headers: as('alice'), body })).releaseId
    },
    card: cardOf,
    async approve({ releaseId, step }) {
      const body = JSON.stringify({
        verb: 'approve',
        step,
        reason: 'given by the demo',
        key: `demo-approval-${releaseId}-${step}`,
      })
      try {
        await ask(`${pathOf(releaseId)}/commands`, { method: 'POST', headers: as('demo-approver'), body })
      } catch (error) {
        if (!(error instanceof Refused) || (await cardOf(releaseId)).verbs.includes('approve')) throw error
      }
    },
    async openReleases() {
      const { releases } = listSchema.parse(await ask(`${api}/releases?phase=open`))
      return releases.map(({ releaseId }) => releaseId)
    },
    async idlePool() {
      const headers = { authorization: `Bearer ${await readSecret(secretFile)}` }
      const { split } = routingSchema.parse(await ask(`http://127.0.0.1:${ports.admin}/routing`, { headers }))
      return split['green'] === 0 ? 'green' : 'blue'
    },
    async deploy(pool, version, feature, faults) {
      const service = `http://127.0.0.1:${ports[pool]}`
      const put = (body: object) => ({ method: 'PUT', headers: as('demo'), body: JSON.stringify(body) })
      await ask(`${service}/__version`, put({ version, feature }))
      await ask(`${service}/__faults`, put(faults))
    },
    async seen(pool) {
      const { byPool } = statsSchema.parse(await ask(`http://127.0.0.1:${ports.load}/stats`))
      return byPool[pool] ?? { requests: 0, errors: 0 }
    },
  }
}

/** How long a part may be away, e.g. because it was killed, before the demo gives up, in milliseconds. */
const PATIENCE: Milliseconds = 60_000
/** For one call, and its longest answer in bytes. */
const BOUNDS = { deadline: 10_000, maxBytes: 4 * 1024 * 1024 }

/** Somebody answered, and said no. */
class Refused extends Error {}

/** @throws Refused for an answer that says no; any other error when nobody has answered for too long */
async function ask(url: string, init: Pick<RequestInit, 'method' | 'headers' | 'body'> = {}): Promise<unknown> {
  const call = `${init.method ?? 'GET'} ${url}`
  const givesUpAt = Date.now() + PATIENCE
  for (;;) {
    const answer = await fetchText(fetch, url, init, BOUNDS)
    if (answer.kind === 'answer' && answer.status < 300) return JSON.parse(answer.text)
    if (answer.kind === 'answer' && answer.status < 500) throw new Refused(`${call}: ${answer.text}`)
    if (Date.now() > givesUpAt) throw new Error(`${call}: ${'reason' in answer ? answer.reason : answer.text}`)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}
