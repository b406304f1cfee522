import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ListedCheck as Check } from '../../../src/analysis/checks/index.ts'
import { createRandom } from '../../../src/analysis/statistics/random.ts'
import { type AgainstPastState, judgeAlone } from '../../../src/analysis/traffic/against-past.ts'
import { rememberStable, type StablePast } from '../../../src/analysis/traffic/past.ts'
import { factorAt, meanFactor, type Season, seasonOf } from '../../../src/analysis/traffic/season.ts'
import type { KnownOfStable } from '../../../src/analysis/traffic/usual.ts'
import type { ArmCounts, RecordedWindow } from '../../../src/domain/observation.ts'
import type { Verdict } from '../../../src/domain/verdict.ts'
import { errorCheck, histogram, latencyCheck, ordersCheck } from '../judges/looks.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const NAMES = { canary: '2.4.0', stable: '2.3.9' }
const BOUNDS = [0.1, 0.2, 0.5, 1, 2, 5]
/** Figures show no more evidence than this. */
const MOST_SHOWN = Math.log(1e12)
const NOBODY = { kind: 'noData', reason: 'nobody is there' } as const

function counts(requests: number, errors: number, more: Partial<ArmCounts> = {}): ArmCounts {
  return { requests, errors, latency: null, events: {}, ...more }
}

interface Shown {
  readonly duration: number
  readonly counts: ArmCounts
}

/** Verdicts of a version that is alone from `from` on; what travels between two looks is JSON. */
function watch(check: Check, known: KnownOfStable, shown: readonly Shown[], from = 0): readonly (Verdict | null)[] {
  let state: AgainstPastState | null = null
  let at = from
  return shown.map(({ duration, counts: canary }) => {
    const window = { start: at, end: at + duration }
    at = window.end
    const input = { at, window, readings: {}, stable: NOBODY, canary: { kind: 'value', value: canary } as const }
    const step = judgeAlone(check, state, known, { ...input, names: NAMES }, 0)
    state = step === null ? null : (JSON.parse(JSON.stringify(step.state)) as AgainstPastState)
    return step?.tell() ?? null
  })
}

const times = <Value>(count: number, value: Value) => Array.from({ length: count }, () => value)
const every = (duration: number, looks: readonly ArmCounts[]) => looks.map((one) => ({ duration, counts: one }))
const failsAt = (verdicts: readonly (Verdict | null)[]) => verdicts.findIndex((verdict) => verdict?.outcome === 'fail')

/** The share of errors at this time: 1% in the mean, .4% to 1.6% within a day. */
const shareAt = (at: number) => 0.01 * (1 + 0.6 * Math.sin((2 * Math.PI * at) / DAY))

function recordOf(days: number, step: number, countOf: (at: number) => ArmCounts): readonly RecordedWindow[] {
  return Array.from({ length: (days * DAY) / step }, (_, index) => {
    const start = index * step
    return { start, end: start + step, counts: countOf(start + step / 2) }
  })
}

const even = (at: number) => counts(18_000, 18_000 * shareAt(at), { events: { orders: 18_000 * 3 * shareAt(at) } })
const SEASON = seasonOf([recordOf(28, 30 * MINUTE, even)])
const CHECK = errorCheck({ notWorseThan: 1, alpha: 0.01 })

describe('the season of a record', () => {
  it('tells what is usual at each hour', () => {
    const rhythm = SEASON?.errors
    expect(SEASON?.lasting).toBe(28 * DAY)
    for (const hour of [0, 3, 6, 12, 18.5])
      expect((rhythm?.share ?? 0) * factorAt(rhythm ?? { hours: [], days: [] }, 40 * DAY + hour * HOUR)).toBeCloseTo(
        shareAt(hour * HOUR),
        3,
      )
    expect(meanFactor(rhythm ?? { hours: [], days: [] }, 0, DAY)).toBeCloseTo(1, 2)
    expect(JSON.stringify(SEASON).length).toBeLessThan(2_000)
  })

  it('tells the days apart in a fortnight', () => {
    const weekend = (at: number) => counts(18_000, Math.floor(at / DAY) % 7 >= 5 ? 90 : 180)
    const days = seasonOf([recordOf(28, 30 * MINUTE, weekend)])?.errors?.days ?? []
    expect(days).toHaveLength(7)
    expect((days[5] ?? 0) / (days[0] ?? 1)).toBeCloseTo(0.5, 1)
    expect(seasonOf([recordOf(7, 30 * MINUTE, weekend)])?.errors?.days).toEqual([])
  })

  it('tells how far stable strays by itself, over each time, by the longest record that is fine enough', () => {
    const random = createRandom(3)
    const noisy = (variation: number) => () => counts(18_000, random.poisson(180 * random.logNormal(0, variation)))
    const fine = () => counts(600, random.poisson(6 * random.logNormal(0, 0.5)))
    const spreads = seasonOf([recordOf(28, 30 * MINUTE, noisy(0.3)), recordOf(1, MINUTE, fine)])?.errors?.spreads ?? []
    expect(spreads.map(({ lasting }) => lasting)).toEqual([5 * MINUTE, HOUR, 6 * HOUR])
    expect(spreads[1]?.deviation).toBeGreaterThan(0.15)
    expect(spreads[1]?.deviation).toBeLessThan(0.27)
    expect(spreads[2]?.deviation).toBeLessThan(spreads[1]?.deviation ?? 0)
    // Where counting explains all, nothing is left.
    const still = seasonOf([recordOf(28, 30 * MINUTE, () => counts(18_000, random.poisson(180)))])
    expect(still?.errors?.spreads.at(-1)?.deviation).toBeLessThan(0.03)
  })

  it('is none of a record that is too short or nearly empty, or of counts that no service has', () => {
    expect(seasonOf([])).toBeNull()
    expect(seasonOf([recordOf(7, 30 * MINUTE, () => counts(1_000, 5e-324))])).toBeNull()
    expect(seasonOf([recordOf(7, 30 * MINUTE, () => counts(1e308, 1e306))])).toBeNull()
    expect(seasonOf([recordOf(1, 30 * MINUTE, even)])).toBeNull()
    expect(seasonOf([recordOf(7, 30 * MINUTE, () => counts(1, 0))])).toBeNull()
  })

  it('is one of numbers whatever the record holds, and what it says is usual is positive', () => {
    const number = fc.oneof(fc.nat(1_000), fc.double(), fc.constantFrom(Number.NaN, -1, Infinity))
    const window = fc.record({ start: number, length: number, requests: number, errors: number, orders: number })
    fc.assert(
      fc.property(fc.array(window, { maxLength: 60 }), number, (windows, at) => {
        const season = seasonOf([
          windows.map(({ start, length, requests, errors, orders }) => ({
            ...{ start: start * HOUR, end: (start + length) * HOUR },
            counts: counts(requests, errors, { events: { orders } }),
          })),
        ])
        for (const rhythm of [season?.errors ?? null, ...Object.values(season?.events ?? {})]) {
          if (rhythm === null) continue
          expect(rhythm.share * factorAt(rhythm, at)).toBeGreaterThan(0)
          expect(JSON.parse(JSON.stringify(rhythm))).toEqual(rhythm)
        }
      }),
    )
  })
})

describe('a version that is alone, with a record', () => {
  const known = { past: null, season: SEASON }
  const healthy = (from: number, days: number) =>
    Array.from({ length: days * 144 }, (_, index) => {
      const requests = 6_000
      return {
        duration: 10 * MINUTE,
        counts: counts(requests, Math.round(requests * shareAt(from + (index + 0.5) * 10 * MINUTE))),
      }
    })

  it('is not failed by the rhythm of the day, which fails it where nobody knows of that rhythm', () => {
    const strict = errorCheck({ notWorseThan: 1, alpha: 0.01 })
    const night = 18 * HOUR
    const past = rememberStable(null, counts(60_000, Math.round(60_000 * shareAt(night))), {
      start: 28 * DAY + night - HOUR,
      end: 28 * DAY + night,
    })
    const looks = healthy(night, 7)
    expect(failsAt(watch(strict, { past, season: SEASON }, looks, 28 * DAY + night))).toBe(-1)
    expect(failsAt(watch(strict, known, looks, 28 * DAY + night))).toBe(-1)
  })

  it('fails by three times the errors within hours, at any hour, and says what is usual then', () => {
    const from = 28 * DAY + 18 * HOUR
    const worse = healthy(from, 1).map(({ duration, counts: one }) => ({
      duration,
      counts: { ...one, errors: 3 * one.errors },
    }))
    const verdicts = watch(CHECK, known, worse, from)
    expect(failsAt(verdicts)).toBeGreaterThan(0)
    expect(failsAt(verdicts)).toBeLessThan(36)
    expect(verdicts.at(-1)?.reason).toMatch(
      /^everybody is on 2\.4\.0: errors 1\.\d+% \(.*\) in [\dhm ]+ against 0\.4\d*% usual at this hour: above [\d.]+% over \dh, odds of a false alarm 1 : /,
    )
  })

  it('fails at the second look when half of the requests fail, not at the first', () => {
    for (const [duration, share] of [
      [1_000, 0.5],
      [10_000, 0.5],
      [10_000, 1],
      [MINUTE, 0.6],
    ] as const) {
      const requests = duration / 10
      const dead = times(3, { duration, counts: counts(requests, requests * share) })
      const before = healthy(0, 3)
      expect(failsAt(watch(CHECK, known, [...before, ...dead], 28 * DAY)) - before.length).toBe(1)
      const hiccup = [...before, ...dead.slice(0, 1), ...healthy(0, 1)]
      expect(failsAt(watch(CHECK, known, hiccup, 28 * DAY))).toBe(-1)
    }
  })

  it('is not failed by an incident such as stable had before', () => {
    const incident = (at: number) => (Math.abs(at - 10 * DAY) < 20 * MINUTE ? 8 : 1)
    const season = seasonOf([recordOf(28, 30 * MINUTE, (at) => counts(18_000, 18_000 * shareAt(at) * incident(at)))])
    const looks = healthy(28 * DAY, 2).map((one, index) =>
      index >= 150 && index < 154 ? { ...one, counts: { ...one.counts, errors: 6 * one.counts.errors } } : one,
    )
    expect(failsAt(watch(CHECK, { past: null, season }, looks, 28 * DAY))).toBe(-1)
  })

  it('is asked by events and by latency as well', () => {
    const orders = ordersCheck({ notBelow: 0.95 })
    const shop = (factor: number) =>
      healthy(0, 1).map((one) => ({
        ...one,
        counts: { ...one.counts, events: { orders: Math.round(3 * factor * one.counts.errors) } },
      }))
    expect(failsAt(watch(orders, known, shop(1), 28 * DAY))).toBe(-1)
    expect(failsAt(watch(orders, known, shop(0.5), 28 * DAY))).toBeGreaterThan(0)
    const random = createRandom(5)
    const served = (median: number) =>
      counts(2_000, 0, { latency: histogram(BOUNDS, 2_000, () => median * random.logNormal(0, 0.6)) })
    const season = seasonOf([recordOf(3, 30 * MINUTE, () => served(0.1))])
    const check = latencyCheck({ notWorseThan: 1, alpha: 0.01 })
    expect(failsAt(watch(check, { past: null, season }, every(10 * MINUTE, times(100, served(0.1)))))).toBe(-1)
    const slow = watch(check, { past: null, season }, every(10 * MINUTE, times(40, served(0.25))))
    expect(failsAt(slow)).toBeGreaterThan(0)
    expect(slow.at(-1)?.reason).toContain('against what is usual for 2.3.9: above')
  })

  it('keeps the budget while each hour is drawn within the limits, in looks of any length', () => {
    const strict = errorCheck({ notWorseThan: 1, alpha: 0.1, minRequests: 1 })
    const random = createRandom(17)
    const runs = 60
    const failed = Array.from({ length: runs }, (_, run) => {
      const duration = [10_000, MINUTE, 10 * MINUTE][run % 3] ?? MINUTE
      const looks = Array.from({ length: 300 }, (_one, index) => {
        const requests = random.poisson(duration / 100)
        return { duration, counts: counts(requests, random.binomial(requests, 1.2 * shareAt(index * duration))) }
      })
      return failsAt(watch(strict, known, looks, 28 * DAY))
    }).filter((at) => at !== -1)
    expect(failed.length / runs).toBeLessThanOrEqual(0.1)
  })
})

describe('the judge of a version that is alone', () => {
  const golden = JSON.parse(readFileSync(new URL('../golden/alone.json', import.meta.url), 'utf8')) as readonly {
    readonly past: readonly [number, number]
    readonly ratio: number
    readonly alpha: number
    readonly looks: readonly (readonly [seconds: number, requests: number, errors: number])[]
    readonly logEvidence: readonly number[]
  }[]

  it.each(golden.map((one, index) => [index, one] as const))(
    'has the evidence of a second implementation: %i',
    (_, one) => {
      const check = errorCheck({ notWorseThan: one.ratio, alpha: one.alpha, minRequests: 1 })
      const past: StablePast = { errors: { events: one.past[0], requests: one.past[1] }, events: {}, latency: null }
      const shown = one.looks.map(([seconds, requests, errors]) => ({
        duration: seconds * 1_000,
        counts: counts(requests, errors),
      }))
      const verdicts = watch(check, { past, season: null }, shown).slice(0, one.logEvidence.length)
      const logs = verdicts.map((verdict) => Math.log(verdict?.evidence.figures['evidenceAbove'] ?? Number.NaN))
      for (const [index, log] of one.logEvidence.entries())
        expect(logs[index]).toBeCloseTo(Math.min(log, MOST_SHOWN), 6)
    },
  )

  it('never throws, whatever it is shown and whatever it knows', () => {
    const number = fc.oneof(fc.nat(1_000), fc.double(), fc.constantFrom(Number.NaN, -1, Infinity, 1e300))
    const arm = fc.record({ requests: number, errors: number, orders: number, slow: number })
    const look = fc.record({ start: number, length: number, arm })
    const checks = fc.constantFrom<Check>(CHECK, ordersCheck({ notAbove: 2 }), latencyCheck())
    const toCounts = ({
      requests,
      errors,
      orders,
      slow,
    }: {
      requests: number
      errors: number
      orders: number
      slow: number
    }) =>
      counts(requests, errors, {
        events: { orders },
        latency: { upperBoundsSeconds: BOUNDS, counts: [requests, 0, slow, 0, 0, 0, 0] },
      })
    const seasons: readonly (Season | null)[] = [null, SEASON]
    fc.assert(
      fc.property(checks, fc.array(look, { maxLength: 10 }), fc.constantFrom(...seasons), (check, looks, season) => {
        let past: StablePast | null = null
        let state: AgainstPastState | null = null
        for (const { start, length, arm: one } of looks) {
          const window = { start, end: start + length }
          past = rememberStable(past, toCounts(one), window)
          const canary = { kind: 'value', value: toCounts(one) } as const
          const input = { at: window.end, window, readings: {}, stable: NOBODY, canary }
          const step = judgeAlone(check, state, { past, season }, input, 0)
          state = step === null ? null : (JSON.parse(JSON.stringify(step.state)) as AgainstPastState)
          if (step !== null) expect(['pass', 'fail', 'inconclusive']).toContain(step.outcome)
          expect(step?.tell().outcome).toBe(step?.outcome)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('begins its bets anew from the state of an older version, with the evidence that was carried over', () => {
    const old = {
      lastEnd: 0,
      watched: 5_000,
      silent: 0,
      claims: [{ seen: { events: 1, requests: 10 } }],
      carried: 1,
      failure: null,
    }
    const past = rememberStable(null, counts(10_000, 50))
    const input = { at: 1_000, window: { start: 0, end: 1_000 }, readings: {}, stable: NOBODY }
    const canary = { kind: 'value', value: counts(100, 0) } as const
    const step = judgeAlone(CHECK, old as unknown as AgainstPastState, { past, season: null }, { ...input, canary }, 0)
    expect(step?.state).toMatchObject({ carried: 1, watched: 1_000 })
  })
})
