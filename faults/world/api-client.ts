import type { ReleaseCard } from '../../src/domain/release/release-card.ts'
import type { Milliseconds } from '../../src/domain/units.ts'
import { ENVIRONMENT } from './installation.ts'

/** What the API answered; `status` is 0 and `body` null when no answer came. */
export interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>> | null
}

/** A person at the HTTP API. */
export interface ApiClient {
  readonly start: (wish: StartWish) => Promise<Answer>
  readonly command: (releaseId: string, person: string, body: Record<string, unknown>) => Promise<Answer>
  readonly card: (releaseId: string) => Promise<ReleaseCard | null>
  readonly lane: (service: string) => Promise<{ running: string | null; waiting: number } | null>
}

export interface StartWish {
  readonly plan: Readonly<Record<string, unknown>>
  readonly version: string
  readonly key: string
  readonly whenBusy: 'reject' | 'queue' | 'replace'
  readonly person: string
}

/** Longer than the API itself waits for Temporal. */
const PATIENCE: Milliseconds = 20_000

export function createApiClient(port: number): ApiClient {
  const base = `http://127.0.0.1:${port}/api/v1`
  const call = (method: string, path: string, person: string, body?: unknown) => ask(method, base + path, person, body)
  return {
    start: ({ person, ...body }) => call('POST', '/releases', person, body),
    command: (releaseId, person, body) => call('POST', `/${pathOf(releaseId)}/commands`, person, body),
    async card(releaseId) {
      const { status, body } = await call('GET', `/${pathOf(releaseId)}`, 'anonymous')
      // The campaign only prints and compares what it shows.
      return status === 200 ? (body as unknown as ReleaseCard) : null
    },
    async lane(service) {
      const { status, body } = await call('GET', `/lanes/${service}/${ENVIRONMENT}`, 'anonymous')
      if (status !== 200 || body === null) return null
      const { running, queue } = body
      return {
        running: typeof running === 'string' ? running : null,
        waiting: Array.isArray(queue) ? queue.length : 0,
      }
    },
  }
}

function pathOf(releaseId: string): string {
  return releaseId.replace(/^release\//, 'releases/')
}

async function ask(method: string, url: string, person: string, body: unknown): Promise<Answer> {
  const headers = { 'content-type': 'application/json', 'x-sluice-person': person }
  const content = body === undefined ? {} : { body: JSON.stringify(body) }
  try {
    const signal = AbortSignal.timeout(PATIENCE)
    const response = await fetch(url, { method, headers, signal, ...content })
    const read: unknown = await response.json().catch(() => null)
    return { status: response.status, body: isRecord(read) ? read : null }
  } catch {
    return { status: 0, body: null }
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
