import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CheckState } from '../../../src/analysis/checks/check-kind.ts'
import { type ListedCheck as Check, kindOf } from '../../../src/analysis/checks/index.ts'
import type { ErrorRateCheck, LatencyCheck } from '../../../src/analysis/checks/shapes.ts'
import {
  enterExposure,
  startCheck,
  startProof,
  stepCheck,
  stepProof,
  weighCheck,
} from '../../../src/analysis/judges/check-judge.ts'
import type { ArmCounts, MetricResult } from '../../../src/domain/observation.ts'
import type { CheckInput } from '../../../src/domain/plan/checks.ts'
import type { Verdict } from '../../../src/domain/verdict.ts'
import { arm, COARSE_BOUNDS, errorCheck, latencyCheck, look, ordersCheck } from './looks.ts'

const errorLimit: ErrorRateCheck = {
  ...errorCheck(),
  rule: { judge: 'threshold', max: 0.01, failures: 2, of: 3, minRequests: 10 },
}
const latencyLimit: LatencyCheck = {
  ...latencyCheck(),
  rule: { judge: 'threshold', max: 0.3, failures: 2, of: 3, minRequests: 10 },
}
const comparing: readonly Check[] = [errorCheck(), latencyCheck(), ordersCheck({ notAbove: 1.2 })]
const counting: readonly Check[] = [...comparing, errorLimit, latencyLimit]
/** Part missing that each of them needs. */
const MISSING = { errors: 'nobody counts errors', latency: 'nobody measures', events: { orders: 'no orders_total' } }

const every: readonly Check[] = [
  ...counting,
  {
    kind: 'query',
    name: 'q',
    source: 's',
    query: 'up',
    pass: 'result[0] > 1.0',
    fail: null,
    failures: 1,
    of: 1,
  },
  {
    kind: 'kayenta',
    name: 'k',
    source: 's',
    config: {},
    queries: { a: 'a' },
    step: 60_000,
    lifetime: 600_000,
    interval: 60_000,
    warmUp: 0,
    pass: 95,
    marginal: 75,
  },
  {
    kind: 'argo',
    name: 'a',
    source: 's',
    query: 'up',
    successCondition: 'result[0] > 1',
    failureCondition: null,
    interval: 60_000,
    initialDelay: 0,
    count: 3,
    failureLimit: 0,
    inconclusiveLimit: 0,
    consecutiveErrorLimit: 4,
    consecutiveSuccessLimit: 0,
  },
]

const histogramOf = (requests: number) => ({
  upperBoundsSeconds: COARSE_BOUNDS,
  counts: COARSE_BOUNDS.map((_, index) => (index === 4 ? requests : 0)).concat(0),
})
const healthy = (requests: number) =>
  arm(requests, 0, { latency: histogramOf(requests), events: { orders: requests / 10 } })

/** Judges all looks in order; the state goes through JSON each time, as it does in a heartbeat. */
function judge(
  check: Check,
  inputs: readonly CheckInput[],
): { readonly state: CheckState; readonly verdicts: Verdict[] } {
  let state = startCheck(check)
  const verdicts: Verdict[] = []
  for (const input of inputs) {
    const step = stepCheck(check, state, input)
    // What is weighed is the same with and without its words.
    expect(weighCheck(check, state, input)).toEqual({ state: step.state, outcome: step.verdict.outcome })
    state = JSON.parse(JSON.stringify(step.state)) as CheckState
    expect(state).toEqual(step.state)
    verdicts.push(step.verdict)
  }
  return { state, verdicts }
}

const outcomes = (verdicts: readonly Verdict[]) => verdicts.map((verdict) => verdict.outcome)
const last = (verdicts: readonly Verdict[]) => verdicts.at(-1)

describe('a check that compares canary with stable', () => {
  it.each(comparing.map((check) => [check.name, check] as const))(
    '%s passes once both arms have shown enough',
    (_name, check) => {
      const { verdicts } = judge(
        check,
        [0, 1, 2, 3].map((index) => look(index, healthy(40), healthy(960))),
      )
      const enough = check.kind === 'latency' ? 1 : 2
      expect(outcomes(verdicts)).toEqual([0, 1, 2, 3].map((index) => (index < enough ? 'inconclusive' : 'pass')))
      expect(verdicts[0]).toMatchObject({ cause: 'undecided' })
    },
  )

  it('fails with a sentence that holds both shares, the counts, the odds and the time', () => {
    const { verdicts } = judge(
      errorCheck({ notWorseThan: 1.5, alpha: 0.01 }),
      [0, 1, 2, 3].map((index) => look(index, arm(300, 12), arm(9_700, 48))),
    )
    expect(last(verdicts)).toEqual({
      outcome: 'fail',
      reason:
        'errors 4% on canary against 0.49% on stable (24 of 600 / 96 of 19,400): at least 1.5 times as many, odds of a false alarm 1 : 700, after 20s; 3.2 to 18 times as many (95% sure); 24 errors came in two looks: one user could be the cause',
      evidence: {
        judge: 'sequential',
        figures: {
          canaryRequests: 600,
          canaryEvents: 24,
          canaryShare: 0.04,
          stableRequests: 19_400,
          stableEvents: 96,
          stableShare: expect.closeTo(0.00494845, 8),
          watchedSeconds: 20,
          evidenceNeeded: expect.closeTo(100, 9),
          evidenceAbove: expect.closeTo(700.64, 1),
          ratioAtLeast: expect.closeTo(3.262, 2),
          ratioAtMost: expect.closeTo(17.44, 1),
          ratioConfidence: 0.95,
          seenRise: expect.closeTo(0.03593, 4),
          seenPower: 0.9,
        },
      },
    })
  })

  it('stays failed, whatever comes later', () => {
    const { verdicts } = judge(errorCheck(), [
      look(0, arm(300, 60), arm(9_700, 48)),
      look(1, arm(300, 60), arm(9_700, 48)),
      look(2, arm(9_000, 0), arm(9_000, 900)),
      look(3, { kind: 'noData', reason: 'nothing' }, arm(1)),
    ])
    expect(outcomes(verdicts).slice(1)).toEqual(['fail', 'fail', 'fail'])
    expect(verdicts[3]).toEqual(verdicts[1])
  })

  it('accepts what is within the tolerance', () => {
    const looks = Array.from({ length: 60 }, (_, index) => look(index, arm(1_000, 7), arm(9_000, 45)))
    expect(last(judge(errorCheck({ notWorseThan: 1.5 }), looks).verdicts)).toMatchObject({ outcome: 'pass' })
    expect(last(judge(errorCheck({ notWorseThan: 1 }), looks).verdicts)).toMatchObject({ outcome: 'fail' })
  })

  it('sees errors that stable has never had', () => {
    const looks = Array.from({ length: 6 }, (_, index) => look(index, arm(100, 1), arm(1_900, 0)))
    const { verdicts } = judge(errorCheck(), looks)
    expect(outcomes(verdicts)).toEqual(['pass', 'fail', 'fail', 'fail', 'fail', 'fail'])
  })

  it('is not fooled by a fleet incident or by a change of weight', () => {
    const looks = Array.from({ length: 120 }, (_, index) => {
      const share = index < 60 ? 0.01 : 0.5
      const rate = index < 60 ? 0.002 : 0.03
      const requests = 10_000
      return look(
        index,
        arm(requests * share, requests * share * rate),
        arm(requests * (1 - share), requests * (1 - share) * rate),
      )
    })
    expect(outcomes(judge(errorCheck(), looks).verdicts)).not.toContain('fail')
  })

  it('counts requests afresh at a new exposure and keeps the evidence', () => {
    const check = errorCheck({ alpha: 1e-6 })
    const looks = [0, 1, 2].map((index) => look(index, arm(100, 3), arm(900, 5)))
    const { state } = judge(check, looks)
    const entered = enterExposure(check, state)
    const step = stepCheck(check, entered, look(3, arm(10, 0), arm(90, 0)))
    expect(step.verdict).toMatchObject({ outcome: 'inconclusive', cause: 'undecided' })
    expect(step.verdict.evidence.figures['evidenceAbove']).toBe(
      stepCheck(check, state, look(3, arm(10, 0), arm(90, 0))).verdict.evidence.figures['evidenceAbove'],
    )
    expect(step.verdict.evidence.figures['evidenceAbove']).toBeGreaterThan(5)
    for (const other of [errorLimit, ...every.slice(5)]) {
      const fresh = startCheck(other)
      expect(enterExposure(other, fresh)).toEqual(fresh)
    }
  })
})

describe('a rate check', () => {
  const orders = (requests: number, count: number) => arm(requests, 0, { events: { orders: count } })
  const series = (canary: number, stable: number) =>
    Array.from({ length: 30 }, (_, index) => look(index, orders(1_000, canary), orders(1_000, stable)))

  it('fails on the side that is asked about and says which', () => {
    const fewer = last(judge(ordersCheck(), series(50, 100)).verdicts)
    expect(fewer).toMatchObject({ outcome: 'fail' })
    expect(fewer?.reason).toContain('at most 0.9 times as many')
    expect(last(judge(ordersCheck(), series(150, 100)).verdicts)).toMatchObject({ outcome: 'pass' })
    const more = last(judge(ordersCheck({ notBelow: null, notAbove: 1 }), series(150, 100)).verdicts)
    expect(more?.reason).toContain('more than on stable')
    const both = ordersCheck({ notBelow: 0.9, notAbove: 1.2 })
    expect(last(judge(both, series(150, 100)).verdicts)?.reason).toContain('at least 1.2 times as many')
    expect(last(judge(both, series(50, 100)).verdicts)?.reason).toContain('at most 0.9 times')
    expect(last(judge(both, series(100, 100)).verdicts)).toMatchObject({ outcome: 'pass' })
  })

  it('halves its error budget over two sides', () => {
    const needed = (more: Parameters<typeof ordersCheck>[0]) =>
      last(judge(ordersCheck(more), series(100, 100)).verdicts)?.evidence.figures['evidenceNeeded']
    expect(needed({})).toBeCloseTo(20, 9)
    expect(needed({ notAbove: 2 })).toBeCloseTo(40, 9)
  })

  it('takes more than one event per request', () => {
    const { verdicts } = judge(ordersCheck(), series(2_500, 2_500))
    expect(last(verdicts)).toMatchObject({ outcome: 'pass' })
    expect(last(verdicts)?.reason).toContain('2.5 per request')
  })

  it('is blind when an arm does not report the event, or events without requests', () => {
    const check = ordersCheck()
    for (const input of [
      look(0, arm(100), orders(100, 5)),
      look(0, orders(100, 5), arm(100)),
      look(0, orders(0, 5), orders(100, 5)),
      look(0, orders(100, Number.NaN), orders(100, 5)),
      look(0, orders(100, -1), orders(100, 5)),
    ])
      expect(stepCheck(check, startCheck(check), input).verdict).toMatchObject({
        outcome: 'inconclusive',
        cause: 'blind',
      })
    const inherited = arm(100, 0, { events: { orders: 1 } })
    const odd = ordersCheck({ of: 'toString' })
    expect(stepCheck(odd, startCheck(odd), look(0, inherited, inherited)).verdict).toMatchObject({ cause: 'blind' })
  })

  it('is blind when it asks for nothing', () => {
    const check = ordersCheck({ notBelow: null, notAbove: null })
    expect(stepCheck(check, startCheck(check), look(0, healthy(500), healthy(500))).verdict).toMatchObject({
      cause: 'blind',
    })
  })
})

describe('data that is missing or impossible', () => {
  const faults: readonly (readonly [string, MetricResult<ArmCounts>])[] = [
    ['noData', { kind: 'noData', reason: 'no series' }],
    ['nan', { kind: 'nan', reason: 'NaN' }],
    ['stale', { kind: 'stale', reason: 'old', ageSeconds: 90 }],
    ['error', { kind: 'error', fault: 'timeout', reason: 'timed out' }],
    ['NaN requests', arm(Number.NaN)],
    ['negative requests', arm(-1)],
    ['negative errors', arm(10, -1)],
    ['infinite requests', arm(Number.POSITIVE_INFINITY)],
    ['more errors than requests', arm(10, 11)],
    ['more requests than can be', arm(1e300)],
  ]

  it.each(faults)('%s is blind, for a good history as for none, and leaves the state as it was', (_name, fault) => {
    for (const check of counting.filter((one) => one.kind !== 'latency')) {
      const before = judge(
        check,
        [0, 1, 2].map((index) => look(index, healthy(200), healthy(800))),
      ).state
      for (const state of [startCheck(check), before]) {
        const step = stepCheck(check, state, look(3, fault, healthy(800)))
        expect(step.verdict).toMatchObject({ outcome: 'inconclusive', cause: 'blind' })
        expect(step.verdict.reason.length).toBeGreaterThan(10)
        const after = stepCheck(check, step.state, look(4, healthy(200), healthy(800))).verdict.outcome
        expect(after === 'fail').toBe(false)
      }
    }
  })

  it('a lost window is made up for by the next one, which starts where the last good one ended', () => {
    const check = errorCheck()
    const before = judge(check, [look(0, arm(200), arm(800))]).state
    const lost = stepCheck(check, before, look(1, { kind: 'noData', reason: 'gone' }, arm(800)))
    const wide = { ...look(2, arm(400), arm(1_600)), window: { start: 10_000, end: 30_000 } }
    expect(stepCheck(check, lost.state, wide).verdict).toMatchObject({ outcome: 'pass' })
  })

  it('a clock that goes back costs one look, then the new clock counts', () => {
    const check = errorCheck()
    const back = judge(check, [look(9, arm(200), arm(800)), look(3, arm(200), arm(800)), look(4, arm(200), arm(800))])
    expect(back.verdicts[1]).toMatchObject({ outcome: 'inconclusive', cause: 'blind' })
    expect(back.verdicts[1]?.reason).toContain('clock')
    expect(back.verdicts[2]).toMatchObject({ outcome: 'pass' })
    expect(back.verdicts[2]?.evidence.figures['canaryRequests']).toBe(400)
  })

  it('a window without length is undecided, one that ends before it starts or has no time is blind', () => {
    for (const check of counting) {
      const at = (start: number, end: number) =>
        stepCheck(check, startCheck(check), { ...look(0, healthy(500), healthy(500)), window: { start, end } }).verdict
      expect(at(5, 5)).toMatchObject({ outcome: 'inconclusive', cause: 'undecided' })
      expect(at(5, 4)).toMatchObject({ outcome: 'inconclusive', cause: 'blind' })
      expect(at(Number.NaN, 4)).toMatchObject({ outcome: 'inconclusive', cause: 'blind' })
    }
  })

  it('an arm that has fallen silent is blind, not healthy', () => {
    for (const check of comparing) {
      const looks = Array.from({ length: 10 }, (_, index) =>
        look(index, index < 3 ? healthy(200) : arm(0), healthy(800)),
      )
      const silent = judge(
        check,
        check.kind === 'rate'
          ? looks.map((one, index) => (index < 3 ? one : { ...one, canary: arm(0, 0, { events: { orders: 0 } }) }))
          : looks,
      ).verdicts
      expect(silent[3]).toMatchObject({ outcome: 'pass' })
      expect(last(silent)).toMatchObject({ outcome: 'inconclusive', cause: 'blind' })
      expect(last(silent)?.reason).toContain('canary has served no requests for 1m 10s')
    }
    const gone = Array.from({ length: 10 }, (_, index) => look(index, arm(200), index < 3 ? arm(800) : arm(0)))
    expect(last(judge(errorCheck(), gone).verdicts)?.reason).toContain('stable has served no request')
  })

  it('one request an hour never passes', () => {
    const looks = Array.from({ length: 720 }, (_, index) =>
      look(index, arm(index % 360 === 0 ? 1 : 0), arm(index % 360 === 0 ? 1 : 0)),
    )
    expect(outcomes(judge(errorCheck(), looks).verdicts)).not.toContain('pass')
  })

  it('no requests never pass, even when the plan asks for none', () => {
    const check = errorCheck({ minRequests: 0 })
    for (const arms of [
      [arm(0), arm(0)],
      [arm(0), arm(500)],
      [arm(500), arm(0)],
    ] as const)
      expect(stepCheck(check, startCheck(check), look(0, ...arms)).verdict).toMatchObject({ outcome: 'inconclusive' })
  })

  it('rules that make no sense are blind, not a pass', () => {
    for (const check of [
      errorCheck({ alpha: Number.NaN }),
      errorCheck({ alpha: 0 }),
      errorCheck({ alpha: 1 }),
      errorCheck({ notWorseThan: Number.NaN }),
      errorCheck({ notWorseThan: 0 }),
      latencyCheck({ alpha: 2 }),
      latencyCheck({ notWorseThan: Number.POSITIVE_INFINITY }),
      ordersCheck({ notBelow: -1 }),
    ]) {
      const verdict = stepCheck(check, startCheck(check), look(0, healthy(5_000), healthy(5_000))).verdict
      expect(verdict).toMatchObject({ outcome: 'inconclusive', cause: 'blind' })
    }
    const unknown = errorCheck({ minRequests: Number.NaN })
    expect(stepCheck(unknown, startCheck(unknown), look(0, healthy(5_000), healthy(5_000))).verdict.outcome).toBe(
      'inconclusive',
    )
  })

  it('takes a thousand million requests in a second and fractions of requests', () => {
    const check = errorCheck()
    const many = look(0, arm(1e9, 5e6), arm(1e9, 5e6), 1_000)
    expect(stepCheck(check, startCheck(check), many).verdict).toMatchObject({ outcome: 'pass' })
    const worse = look(0, arm(1e9, 6e6), arm(1e9, 5e6), 1_000)
    expect(stepCheck(check, startCheck(check), worse).verdict).toMatchObject({ outcome: 'fail' })
    const parts = look(0, arm(100.3, 0.4), arm(1_900.7, 9.6))
    expect(stepCheck(check, startCheck(check), parts).verdict).toMatchObject({ outcome: 'pass' })
  })
})

describe('whatever comes', () => {
  const number = fc
    .oneof(
      { arbitrary: fc.integer({ min: 0, max: 2_000 }), weight: 8 },
      { arbitrary: fc.double(), weight: 1 },
      { arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -1, 0, 1e9, 1e300, 0.5), weight: 2 },
    )
    // JSON has no −0.
    .map((value) => (value === 0 ? 0 : value))
  const bounds = fc.oneof(
    fc.constant(COARSE_BOUNDS),
    fc.constant([0.1, 1]),
    fc.array(fc.double(), { maxLength: 4 }),
    fc.constant([]),
  )
  const latency = fc.option(fc.record({ upperBoundsSeconds: bounds, counts: fc.array(number, { maxLength: 13 }) }))
  const counts = fc.record({
    requests: number,
    errors: fc.oneof(fc.constant(0), number),
    latency,
    events: fc.oneof(fc.constant({}), fc.record({ orders: number })),
  })
  const result: fc.Arbitrary<MetricResult<ArmCounts>> = fc.oneof(
    { arbitrary: fc.record({ kind: fc.constant('value' as const), value: counts }), weight: 6 },
    fc.constant({ kind: 'noData', reason: 'gone' } as const),
    fc.constant({ kind: 'error', fault: 'auth', reason: 'denied' } as const),
  )
  const input: fc.Arbitrary<CheckInput> = fc.record({
    at: number,
    window: fc.oneof(
      fc.integer({ min: 0, max: 50 }).map((index) => ({ start: index * 1_000, end: (index + 1) * 1_000 })),
      fc.record({ start: number, end: number }),
    ),
    canary: result,
    stable: result,
    readings: fc.constant({}),
  })

  const isUsable = (arms: readonly MetricResult<ArmCounts>[]) =>
    arms.every(
      (one) =>
        one.kind === 'value' &&
        Number.isFinite(one.value.requests) &&
        one.value.requests >= 0 &&
        one.value.errors >= 0 &&
        one.value.errors <= one.value.requests,
    )

  it.each(every.map((check) => [check.kind, check] as const))(
    'a %s check never throws, always says why, shows finite figures and keeps plain JSON',
    (_kind, check) => {
      fc.assert(
        fc.property(fc.array(input, { maxLength: 8 }), (inputs) => {
          const { verdicts } = judge(check, inputs)
          for (const [index, verdict] of verdicts.entries()) {
            expect(verdict.reason.length).toBeGreaterThan(5)
            expect(Object.values(verdict.evidence.figures).every(Number.isFinite)).toBe(true)
            const one = inputs[index]
            const isWatched = verdict.outcome === 'pass' && counting.includes(check)
            const arms = one === undefined ? [] : comparing.includes(check) ? [one.canary, one.stable] : [one.canary]
            expect(!isWatched || isUsable(arms)).toBe(true)
          }
        }),
        { numRuns: 300 },
      )
    },
  )

  it('a state of another check is replaced, not misread', () => {
    for (const check of every)
      for (const other of every) {
        const step = stepCheck(check, startCheck(other), look(0, healthy(500), healthy(500)))
        expect(step).toEqual(stepCheck(check, startCheck(check), look(0, healthy(500), healthy(500))))
      }
  })
})

describe('a part of the counts that is missing', () => {
  const histogram = { upperBoundsSeconds: [...COARSE_BOUNDS], counts: [...COARSE_BOUNDS.map(() => 50), 0] }
  const sound = arm(1_000, 0, { latency: histogram, events: { orders: 100 } })
  const partly: MetricResult<ArmCounts> =
    sound.kind === 'value' ? { kind: 'value', value: { ...sound.value, events: {}, missing: MISSING } } : sound

  it.each(counting)(
    'makes $name ($rule.judge) neither pass nor fail, and the verdict says what is missing',
    (check) => {
      for (const inputs of [
        { canary: partly, stable: sound },
        { canary: partly, stable: partly },
      ]) {
        let state: CheckState = startCheck(check)
        let verdict: Verdict | null = null
        for (let index = 0; index < 5; index += 1) {
          const step = stepCheck(check, state, look(index, inputs.canary, inputs.stable))
          state = step.state
          verdict = step.verdict
        }
        expect(verdict).toMatchObject({ outcome: 'inconclusive', cause: 'blind' })
        expect(verdict?.reason).toMatch(/nobody counts errors|nobody measures|no orders_total/)
      }
    },
  )

  it('proves nothing either', () => {
    for (const check of comparing) {
      let state = startProof(check)
      for (let index = 0; index < 200; index += 1) {
        const step = stepProof(check, state, look(index, partly, sound))
        state = step.state
        expect(step.isProven).toBe(false)
      }
    }
  })
})

describe('a check that speaks against the canary, and is not sure enough to fail', () => {
  /** A fifth of the canary's requests fail, at next to no traffic, and nobody who is on stable has an error. */
  const bad = [look(0, arm(50, 10), arm(450)), look(1, arm(50, 10), arm(450))]

  it('does not pass, whatever its budget: nobody else is sent to such a version before the next looks', () => {
    const check = errorCheck({ notWorseThan: 1.5, alpha: 1e-6, minRequests: 50 })
    let state = startCheck(check)
    for (const input of bad) {
      const step = stepCheck(check, state, input)
      state = step.state
      expect(step.verdict).toMatchObject({ outcome: 'inconclusive', cause: 'undecided' })
      expect(step.verdict.reason).toContain('not yet sure of 1.5 times as many or more (false-alarm odds 1 : ')
    }
  })

  it.each(comparing.map((check) => [check.kind, check] as const))(
    'never passes at odds of 1 : 10 and more: %s',
    (_kind, check) => {
      const count = fc.nat(60)
      const one = fc.record({ canary: count, stable: count, slow: count, fast: count })
      fc.assert(
        fc.property(fc.array(one, { minLength: 1, maxLength: 12 }), (drawn) => {
          let state = startCheck(check)
          for (const [index, { canary, stable, slow, fast }] of drawn.entries()) {
            const latency = (part: number) => ({ upperBoundsSeconds: [0.1, 0.5], counts: [100 - part, part, 0] })
            const { state: next, verdict } = stepCheck(
              check,
              state,
              look(
                index,
                arm(100, canary, { latency: latency(slow), events: { orders: stable } }),
                arm(100, stable, { latency: latency(fast), events: { orders: canary } }),
              ),
            )
            state = next
            if (kindOf(check).evidence(state).now >= Math.log(10)) expect(verdict.outcome).not.toBe('pass')
          }
        }),
      )
    },
  )

  it('passes again once the next looks speak for the canary', () => {
    const check = errorCheck({ notWorseThan: 1.5, alpha: 1e-6, minRequests: 50 })
    const healthy = Array.from({ length: 30 }, (_, index) => look(index + 2, arm(500), arm(4_500, 22)))
    const verdicts = [...bad.slice(0, 1), ...healthy].reduce<{ state: CheckState; outcomes: string[] }>(
      ({ state, outcomes }, input) => {
        const step = stepCheck(check, state, input)
        return { state: step.state, outcomes: [...outcomes, step.verdict.outcome] }
      },
      { state: startCheck(check), outcomes: [] },
    )
    expect(verdicts.outcomes[0]).toBe('inconclusive')
    expect(verdicts.outcomes.at(-1)).toBe('pass')
  })
})
