import { describe, expect, it } from 'vitest'
import { blindTime, standingOf, unwatchedText } from '../../src/domain/release/guard.ts'
import { errorCheck, ordersCheck } from '../analysis/judges/looks.ts'
import { type TrafficSettings, watchedTraffic } from '../support/watched-traffic.ts'

const ERRORS = { ...errorCheck({ notWorseThan: 1.5, minRequests: 20, alpha: 0.01 }), source: 'store' }

/** How a source can see a request that gets no answer. */
const VIEWS: readonly (readonly [string, TrafficSettings])[] = [
  ['by a source that counts what is sent', { started: true, latency: true }],
  ['by such a source without latencies', { started: true }],
  ['by a router that counts what it sends', { served: true }],
  ['by such a router beside a source that lags behind', { served: true, lag: 2 }],
]

describe('a canary that does not answer', () => {
  it.each(VIEWS)('is found within seconds %s', async (_, view) => {
    const traffic = watchedTraffic({ ...view, checks: [ERRORS] })
    await traffic.watch(5_000, 20)
    Object.assign(traffic.pools['green'] ?? {}, { hangs: 1 })
    const { outcome, looks } = await traffic.watch(5_000, 60)
    // The floor needs two looks in a row, as the check does, and no error budget.
    expect(['failed', 'floor']).toContain(outcome?.kind)
    expect(looks - 1 - (view.lag ?? 0)).toBeLessThanOrEqual(6)
  })

  it.each(VIEWS)('is found without any check, %s', async (_, view) => {
    const traffic = watchedTraffic(view)
    await traffic.watch(5_000, 20)
    Object.assign(traffic.pools['green'] ?? {}, { hangs: 1 })
    const { outcome, looks } = await traffic.watch(5_000, 60)
    expect(outcome).toMatchObject({
      kind: 'floor',
      reason: expect.stringMatching(/^errors 9\d% \(\d+ of \d+, \d+ without an answer\) on 2\.0 against .* on 1\.9/),
    })
    expect(looks - 1 - (view.lag ?? 0)).toBeLessThanOrEqual(7)
  })

  it('is found at full weight, by what stable has shown before', async () => {
    const traffic = watchedTraffic({ served: true })
    await traffic.watch(5_000, 20)
    await traffic.watch(10_000, 20)
    Object.assign(traffic.pools['green'] ?? {}, { hangs: 1 })
    const { outcome, looks } = await traffic.watch(10_000, 60)
    expect(outcome?.kind).toBe('floor')
    expect(looks).toBeLessThanOrEqual(7)
  })

  it.each([5_000, 10_000])('lets nothing end before it has answered, at %d basis points', async (weight) => {
    const traffic = watchedTraffic({ served: true, checks: [ERRORS] })
    await traffic.watch(5_000, 20)
    if (weight === 10_000) await traffic.watch(weight, 20)
    Object.assign(traffic.pools['green'] ?? {}, { hangs: 1 })
    const { outcome, state } = await traffic.watch(weight, 2)
    expect(outcome).toBeNull()
    expect(state.hold).toMatch(/^\d+ requests were sent to 2\.0, and none is answered yet$/)
    Object.assign(traffic.pools['green'] ?? {}, { hangs: 0 })
    expect((await traffic.watch(weight, 3)).state.hold).toBeNull()
  })

  it('is told apart from one that nothing is sent to: that one is a fault of the router', async () => {
    const traffic = watchedTraffic({ served: true, checks: [ERRORS] })
    await traffic.watch(5_000, 20)
    Object.assign(traffic.pools['green'] ?? {}, { isReached: false })
    expect((await traffic.watch(5_000, 60)).outcome).toMatchObject({
      kind: 'misrouted',
      reason: expect.stringMatching(/^2\.0 gets next to none of the requests \(\d+ of [\d,]+ in \d+s\) at 50%: /),
    })
  })

  it('is not told apart where nobody counts what is sent: then the release pauses', async () => {
    const traffic = watchedTraffic({ checks: [ERRORS] })
    await traffic.watch(5_000, 20)
    Object.assign(traffic.pools['green'] ?? {}, { hangs: 1 })
    expect((await traffic.watch(5_000, 60)).outcome?.kind).toBe('misrouted')
  })

  it.each(VIEWS)('is not seen in requests that take long on both sides, %s', async (_, view) => {
    const traffic = watchedTraffic({ ...view, checks: [ERRORS] })
    for (const pool of Object.values(traffic.pools)) pool.medianSeconds = 4
    traffic.sleep(60)
    for (const weight of [500, 5_000, 10_000]) expect((await traffic.watch(weight, 60)).outcome).toBeNull()
  })
})

describe('the floor of a guard', () => {
  it.each([500, 5_000, 10_000])('ends the watch of a canary that refuses at %d basis points', async (weight) => {
    const traffic = watchedTraffic()
    await traffic.watch(Math.min(weight, 5_000), 20)
    if (weight === 10_000) await traffic.watch(weight, 20)
    Object.assign(traffic.pools['green'] ?? {}, { errorRate: 1 })
    const { outcome, looks } = await traffic.watch(weight, 60)
    expect(outcome?.kind).toBe('floor')
    // At 5% of 100 requests a second it takes four looks until there are twenty.
    expect(looks - 1).toBeLessThanOrEqual(weight === 500 ? 7 : 2)
  })

  it('holds a release while both sides fail, and lets it go when they are well again', async () => {
    const traffic = watchedTraffic()
    for (const pool of Object.values(traffic.pools)) pool.errorRate = 0.8
    const held = await traffic.watch(5_000, 20)
    expect(held.outcome).toBeNull()
    expect(standingOf([], held.state)).toEqual({
      isPassing: false,
      waiting: expect.stringMatching(
        /^errors \d+% .* on 2\.0, but also \d+% .* on 1\.9: the floor allows less than 50%$/,
      ),
    })
    expect((await traffic.watch(5_000, 30, { blindLimit: 10_000 })).outcome?.kind).toBe('blind')
    for (const pool of Object.values(traffic.pools)) pool.errorRate = 0
    expect(standingOf([], (await traffic.watch(5_000, 20)).state)).toEqual({ isPassing: true })
  })

  it('holds while people think about a check that has failed, and nothing else is judged', async () => {
    const traffic = watchedTraffic({ served: true, checks: [ERRORS] })
    await traffic.watch(5_000, 20)
    Object.assign(traffic.pools['green'] ?? {}, { errorRate: 0.3 })
    expect((await traffic.watch(5_000, 30)).outcome?.kind).toBe('failed')
    Object.assign(traffic.pools['green'] ?? {}, { hangs: 1 })
    const kept = await traffic.watch(5_000, 30, { mode: 'keep', drift: null })
    expect(kept.outcome?.kind).toBe('floor')
    expect(kept.looks).toBeLessThanOrEqual(7)
  })

  it('does not end a pause for a check that has failed by less', async () => {
    const traffic = watchedTraffic({ served: true, checks: [ERRORS] })
    Object.assign(traffic.pools['green'] ?? {}, { errorRate: 0.2 })
    const failed = await traffic.watch(5_000, 30)
    expect(failed.outcome?.kind).toBe('failed')
    const kept = await traffic.watch(5_000, 60, { mode: 'keep', drift: null })
    expect(kept.outcome).toBeNull()
    expect(kept.state.checks).toEqual(failed.state.checks)
  })

  it('is none for a release that was started before there was one', async () => {
    const traffic = watchedTraffic({ floor: false })
    Object.assign(traffic.pools['green'] ?? {}, { errorRate: 1 })
    const { outcome, state } = await traffic.watch(5_000, 30)
    expect(outcome).toBeNull()
    expect(state.cursors).toEqual({})
  })
})

describe('a router that holds users to their version', () => {
  it('is not wrong because some of them ask more than others', async () => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const traffic = watchedTraffic({ seed, users: 40, served: true, checks: [ERRORS] })
      const { outcome, state } = await traffic.watch(2_500, 120)
      expect(outcome).toBeNull()
      for (const notice of state.notices ?? [])
        expect(notice).toMatch(/^2\.0 gets .*% of the requests \(.*\) at 25%: a weight is a share of users here/)
    }
  })

  it('is wrong when it sends the canary nothing, until a person says that this is right', async () => {
    const traffic = watchedTraffic({ checks: [ERRORS] })
    Object.assign(traffic.pools['green'] ?? {}, { isReached: false })
    expect((await traffic.watch(5_000, 60)).outcome?.kind).toBe('misrouted')
    const settled = await traffic.watch(5_000, 60, { splitSettled: true, evidenceFrom: traffic.now() })
    expect(settled.outcome).toBeNull()
    expect(settled.state.notices?.[0]).toMatch(/^2\.0 gets next to none of the requests/)
  })
})

describe('what the evidence is about', () => {
  it('begins at a person’s word: what was counted before decides nothing any more', async () => {
    const traffic = watchedTraffic({ checks: [ERRORS] })
    Object.assign(traffic.pools['green'] ?? {}, { errorRate: 0.3 })
    expect((await traffic.watch(1_000, 60)).outcome?.kind).toBe('failed')
    traffic.sleep(40)
    Object.assign(traffic.pools['green'] ?? {}, { errorRate: 0.005 })
    traffic.sleep(2)
    traffic.forget('errors')
    const mended = await traffic.watch(1_000, 60, { evidenceFrom: traffic.now() })
    expect(mended.outcome).toBeNull()
    expect(mended.state.checks['errors']?.verdict.outcome).toBe('pass')
  })

  it('is found again soon in a canary that is still bad', async () => {
    const traffic = watchedTraffic({ checks: [ERRORS] })
    Object.assign(traffic.pools['green'] ?? {}, { errorRate: 0.3 })
    await traffic.watch(1_000, 60)
    traffic.forget('errors')
    const { outcome, looks } = await traffic.watch(1_000, 60, { evidenceFrom: traffic.now() })
    expect(outcome?.kind).toBe('failed')
    expect(looks).toBeLessThanOrEqual(8)
  })

  it('is missing, with the metric’s name, where an event has never been reported', async () => {
    const why = 'No series app_ordrs_total of green is reported.'
    const orders = { ...ordersCheck(), source: 'store' }
    const traffic = watchedTraffic({ checks: [orders], missing: { events: { orders: why } } })
    const { state } = await traffic.watch(5_000, 20)
    expect(state.checks['orders']?.verdict).toMatchObject({
      outcome: 'inconclusive',
      cause: 'blind',
      reason: expect.stringContaining('app_ordrs_total'),
    })
  })
})

describe('the series of a release', () => {
  it('has no errors where nobody knows them, and 0 where there were none', async () => {
    const lack = { missing: { errors: 'No series of green has a code.' } }
    for (const [settings, errors] of [
      [lack, null],
      [{}, 0],
    ] as const) {
      const traffic = watchedTraffic({ checks: [ERRORS], ...settings })
      Object.assign(traffic.pools['green'] ?? {}, { errorRate: 0 })
      const { state } = await traffic.watch(5_000, 20)
      expect(state.series.at(-1)?.canary).toMatchObject({ errors })
    }
  })
})

describe('time that was not watched', () => {
  it('is time in which nobody asked anything', async () => {
    let isQuiet = false
    const traffic = watchedTraffic({ checks: [ERRORS], rate: () => (isQuiet ? 0 : 50) })
    await traffic.watch(5_000, 14)
    const began = traffic.now() - 13_000
    isQuiet = true
    const { state } = await traffic.watch(5_000, 28)
    expect(blindTime(state, began)).toBeGreaterThan(25_000)
    expect(unwatchedText(state, began)).toMatch(/^2\ds without requests$/)
  })

  it('is not the time between two requests of a service that is asked once in a while', async () => {
    const traffic = watchedTraffic({ checks: [ERRORS], rate: () => 0.1 })
    const began = traffic.now()
    const { state } = await traffic.watch(5_000, 3_600)
    expect(blindTime(state, began)).toBeLessThan(0.15 * 3_600_000)
  })

  it('is time in which nobody looked', async () => {
    const traffic = watchedTraffic({ checks: [ERRORS] })
    await traffic.watch(5_000, 10)
    const began = traffic.now()
    traffic.sleep(18)
    const { state } = await traffic.watch(5_000, 10)
    expect(unwatchedText(state, began)).toBe('18s without a look')
    expect(blindTime(state, began)).toBe(18_000)
  })

  it('is no time that people had paused the release for', async () => {
    const traffic = watchedTraffic({ checks: [ERRORS] })
    await traffic.watch(5_000, 10)
    const began = traffic.now()
    traffic.sleep(3_600)
    const { state } = await traffic.watch(5_000, 10, { evidenceFrom: traffic.now() })
    expect(blindTime(state, began)).toBe(0)
  })

  it('is time in which the router could not be read', async () => {
    const traffic = watchedTraffic({ checks: [ERRORS] })
    await traffic.watch(5_000, 10)
    const began = traffic.now()
    traffic.breakRouter(true)
    const away = await traffic.watch(5_000, 31)
    expect(blindTime(away.state, began)).toBe(30_000)
    traffic.breakRouter(false)
    const back = await traffic.watch(5_000, 11)
    expect(blindTime(back.state, began)).toBe(30_000)
  })
})

describe('processes of the canary that restart', () => {
  it('again and again fail the release, with a sentence', async () => {
    const traffic = watchedTraffic({ checks: [ERRORS] })
    await traffic.watch(5_000, 10)
    Object.assign(traffic.pools['green'] ?? {}, { restarts: 1 })
    expect((await traffic.watch(5_000, 30)).outcome).toMatchObject({
      kind: 'failed',
      check: 'restarts',
      reason: '2.0 has restarted processes 3 times within 2s, none of 1.9',
    })
  })
})

describe('the state of a guard', () => {
  it('of an older version is gone on with', async () => {
    const traffic = watchedTraffic({ checks: [ERRORS] })
    const { state } = await traffic.watch(5_000, 10)
    const { epoch, checks, cursors, lookedAt, looks, blindSince, blindSpans, share } = state
    const older = { epoch, checks, cursors, lookedAt, looks, blindSince, blindSpans, share }
    const rest = { routerFault: null, repairs: [], repairCount: 0, series: [] }
    const next = await traffic.watch(5_000, 10, { resume: { ...older, ...rest } })
    expect(next.outcome).toBeNull()
    expect(next.state.checks['errors']?.verdict.outcome).toBe('pass')
  })

  it('stays small, whatever it has seen', async () => {
    const traffic = watchedTraffic({ checks: [ERRORS], served: true, started: true, latency: true, lag: 15 })
    const { state } = await traffic.watch(5_000, 400)
    expect(JSON.stringify(state).length).toBeLessThan(40_000)
  })
})

describe('a raise that is weighed', () => {
  const raise = { from: 500, to: 1_000, end: 5_000, spend: 0.5 }

  it('ends the watch with a note once it is affordable, and has one sentence after that, also before anything was counted', async () => {
    const traffic = watchedTraffic({ checks: [ERRORS], rate: () => 400 })
    const early = await traffic.watch(500, 2, { raise })
    expect(early.state.notices).toEqual([expect.stringMatching(/^10% waits: /)])
    const { outcome } = await traffic.watch(500, 600, { raise })
    expect(outcome).toMatchObject({ kind: 'noted', reason: expect.stringMatching(/^5% → 10%: it costs at most /) })
    // The first look of the next guard comes at once.
    for (const looks of [1, 5]) {
      const { state } = await traffic.watch(500, looks, { raise })
      expect(state.notices).toEqual([state.raise?.reason])
      expect(state.raise?.isAffordable).toBe(true)
    }
  })
})
