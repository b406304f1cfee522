import { describe, expect, it } from 'vitest'
import type { ListedCheck as Check } from '../../../src/analysis/checks/index.ts'
import { startCheck, stepCheck } from '../../../src/analysis/judges/check-judge.ts'
import { createRandom } from '../../../src/analysis/statistics/random.ts'
import { type AgainstPastState, judgeAgainstPast } from '../../../src/analysis/traffic/against-past.ts'
import { rememberStable, type StablePast } from '../../../src/analysis/traffic/past.ts'
import type { ArmCounts } from '../../../src/domain/observation.ts'
import type { Verdict } from '../../../src/domain/verdict.ts'
import { arm, errorCheck, histogram, latencyCheck, look, ordersCheck } from '../judges/looks.ts'

const NAMES = { canary: '2.4.0', stable: '2.3.9' }
const BOUNDS = [0.1, 0.2, 0.5, 1, 2, 5]

function counts(requests: number, errors: number, more: Partial<ArmCounts> = {}): ArmCounts {
  return { requests, errors, latency: null, events: {}, ...more }
}

const pastOf = (looks: readonly ArmCounts[]) =>
  looks.reduce<StablePast | null>((past, one) => rememberStable(past, one), null)

const PAST = pastOf([counts(10_000, 50, { events: { orders: 500 } })])

/** The verdicts over looks of a second at a canary that is alone. */
function alone(check: Check, looks: readonly ArmCounts[], past: StablePast | null = PAST): readonly (Verdict | null)[] {
  let state: AgainstPastState | null = null
  return looks.map((one, index) => {
    const none = { kind: 'noData', reason: 'nobody is there' } as const
    const input = { ...look(index, { kind: 'value', value: one }, none, 1_000), names: NAMES }
    const step = judgeAgainstPast(check, startCheck(check), state, { past, season: null }, input)
    state = step === null ? null : (JSON.parse(JSON.stringify(step.state)) as AgainstPastState)
    return step?.verdict ?? null
  })
}

const times = <Value>(count: number, value: Value) => Array.from({ length: count }, () => value)
const failsAt = (verdicts: readonly (Verdict | null)[]) => verdicts.findIndex((verdict) => verdict?.outcome === 'fail')
const CHECK = errorCheck({ notWorseThan: 1.5, minRequests: 100, alpha: 0.01 })

describe('a canary that everybody is on, against what stable has shown before', () => {
  it('passes while it is about as good, with the numbers of both', () => {
    expect(alone(CHECK, times(60, counts(100, 1))).at(-1)).toMatchObject({
      outcome: 'pass',
      reason:
        'everybody is on 2.4.0: errors 1% (60 of 6,000) against 0.5% (50 of 10,000) on 2.3.9 before: no sign of being above 2% (false-alarm odds 1 : 1, fails at 1 : 100), after 1m',
    })
  })

  it('does not pass while it is not sure enough to fail of what it likely sees', () => {
    const verdicts = alone({ ...CHECK, rule: { ...CHECK.rule, alpha: 1e-9 } }, times(12, counts(100, 30)))
    expect(verdicts.at(-1)).toMatchObject({ outcome: 'inconclusive', cause: 'undecided' })
    expect(verdicts.at(-1)?.reason).toContain('not yet sure of being above 2% (false-alarm odds 1 : ')
  })

  it('does not pass before it has served enough, nor while it cannot be seen', () => {
    expect(alone(CHECK, [counts(60, 0)])[0]).toMatchObject({
      outcome: 'inconclusive',
      reason: 'everybody is on 2.4.0, and not enough requests yet: 60 on 2.4.0; it needs 100',
    })
    const outage = { kind: 'error', fault: 'timeout', reason: 'The store did not answer in time.' } as const
    const blind = judgeAgainstPast(
      CHECK,
      startCheck(CHECK),
      null,
      { past: PAST, season: null },
      look(0, outage, outage),
    )
    expect(blind?.verdict).toMatchObject({ outcome: 'inconclusive', cause: 'blind' })
    expect(alone(CHECK, times(90, counts(0, 0))).at(-1)).toMatchObject({ cause: 'blind' })
  })

  it('fails when it stays far above that, and stays failed', () => {
    const verdicts = alone(CHECK, [...times(300, counts(100, 1)), ...times(60, counts(100, 20)), counts(100, 0)])
    expect(failsAt(verdicts)).toBeGreaterThan(320)
    expect(failsAt(verdicts)).toBeLessThan(350)
    expect(verdicts.at(-1)).toMatchObject({
      outcome: 'fail',
      reason: expect.stringMatching(
        /^everybody is on 2\.4\.0: errors 20% \(.*\) in [34]\ds against 0\.5% \(50 of 10,000\) on 2\.3\.9 before: above 2%, odds of a false alarm 1 : \d+, after 5m \d+s$/,
      ),
    })
  })

  it('does not fail by a hiccup of some seconds, by more traffic, or by twice the errors', () => {
    const hiccup = [...times(60, counts(100, 0)), ...times(12, counts(100, 40)), ...times(60, counts(100, 0))]
    expect(failsAt(alone(CHECK, hiccup))).toBe(-1)
    const hours = Array.from({ length: 600 }, (_, second) => Math.round(100 * (1 + 0.8 * Math.sin(second / 60))))
    expect(
      failsAt(
        alone(
          CHECK,
          hours.map((requests) => counts(requests, requests / 100)),
        ),
      ),
    ).toBe(-1)
  })

  it('keeps the budget of the check while it is within the limit', () => {
    const random = createRandom(11)
    const strict = errorCheck({ notWorseThan: 1, alpha: 0.1, minRequests: 1 })
    const failed = Array.from({ length: 300 }, () =>
      failsAt(
        alone(
          strict,
          Array.from({ length: 120 }, () => counts(50, random.binomial(50, 0.015))),
        ),
      ),
    ).filter((at) => at !== -1)
    expect(failed.length / 300).toBeLessThanOrEqual(0.1)
  })

  it('goes on with the evidence that the comparison has left', () => {
    let state = startCheck(CHECK)
    for (let index = 0; index < 600; index += 1)
      state = stepCheck(CHECK, state, look(index, arm(100, 0), arm(100, 3), 1_000)).state
    const looks = { ...look(700, arm(100, 20), arm(0), 1_000), names: NAMES }
    const step = judgeAgainstPast(CHECK, state, null, { past: PAST, season: null }, looks)
    expect(step?.state.carried).toBeLessThan(-3)
  })

  it('is asked by events as well, on both sides', () => {
    const orders = (share: number) => times(60, counts(100, 0, { events: { orders: share * 100 } }))
    const check = ordersCheck({ notBelow: 0.9, notAbove: 1.5 })
    expect(failsAt(alone(check, orders(0.05)))).toBe(-1)
    expect(failsAt(alone(check, orders(0)))).toBeGreaterThan(0)
    expect(failsAt(alone(check, orders(0.4)))).toBeGreaterThan(0)
    expect(alone(check, orders(0.05)).at(-1)).toMatchObject({
      reason: expect.stringContaining(
        'orders 5% (300 of 6,000) against 5% (500 of 10,000) on 2.3.9 before: no sign of being above ',
      ),
    })
  })

  it('is asked by latency as well', () => {
    const random = createRandom(4)
    const slow = (median: number) =>
      counts(200, 0, { latency: histogram(BOUNDS, 200, () => median * random.logNormal(0, 0.4)) })
    const past = pastOf(times(20, slow(0.1)))
    const check = latencyCheck({ notWorseThan: 1.25 })
    expect(failsAt(alone(check, times(60, slow(0.1)), past))).toBe(-1)
    const failed = alone(check, times(60, slow(0.6)), past)
    expect(failsAt(failed)).toBeGreaterThan(0)
    expect(failed.at(-1)?.reason).toMatch(
      /^everybody is on 2\.4\.0: \d+% slower than 500 ms \(.*\) in \d+s against p95 /,
    )
  })

  it('is asked nothing where too little is known of stable, or the check compares no counts', () => {
    expect(alone(CHECK, [counts(100, 1)], pastOf([counts(100, 1)]))).toEqual([null])
    expect(alone(CHECK, [counts(100, 1)], null)).toEqual([null])
    const limit: Check = { ...CHECK, rule: { judge: 'threshold', max: 0.1, failures: 1, of: 1, minRequests: 1 } }
    expect(alone(limit, [counts(100, 1)])).toEqual([null])
  })
})

describe('what stable has shown', () => {
  it('leaves out what is impossible and what is said to be missing', () => {
    const odd = [
      counts(Number.NaN, 1),
      counts(100, 5, { missing: { errors: 'no series has the label' } }),
      counts(100, -1),
    ]
    expect(pastOf(odd)?.errors).toEqual({ events: 0, requests: 0 })
  })

  it('is of these days, and stays small', () => {
    const events = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`event-${index}`, 1]))
    const past = pastOf(times(50, counts(100_000, 100, { events })))
    expect(past?.errors.requests).toBeLessThan(1_200_000)
    expect(Object.keys(past?.events ?? {})).toHaveLength(50)
  })

  it('begins anew when the latency buckets change', () => {
    const first = counts(10, 0, { latency: { upperBoundsSeconds: [1, 2], counts: [5, 5, 0] } })
    const second = counts(10, 0, { latency: { upperBoundsSeconds: [1, 4], counts: [1, 1, 0] } })
    expect(pastOf([first, second])?.latency).toEqual(second.latency)
  })
})
