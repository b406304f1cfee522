import { SluiceError } from '../domain/errors.ts'
import type { Instant } from '../domain/units.ts'

interface TurnstileOptions {
  /** So many are inside at the same time, for each key. */
  readonly atOnce: number
  /** So many wait for their turn, for each key; whoever comes after them is sent away. */
  readonly mostWaiting: number
  readonly now: () => Instant
}

/** Runs `body` when its turn has come, first come, first served. */
export type Turnstile = <T>(key: string, until: Instant, body: () => Promise<T>) => Promise<T>

interface Line {
  inside: number
  readonly waiting: (() => void)[]
}

/**
 * Lets a bounded number of calls through for each key, and a bounded number wait. Whoever finds the line full, or whose
 * turn has not come at `until`, has had no effect and is told so.
 * @throws SluiceError `request.too-many`
 */
export function createTurnstile({ atOnce, mostWaiting, now }: TurnstileOptions): Turnstile {
  const lines = new Map<string, Line>()

  async function enter(line: Line, key: string, until: Instant): Promise<void> {
    if (line.inside < atOnce) {
      line.inside += 1
      return
    }
    if (line.waiting.length >= mostWaiting) throw tooMany(key, line.inside + line.waiting.length)
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => {
          line.waiting.splice(line.waiting.indexOf(go), 1)
          reject(tooMany(key, line.inside + line.waiting.length))
        },
        Math.max(0, until - now()),
      )
      const go = () => {
        clearTimeout(timer)
        resolve()
      }
      line.waiting.push(go)
    })
  }

  /** Whoever leaves hands the place on, so that nobody who comes later can take it. */
  function leave(line: Line, key: string): void {
    const next = line.waiting.shift()
    if (next !== undefined) return next()
    line.inside -= 1
    if (line.inside === 0) lines.delete(key)
  }

  return async (key, until, body) => {
    const line = lines.get(key) ?? { inside: 0, waiting: [] }
    lines.set(key, line)
    await enter(line, key, until)
    try {
      return await body()
    } finally {
      leave(line, key)
    }
  }
}

function tooMany(key: string, before: number): SluiceError {
  return new SluiceError('request.too-many', {
    message: `${before} requests to ${key} are being carried out or wait; this one was not accepted`,
    fix: 'send it again in a second, with the same key',
  })
}
