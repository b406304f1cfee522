import { Agent, request as send } from 'node:http'
import { z } from 'zod'
import { behindDoor } from '../door.ts'
import { listen, parseSettings, portSchema, sendJson } from '../loopback-server.ts'
import type { RunningService } from '../service-process.ts'

const settingsSchema = z.strictObject({
  /** Where the requests go, e.g. the proxy of the data plane. */
  target: z.url({ protocol: /^http$/ }),
  /** Where `GET /stats` answers; 0 takes a free port. */
  statsPort: portSchema,
  /** Requests per second, evenly spaced whatever the answers take. */
  rate: z.number().min(0.1).max(10_000).default(120),
  /** Distinct users; each request is of one of them, drawn at random. */
  users: z.int().min(1).max(1_000_000).default(4_000),
  /** Requests in flight above which new ones are dropped and counted: the target does not keep up. */
  mostInFlight: z.int().min(1).default(1_000),
})

/** What the users have seen since the start. An error is a 5xx, no answer, or an answer that broke off. */
interface LoadStats {
  readonly total: number
  readonly errors: number
  /** Requests that were due while too many were under way, and not sent. */
  readonly dropped: number
  readonly byPool: Readonly<
    Record<string, { readonly requests: number; readonly errors: number; readonly users: number }>
  >
  readonly byStatus: Readonly<Record<string, number>>
}

const TICK_MS = 10
const TIMEOUT_MS = 10_000
/** One user in a hundred is internal and one in a hundred is in the beta. */
const COHORT_EVERY = 100

/** Starts to send at once; `ports` is `stats`. */
export async function startLoad(
  input: unknown,
): Promise<RunningService & { ports: { stats: number }; stats: () => LoadStats }> {
  const settings = parseSettings('load generator', settingsSchema, input)
  const tally = createTally()
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 64, scheduling: 'lifo' })
  const began = performance.now()
  let due = 0
  let inFlight = 0
  const timer = setInterval(() => {
    const dueByNow = Math.floor(((performance.now() - began) / 1_000) * settings.rate)
    for (; due < dueByNow; due += 1) {
      if (inFlight >= settings.mostInFlight) {
        tally.drop()
        continue
      }
      inFlight += 1
      void visit(settings, agent).then((visited) => {
        inFlight -= 1
        tally.add(visited)
      })
    }
  }, TICK_MS)
  const page = await listen(
    behindDoor((request, response) => {
      if (request.url === '/stats') sendJson(response, 200, tally.stats())
      else sendJson(response, 404, { error: 'there is /stats' })
    }),
    settings.statsPort,
  )
  return {
    ports: { stats: page.port },
    stats: tally.stats,
    async close() {
      clearInterval(timer)
      await page.close()
      agent.destroy()
    },
  }
}

interface Visit {
  readonly user: number
  /** Null when no answer came. */
  readonly status: number | null
  /** The pool that answered, as the data plane names it; `none` when it does not. */
  readonly pool: string
}

/** One user's request; never rejects. */
function visit({ target, users }: z.output<typeof settingsSchema>, agent: Agent): Promise<Visit> {
  const user = Math.floor(Math.random() * users)
  return new Promise((resolve) => {
    const outgoing = send(new URL('/checkout', target).href, { agent, headers: headersOf(user), timeout: TIMEOUT_MS })
    let pool = 'none'
    outgoing.on('response', (answer) => {
      pool = poolIn(answer.headers['x-sluice-pool'])
      answer.on('end', () => resolve({ user, status: answer.statusCode ?? null, pool }))
      answer.on('error', () => resolve({ user, status: null, pool }))
      answer.resume()
    })
    outgoing.on('timeout', () => outgoing.destroy())
    outgoing.on('error', () => resolve({ user, status: null, pool }))
    outgoing.end()
  })
}

function headersOf(user: number): Record<string, string> {
  const headers = { 'x-user': `user-${user}` }
  switch (user % COHORT_EVERY) {
    case 0:
      return { ...headers, 'x-cohort': 'internal' }
    case 1:
      return { ...headers, 'x-cohort': 'beta' }
    default:
      return headers
  }
}

function poolIn(header: string | string[] | undefined): string {
  return typeof header === 'string' ? (header.split(';')[0] ?? 'none').trim() : 'none'
}

interface Tally {
  readonly add: (visit: Visit) => void
  readonly drop: () => void
  readonly stats: () => LoadStats
}

function createTally(): Tally {
  const pools = new Map<string, { requests: number; errors: number; users: Set<number> }>()
  const statuses = new Map<string, number>()
  let dropped = 0
  return {
    add({ user, status, pool }) {
      const seen = pools.get(pool) ?? { requests: 0, errors: 0, users: new Set() }
      pools.set(pool, seen)
      seen.requests += 1
      seen.users.add(user)
      if (status === null || status >= 500) seen.errors += 1
      const key = String(status ?? 'none')
      statuses.set(key, (statuses.get(key) ?? 0) + 1)
    },
    drop: () => {
      dropped += 1
    },
    stats: () => {
      const all = [...pools.values()]
      return {
        total: all.reduce((sum, { requests }) => sum + requests, 0),
        errors: all.reduce((sum, { errors }) => sum + errors, 0),
        dropped,
        byPool: Object.fromEntries([...pools].map(([pool, seen]) => [pool, { ...seen, users: seen.users.size }])),
        byStatus: Object.fromEntries(statuses),
      }
    },
  }
}
