import { Agent, request as send } from 'node:http'

/**
 * The users of all services, as a process of its own: `node load.js '<settings>'`. Requests are evenly spaced whatever the
 * answers take; a user gives up after a while. It tells its parent every second what they have seen so far.
 */
export interface LoadSettings {
  readonly ports: readonly number[]
  /** Requests per second to each port. */
  readonly rate: number
}

/** What users have seen since the start. A failure is a 5xx, no answer in time, or no connection. */
export interface LoadTally {
  readonly sent: number
  readonly failed: number
}

const TICK_MS = 10
const PATIENCE_MS = 2_000
const USERS = 5_000
const MOST_IN_FLIGHT = 2_000

function run({ ports, rate }: LoadSettings): void {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 256, scheduling: 'lifo' })
  const began = performance.now()
  const tally = { sent: 0, failed: 0 }
  let due = 0
  let inFlight = 0
  setInterval(() => {
    const dueByNow = Math.floor(((performance.now() - began) / 1_000) * rate * ports.length)
    for (; due < dueByNow; due += 1) {
      if (inFlight >= MOST_IN_FLIGHT) continue
      inFlight += 1
      void visit(ports[due % ports.length] ?? 0, agent).then((isGood) => {
        inFlight -= 1
        tally.sent += 1
        if (!isGood) tally.failed += 1
      })
    }
  }, TICK_MS)
  setInterval(() => process.send?.({ ...tally }), 1_000)
}

/** One user's request; never rejects. */
function visit(port: number, agent: Agent): Promise<boolean> {
  const user = Math.floor(Math.random() * USERS)
  const headers = { 'x-user': `user-${user}`, ...(user % 10 === 0 && { 'x-cohort': 'internal' }) }
  return new Promise((resolve) => {
    const outgoing = send({ host: '127.0.0.1', port, path: '/', agent, headers, timeout: PATIENCE_MS })
    outgoing.on('response', (answer) => {
      answer.on('end', () => resolve((answer.statusCode ?? 500) < 500))
      answer.on('error', () => resolve(false))
      answer.resume()
    })
    outgoing.on('timeout', () => outgoing.destroy())
    outgoing.on('error', () => resolve(false))
    outgoing.end()
  })
}

const settings = process.argv[2]
if (settings !== undefined && process.send !== undefined) {
  process.on('disconnect', () => process.exit(0))
  run(JSON.parse(settings) as LoadSettings)
}
