import type { Instant, Milliseconds } from '../../src/domain/units.ts'

/** One process after the other behind one target, and how the store came to know of it. Times from the history's start. */
export interface TargetScript {
  readonly pool: 'stable' | 'canary'
  /** When within the scrape interval it is scraped. */
  readonly offset: Milliseconds
  /** Whether it exposes `process_start_time_seconds`. */
  readonly saysStart: boolean
  /** What it had counted before the history began; null when it only begins to run once the store has found it. */
  readonly past: { readonly ok: number; readonly failed: number } | null
  /** From when on the store scrapes it. */
  readonly foundAt: Instant
  readonly firstFailureAt: Instant
  readonly restartsAt: readonly Instant[]
  readonly seed: number
}

/** What a store has of some targets. */
export interface HistoryScript {
  readonly targets: readonly TargetScript[]
  /** Scrapes before this are lost: the store restarted empty. */
  readonly storeFrom: Instant
  /** Nothing is scraped in between: the store was down. */
  readonly down: { readonly from: Instant; readonly to: Instant } | null
}

export const INTERVAL: Milliseconds = 2_000
export const LENGTH: Milliseconds = 60_000
const TICK: Milliseconds = 100
/** A history has a clock of its own. */
const START: Instant = 0

/** A sample of one target: both of its counters, the failed ones absent while there are none. */
export interface Scrape {
  readonly at: Instant
  readonly ok: number
  readonly failed: number | null
  readonly startedAt: Instant
}

export interface TargetHistory {
  readonly script: TargetScript
  readonly scrapes: readonly Scrape[]
  /** What it served in (from, to]. */
  readonly servedIn: (from: Instant, to: Instant) => { readonly requests: number; readonly errors: number }
}

/** Plays the target and the scrapes of it. */
export function playTarget(script: TargetScript, history: HistoryScript): TargetHistory {
  const random = randomOf(script.seed)
  const ticks: { at: Instant; ok: number; failed: number }[] = []
  const scrapes: Scrape[] = []
  const begins = script.past === null ? script.foundAt : -1_000_000
  let counters = { ok: script.past?.ok ?? 0, failed: script.past?.failed ?? 0, startedAt: begins }
  let nextScrape = script.offset
  for (let at = START + TICK; at <= LENGTH; at += TICK) {
    if (at < begins) {
      if (at >= nextScrape) nextScrape += INTERVAL
      continue
    }
    if (script.restartsAt.some((restart) => restart > at - TICK && restart <= at))
      counters = { ok: 0, failed: 0, startedAt: at }
    const [ok, failed] = [Math.floor(random() * 4), at >= script.firstFailureAt ? Math.floor(random() * 2) : 0]
    counters = { ...counters, ok: counters.ok + ok, failed: counters.failed + failed }
    ticks.push({ at, ok, failed })
    if (at < nextScrape) continue
    nextScrape += INTERVAL
    const isDown = history.down !== null && at >= history.down.from && at < history.down.to
    if (at < history.storeFrom || at < script.foundAt || isDown) continue
    scrapes.push({ at, ok: counters.ok, failed: counters.failed || null, startedAt: counters.startedAt })
  }
  return {
    script,
    scrapes,
    servedIn(from, to) {
      const inside = ticks.filter(({ at }) => at > from && at <= to)
      const errors = inside.reduce((sum, { failed }) => sum + failed, 0)
      return { requests: errors + inside.reduce((sum, { ok }) => sum + ok, 0), errors }
    },
  }
}

/** The samples as OpenMetrics, `start` being the beginning of the history in milliseconds since the Unix epoch. */
export function openMetricsOf(name: string, start: Instant, targets: readonly TargetHistory[]): string {
  const lines = targets.flatMap(({ script, scrapes }, index) => {
    const target = `job="${name}",instance="${index}"`
    const labels = `pool="${script.pool}-${name}",${target}`
    return scrapes.flatMap(({ at, ok, failed, startedAt }) => {
      const time = ((start + at) / 1_000).toFixed(3)
      return [
        `up{${target}} 1 ${time}`,
        `requests_total{${labels},code="200"} ${ok} ${time}`,
        ...(failed === null ? [] : [`requests_total{${labels},code="500"} ${failed} ${time}`]),
        ...(script.saysStart ? [`process_start_time_seconds{${target}} ${(start + startedAt) / 1_000} ${time}`] : []),
      ]
    })
  })
  return lines.map((line) => `${line}\n`).join('')
}

/** Numbers in [0, 1) that are the same for a seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
