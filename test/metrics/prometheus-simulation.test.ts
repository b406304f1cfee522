import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Cursor, Observation } from '../../src/domain/observation.ts'
import type { Instant, Milliseconds } from '../../src/domain/units.ts'
import { prometheusSource } from '../../src/metrics/prometheus.ts'
import { type PrometheusServer, startPrometheusWith } from '../support/prometheus-server.ts'
import { requireServer } from '../support/require-server.ts'
import {
  type HistoryScript,
  INTERVAL,
  LENGTH,
  openMetricsOf,
  playTarget,
  type TargetHistory,
  type TargetScript,
} from '../support/scraped-history.ts'

/** Histories stand one after the other in one store, far enough apart that none reaches into the next. */
const SLOT = 2 * LENGTH
const LONGEST_GAP = 20_000
const CELL = INTERVAL / 2
const BEGIN: Instant = 1_700_000_000_000
const signal = new AbortController().signal

interface Scenario extends HistoryScript {
  readonly firstLookAt: Instant
  /** True when the release only begins then; else another worker goes on from a cursor. */
  readonly isOpening: boolean
  readonly lookEvery: Milliseconds
}

const time = (min: number, max: number) => fc.integer({ min, max }).map((tenths) => tenths * 100)
const past = fc.record({ ok: fc.nat(80_000), failed: fc.nat(20_000) })
const common = {
  pool: fc.constantFrom('stable' as const, 'canary' as const),
  offset: time(1, 20),
  firstFailureAt: time(0, 600),
  restartsAt: fc.array(time(1, 600), { maxLength: 2 }),
  seed: fc.nat(),
}
/** Was there all along. */
const standing = fc.record({ ...common, saysStart: fc.boolean(), past, foundAt: fc.constant(0) })
/** Began to run when the store found it. */
const fresh = fc.record({ ...common, saysStart: fc.boolean(), past: fc.constant(null), foundAt: time(50, 400) })
/** Has run for long when the store finds it, or finds it under a new name. Only what says its start can be told apart. */
const found = fc.record({ ...common, saysStart: fc.constant(true), past, foundAt: time(50, 400) })

const scenario: fc.Arbitrary<Scenario> = fc.record({
  targets: fc.array(fc.oneof({ weight: 3, arbitrary: standing }, fresh, found), { minLength: 2, maxLength: 5 }),
  storeFrom: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, time(20, 400)),
  down: fc.option(fc.record({ from: time(100, 300), to: time(310, 400) }), { freq: 3 }),
  firstLookAt: time(30, 300),
  isOpening: fc.boolean(),
  lookEvery: fc.constantFrom(5_000, 8_000, 13_000),
})

/** Nothing but processes that go on or restart, watched by a store that was there before the first look. */
const calm: fc.Arbitrary<Scenario> = fc.record({
  targets: fc.array(standing, { minLength: 2, maxLength: 4 }),
  storeFrom: fc.constant(0),
  down: fc.constant(null),
  firstLookAt: time(100, 300),
  isOpening: fc.boolean(),
  lookEvery: fc.constantFrom(5_000, 8_000, 13_000),
})

const SEED = 20_260
const WILD = fc.sample(scenario, { seed: SEED, numRuns: 200 })
const CALM = fc.sample(calm, { seed: SEED, numRuns: 50 })
const EMPTIED: Scenario = {
  targets: [
    {
      pool: 'stable',
      offset: 300,
      saysStart: false,
      past: { ok: 90_000, failed: 300 },
      foundAt: 0,
      firstFailureAt: 0,
      restartsAt: [],
      seed: 1,
    },
    {
      pool: 'canary',
      offset: 1_900,
      saysStart: false,
      past: { ok: 9_000, failed: 3_000 },
      foundAt: 0,
      firstFailureAt: 60_000,
      restartsAt: [],
      seed: 2,
    },
  ],
  ...{ storeFrom: 20_000, down: null, firstLookAt: 15_000, isOpening: false, lookEvery: 5_000 },
}
const ALL = [...WILD, ...CALM, EMPTIED]

const histories = ALL.map((one, index) => ({
  scenario: one,
  name: String(index),
  start: BEGIN + index * SLOT,
  targets: one.targets.map((target) => playTarget(target, one)),
}))

type History = (typeof histories)[number]

describe.skipIf(!requireServer('prometheus'))('looking at simulated histories in a real Prometheus', () => {
  let server: PrometheusServer
  beforeAll(async () => {
    const text = histories.map(({ name, start, targets }) => openMetricsOf(name, start, targets)).join('')
    server = await startPrometheusWith(`${text}# EOF\n`)
  }, 60_000)
  afterAll(() => server?.stop())

  it('never counts a request that was not in the window, and never an error too many', async () => {
    for (const history of histories) {
      for (const seen of await looksAt(server, history)) {
        for (const role of ['stable', 'canary'] as const) {
          const arm = seen[role]
          if (arm.kind !== 'value') continue
          const most = mostIn(history, role, seen.window)
          const where = `${role} of history ${history.name} from ${seen.window.start - history.start}`
          expect(arm.value.requests, where).toBeLessThanOrEqual(most.requests)
          expect(arm.value.errors, where).toBeLessThanOrEqual(most.errors)
        }
      }
    }
  }, 300_000)

  it('counts every sample of series that go on, restart, or begin in a pool that is being scraped', async () => {
    for (const history of histories.slice(WILD.length, -1)) {
      const seen = await looksAt(server, history)
      for (const role of ['stable', 'canary'] as const) {
        const values = seen.flatMap((one) => (one[role].kind === 'value' ? [one[role].value] : []))
        const sum = values.reduce(
          (total, { requests, errors }) => ({ requests: total.requests + requests, errors: total.errors + errors }),
          { requests: 0, errors: 0 },
        )
        expect(sum, `${role} of history ${history.name}`).toEqual(expectedIn(history, role, seen))
      }
    }
  }, 120_000)

  it('takes what it finds in a store that restarted empty for a starting point, and says so', async () => {
    const history = histories.at(-1)
    if (history === undefined) throw new Error('no history')
    const seen = await looksAt(server, history)
    const values = seen.flatMap(({ canary }) => (canary.kind === 'value' ? [canary.value] : []))
    expect(values.length).toBeGreaterThan(5)
    expect(values.reduce((sum, { errors }) => sum + errors, 0)).toBe(0)
  }, 60_000)
})

async function looksAt(server: PrometheusServer, history: History): Promise<readonly Observation[]> {
  const { name, start } = history
  const { firstLookAt, isOpening, lookEvery } = history.scenario
  const roles = { stable: `stable-${name}`, canary: `canary-${name}` }
  const source = prometheusSource.open(
    {
      ...{ kind: 'prometheus', url: server.url, poolLabel: 'pool', scrapeInterval: `${INTERVAL}ms`, delay: '1s' },
      ...{
        longestGap: `${LONGEST_GAP}ms`,
        requests: { metric: 'requests_total' },
        errors: { label: 'code', regex: '5..' },
      },
    },
    { pools: [roles.stable, roles.canary] },
  )
  // A cursor stands at the end of a cell, an exposure begins when it does.
  const begin = start + (isOpening ? firstLookAt : Math.floor(firstLookAt / CELL) * CELL)
  let since: Cursor | null = isOpening ? null : { end: begin, isOpening: false, seen: [] }
  const notBefore = isOpening ? begin : begin - 30_000
  const seen: Observation[] = []
  for (let now = begin + lookEvery; now <= start + LENGTH + 1_000; now += lookEvery) {
    const one = await source.observe({ roles, since, now, notBefore }, signal)
    since = one.cursor
    seen.push(one)
  }
  return seen
}

/**
 * All that the targets of a pool have served in a window, from the last scrape before it on: of the target itself, or, when
 * the store has not found the target by then, from the last round of scrapes that was over.
 */
function mostIn({ targets, start }: History, role: TargetScript['pool'], window: Observation['window']) {
  const [from, to] = [window.start - start, window.end - start]
  const own = targets.filter(({ script }) => script.pool === role)
  const rounds = targets.flatMap((target) => lastScrapeBy(target, from - INTERVAL) ?? [])
  const lastRound = rounds.length === 0 ? from : Math.max(...rounds)
  const served = own.map((target) => target.servedIn(lastScrapeBy(target, from) ?? lastRound - INTERVAL, to))
  return {
    requests: served.reduce((sum, { requests }) => sum + requests, 0),
    errors: served.reduce((sum, { errors }) => sum + errors, 0),
  }
}

function lastScrapeBy({ scrapes }: TargetHistory, time: Milliseconds): Instant | null {
  const last = scrapes.findLast(({ at }) => at <= time)
  return last === undefined || last.at < time - LONGEST_GAP ? null : last.at
}

/** What the samples say: each rise, and the whole of a sample that fell or is the first of its series. */
function expectedIn(
  { targets, start, scenario: { isOpening } }: History,
  role: TargetScript['pool'],
  seen: readonly Observation[],
) {
  const windows = seen.filter(({ window }) => window.end > window.start)
  const [from, to] = [(windows[0]?.window.start ?? 0) - start, (windows.at(-1)?.window.end ?? 0) - start]
  const opening = isOpening ? Math.ceil((from + INTERVAL) / CELL) * CELL : from
  let [requests, errors] = [0, 0]
  for (const { script, scrapes } of targets) {
    if (script.pool !== role) continue
    for (const key of ['ok', 'failed'] as const) {
      const samples = scrapes.flatMap((scrape) => (scrape[key] === null ? [] : [{ at: scrape.at, value: scrape[key] }]))
      const isKnown = samples.some(({ at }) => at <= from && at > from - LONGEST_GAP)
      for (const [index, { at, value }] of samples.entries()) {
        if (at <= from || at > to || (isKnown && at <= opening)) continue
        const before = samples[index - 1]
        const cellBegan = (Math.ceil(at / CELL) - 1) * CELL
        const isGoingOn = before !== undefined && before.at >= cellBegan - LONGEST_GAP && value >= before.value
        const rise = isGoingOn ? value - before.value : value
        requests += rise
        if (key === 'failed') errors += rise
      }
    }
  }
  return { requests, errors }
}
