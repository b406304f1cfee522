import { Agent, request } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** What became of one request. `lost`: no whole answer came; `failed`: it said 500 or more. */
export interface UserVisit {
  readonly user: number
  /** When it was due, by the clock of `performance`, made absolute so that processes can compare. */
  readonly at: number
  /** From when it was due to the end of the answer, so that a client that is kept waiting does not hide it. */
  readonly took: number
  readonly pool: string
  readonly outcome: 'answered' | 'failed' | 'lost'
}

interface UserLoadOptions {
  readonly port: number
  readonly users: number
  /** Connections that are kept open; each carries one request at a time. */
  readonly connections: number
  /** Requests per second; as many as come back when left out. */
  readonly rate?: number
}

interface UserLoad {
  readonly visits: readonly UserVisit[]
  /** Connections that were closed or reset by the other side, idle or in use, and those of requests that were given up. */
  readonly closed: () => number
  readonly stop: () => Promise<void>
}

/** Every fourth request has a body and may not be sent twice. */
const POST_EVERY = 4
const PATIENCE = 20_000

/** Sends requests of many users over connections that stay, until it is stopped. */
export function startUserLoad({ port, users, connections, rate }: UserLoadOptions): UserLoad {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, maxFreeSockets: connections })
  const visits: UserVisit[] = []
  const sockets = new WeakSet<Socket>()
  const began = now()
  let next = 0
  let closed = 0
  let isStopped = false
  let isOver = false

  function follow(socket: Socket): void {
    if (sockets.has(socket)) return
    sockets.add(socket)
    socket.once('close', () => {
      if (!isOver) closed += 1
    })
  }

  async function client(): Promise<void> {
    while (!isStopped) {
      const index = next
      next += 1
      const due = rate === undefined ? now() : began + (index / rate) * 1_000
      const early = due - now()
      if (early > 0) await sleep(early)
      visits.push(await visit(index, due))
    }
  }

  function visit(index: number, at: number): Promise<UserVisit> {
    const user = (index * 7_919) % users
    const isPost = index % POST_EVERY === 0
    return new Promise((resolve) => {
      let pool = 'none'
      const end = (outcome: UserVisit['outcome']) => resolve({ user, at, took: now() - at, pool, outcome })
      const outgoing = request(
        {
          ...{ host: '127.0.0.1', port, agent, timeout: PATIENCE, method: isPost ? 'POST' : 'GET', path: '/' },
          headers: { 'x-user': `user-${user}` },
        },
        (answer) => {
          pool = String(answer.headers['x-pool'] ?? 'none')
          answer.on('end', () => end((answer.statusCode ?? 0) < 500 ? 'answered' : 'failed'))
          answer.on('error', () => end('lost'))
          answer.resume()
        },
      )
      outgoing.on('socket', follow)
      outgoing.on('timeout', () => outgoing.destroy(new Error('no answer')))
      outgoing.on('error', () => end('lost'))
      outgoing.end(isPost ? 'a small body' : undefined)
    })
  }

  const clients = Array.from({ length: connections }, client)
  return {
    visits,
    closed: () => closed,
    async stop() {
      isStopped = true
      await Promise.all(clients)
      isOver = true
      agent.destroy()
    },
  }
}

function now(): number {
  return performance.timeOrigin + performance.now()
}
