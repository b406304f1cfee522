import { SluiceError } from '../domain/errors.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'
import { LATE, within } from '../outbound/within.ts'
import type { Turnstile } from './turnstile.ts'

/** What was seen, and when the look began. */
interface Seen<T> {
  readonly value: T
  readonly at: Instant
}

interface LooksOptions<T> {
  /** What is younger is handed out again. */
  readonly freshFor: (value: T) => Milliseconds
  /** What is younger is handed out where a new look takes long, or cannot be had. */
  readonly usableFor: Milliseconds
  /** How long a new look may take before an older one is handed out. */
  readonly patience: Milliseconds
  /** So many are kept, the ones used last. */
  readonly most: number
  readonly turnstile: Turnstile
  readonly now: () => Instant
}

interface Looks<T> {
  /** What `load` finds, or what it found a moment ago for somebody else. `until`: when to give up waiting for a turn. */
  readonly at: (key: string, until: Instant, load: () => Promise<T>) => Promise<Seen<T>>
  /** Runs a command: no look at the same key begins meanwhile, and what was seen before it is not shown after it. */
  readonly behind: <R>(key: string, command: () => Promise<R>) => Promise<R>
}

interface Entry<T> {
  seen: Seen<T> | null
  loading: Promise<Seen<T>> | null
}

/** Looks wait no longer than this for the commands before them: one that hangs must not blind everybody. */
const LONGEST_WAIT: Milliseconds = 2_000

/** All looks take their turns in one line, whatever they look at. */
const LINE = 'the releases’ states'

/**
 * One look for everybody who asks the same at the same time: Temporal answers one query per release well, and two hundred
 * badly, with the commands between them.
 */
export function createLooks<T>(options: LooksOptions<T>): Looks<T> {
  const { freshFor, usableFor, patience, most, turnstile, now } = options
  const entries = new Map<string, Entry<T>>()
  const commands = new Map<string, Set<Promise<unknown>>>()

  function entryOf(key: string): Entry<T> {
    const entry = entries.get(key) ?? { seen: null, loading: null }
    // The map keeps the order of insertion: the one that was used longest ago comes first.
    entries.delete(key)
    entries.set(key, entry)
    if (entries.size > most)
      for (const oldest of [...entries.keys()].slice(0, entries.size - most)) entries.delete(oldest)
    return entry
  }

  async function load(key: string, until: Instant, entry: Entry<T>, body: () => Promise<T>): Promise<Seen<T>> {
    try {
      const before = [...(commands.get(key) ?? [])]
      if (before.length > 0) await within({ deadline: LONGEST_WAIT }, () => Promise.allSettled(before))
      return await turnstile(LINE, until, async () => {
        const at = now()
        entry.seen = { value: await body(), at }
        return entry.seen
      })
    } catch (error) {
      if (!isPassing(error)) entry.seen = null
      throw error
    } finally {
      entry.loading = null
    }
  }

  return {
    async at(key, until, body) {
      const entry = entryOf(key)
      const { seen } = entry
      if (seen !== null && now() - seen.at < freshFor(seen.value)) return seen
      entry.loading ??= load(key, until, entry, body)
      const { loading } = entry
      if (seen === null || now() - seen.at >= usableFor) return loading
      try {
        const newer = await within({ deadline: patience }, () => loading)
        return newer === LATE ? seen : newer
      } catch (error) {
        if (isPassing(error)) return seen
        throw error
      }
    },
    async behind(key, command) {
      const running = command()
      const others = commands.get(key) ?? new Set()
      commands.set(key, others.add(running))
      try {
        return await running
      } finally {
        others.delete(running)
        if (others.size === 0) commands.delete(key)
        entries.delete(key)
      }
    },
  }
}

/** True for a failure that says nothing about what was looked at. */
function isPassing(error: unknown): boolean {
  return error instanceof SluiceError && error.isRetryable
}
