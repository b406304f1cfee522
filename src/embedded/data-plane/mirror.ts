import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { performance } from 'node:perf_hooks'
import { FULL_WEIGHT, type Milliseconds } from '../../domain/units.ts'
import { EVENT_HEADER, hasBody } from './forwarded-headers.ts'
import type { Assignment, Routing } from './routing.ts'
import { type Call, callService, type Failure, isStatus } from './service-call.ts'
import { type Ending, LEFT, type TrafficMetrics } from './traffic-metrics.ts'

interface MirrorSettings {
  /** Where each pool's service listens. */
  readonly upstreams: ReadonlyMap<string, URL>
  /** How long a service may take for a whole answer to a copy. */
  readonly patience: Milliseconds
  readonly metrics: TrafficMetrics
  /** A number in [0, 1) by chance. */
  readonly chance: () => number
}

/** Sends copies of requests to the other pool. */
interface Mirror {
  /** Perhaps sends a copy, and returns at once: nothing that becomes of it reaches the one who sent the request. */
  copy(request: IncomingMessage, assignment: Assignment, to: NonNullable<Routing['mirror']>): void
  /** Lets go of the copies that are under way. */
  close(): void
}

/** Whatever else a service may do at a request, by these it is asked for nothing but an answer. */
const COPIED_METHODS = new Set(['GET', 'HEAD'])

/** So many copies are under way at a time: a service that hangs holds no more of our connections than this. */
const MOST_AT_ONCE = 64

export function createMirror({ upstreams, patience, metrics, chance }: MirrorSettings): Mirror {
  /** Nobody waits for a copy; `close` ends them all. */
  const nobody = new EventEmitter().setMaxListeners(0)
  let underWay = 0

  async function send(request: IncomingMessage, pool: string, upstream: URL): Promise<void> {
    const arrived = performance.now()
    underWay += 1
    metrics.send({ pool, isCopy: true })
    let ending: Ending = { code: LEFT, event: null }
    try {
      // On a connection of its own: one that the service closes as it is taken up would look like a failure.
      const call = await callService({ request, response: nobody, upstream, patience, mark: 'copy' }, false)
      ending = typeof call === 'string' ? failed(pool, call) : await read(pool, call, arrived)
    } finally {
      underWay -= 1
      metrics.count({ pool, isCopy: true, ...ending, seconds: (performance.now() - arrived) / 1_000 })
    }
  }

  function failed(pool: string, failure: Failure): Ending {
    if (failure === 'unsent' || failure === 'unsendable' || failure === 'abandoned' || failure === 'left')
      return { code: LEFT, event: null }
    metrics.fail(pool, failure)
    return { code: failure === 'silent' ? 504 : 502, event: null }
  }

  /** Throws the answer away as it comes; one that goes on for too long is nobody's fault. */
  function read(pool: string, { answer, outgoing, broken }: Call, arrived: number): Promise<Ending> {
    return new Promise((resolve) => {
      const settle = (ending: Ending) => {
        clearTimeout(late)
        nobody.off('close', leave)
        outgoing.destroy()
        resolve(ending)
      }
      const leave = () => settle({ code: LEFT, event: null })
      const late = setTimeout(leave, Math.max(1, patience - (performance.now() - arrived)))
      nobody.once('close', leave)
      const event = answer.headers[EVENT_HEADER]
      answer.once('end', () => {
        const { statusCode = 0, statusMessage = '' } = answer
        if (!isStatus(statusCode, statusMessage)) return settle(failed(pool, 'malformed'))
        metrics.answered(pool)
        settle({ code: statusCode, event: typeof event === 'string' ? event : null })
      })
      answer.once('close', () => settle(failed(pool, broken() ?? 'cut')))
      answer.resume()
    })
  }

  return {
    copy(request, { pool, why }, to) {
      const upstream = upstreams.get(to.pool)
      if (upstream === undefined || why === 'ticket' || pool === to.pool) return
      if (!COPIED_METHODS.has(request.method ?? '') || hasBody(request)) return
      if (chance() * FULL_WEIGHT >= to.share) return
      if (underWay >= MOST_AT_ONCE) return metrics.drop(to.pool)
      void send(request, to.pool, upstream)
    },
    close: () => void nobody.emit('close'),
  }
}
