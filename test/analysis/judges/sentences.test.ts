import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ArgoCheck } from '../../../src/analysis/argo/argo-judge.ts'
import type { CheckState } from '../../../src/analysis/checks/check-kind.ts'
import type { ListedCheck as Check } from '../../../src/analysis/checks/index.ts'
import type { ErrorRateCheck, LatencyCheck } from '../../../src/analysis/checks/shapes.ts'
import type { QueryCheck } from '../../../src/analysis/expressions/query-judge.ts'
import {
  enterExposure,
  startCheck,
  startProof,
  stepCheck,
  stepProof,
} from '../../../src/analysis/judges/check-judge.ts'
import { judgeSampleRatio, startSampleRatio } from '../../../src/analysis/judges/sample-ratio.ts'
import type { KayentaCheck } from '../../../src/analysis/kayenta/kayenta-judge.ts'
import { type AgainstPastState, judgeAgainstPast } from '../../../src/analysis/traffic/against-past.ts'
import { type FloorStanding, judgeFloor, startFloor } from '../../../src/analysis/traffic/floor.ts'
import { rememberStable, type StablePast } from '../../../src/analysis/traffic/past.ts'
import { type ArmNames, armNames } from '../../../src/domain/arm-names.ts'
import type { ArmCounts, MetricResult } from '../../../src/domain/observation.ts'
import type { ArmReadings, CheckInput } from '../../../src/domain/plan/checks.ts'
import type { Verdict } from '../../../src/domain/verdict.ts'
import { arm, COARSE_BOUNDS, errorCheck, latencyCheck, look, ordersCheck } from './looks.ts'

type FloorLook = Parameters<typeof judgeFloor>[2]

type SampleRatioInput = Parameters<typeof judgeSampleRatio>[2]

const NAMES = armNames('2.4.0', '2.3.9')
const NOBODY: MetricResult<never> = { kind: 'noData', reason: 'nobody' }

const errorLimit: ErrorRateCheck = {
  ...errorCheck(),
  rule: { judge: 'threshold', max: 0.01, failures: 2, of: 3, minRequests: 10 },
}
const latencyLimit: LatencyCheck = {
  ...latencyCheck(),
  rule: { judge: 'threshold', max: 0.3, failures: 1, of: 1, minRequests: 10 },
}
const errorRatio: ErrorRateCheck = {
  ...errorCheck(),
  rule: { judge: 'relative', maxRatio: 2, failures: 2, of: 3, minRequests: 10 },
}
const latencyRatio: LatencyCheck = {
  ...latencyCheck(),
  rule: { judge: 'relative', maxRatio: 1.5, failures: 1, of: 1, minRequests: 10 },
}
const query: QueryCheck = {
  ...{ kind: 'query', name: 'queue', source: 'store', query: 'queue{pool="$pool"}' },
  ...{ pass: null, fail: 'result[0] > 2.0 * stable[0]', failures: 2, of: 3 },
}
const metric = (name: string) => ({
  name,
  groups: ['all'],
  query: { type: 'prometheus' },
  analysisConfigurations: { canary: { direction: 'increase' } },
})
const kayenta: KayentaCheck = {
  ...{ kind: 'kayenta', name: 'golden', source: 'store', queries: {}, warmUp: 0, pass: 95, marginal: 75 },
  ...{ step: 10_000, lifetime: 600_000, interval: 200_000 },
  config: {
    name: 'golden',
    judge: { name: 'NetflixACAJudge-v1.0' },
    metrics: [metric('errors'), metric('latency')],
    classifier: { groupWeights: { all: 100 } },
  },
}
const argo: ArgoCheck = {
  ...{ kind: 'argo', name: 'success', source: 'store', query: 'up' },
  ...{ successCondition: 'result[0] >= 0.95', failureCondition: null, interval: 10_000, initialDelay: 0, count: 5 },
  ...{ failureLimit: 1, inconclusiveLimit: 0, consecutiveErrorLimit: 4, consecutiveSuccessLimit: 0 },
}

/** The verdict after these looks, each told with the same names. */
function judge(check: Check, inputs: readonly CheckInput[], names: ArmNames | null = NAMES): Verdict | undefined {
  let state = startCheck(check)
  let verdict: Verdict | undefined
  for (const input of inputs) {
    const step = stepCheck(check, state, names === null ? input : { ...input, names })
    state = step.state
    verdict = step.verdict
  }
  return verdict
}

const repeated = (count: number, canary: MetricResult<ArmCounts>, stable: MetricResult<ArmCounts>) =>
  Array.from({ length: count }, (_, index) => look(index, canary, stable))
const orders = (requests: number, count: number) => arm(requests, 0, { events: { orders: count } })
const value = (...values: number[]): MetricResult<readonly number[]> => ({ kind: 'value', value: values })
/** Nine of ten requests in one bucket, the others in the next. */
const slow = (requests: number, bucket: number) => {
  const shares = [...COARSE_BOUNDS, 0].map((_, index) => (index === bucket ? 0.9 : index === bucket + 1 ? 0.1 : 0))
  return arm(requests, 0, {
    latency: { upperBoundsSeconds: COARSE_BOUNDS, counts: shares.map((share) => share * requests) },
  })
}

describe('the sentence of an error-rate check', () => {
  const check = errorCheck({ notWorseThan: 1.5, alpha: 1 / 300 })
  const failing = repeated(2, arm(1_401, 29.5), arm(26_578.5, 133.5))

  it('says what failed by the versions, with counts, odds of a false alarm and time', () => {
    expect(judge(check, failing)?.reason).toBe(
      'errors 2.1% on 2.4.0 against 0.5% on 2.3.9 (59 of 2,802 / 267 of 53,157): at least 1.5 times as many, odds of a false alarm 1 : 330, after 20s; 2.4 to 6.8 times as many (95% sure)',
    )
  })

  it('says canary and stable where the versions are not known or are the same', () => {
    const said =
      'errors 2.1% on canary against 0.5% on stable (59 of 2,802 / 267 of 53,157): at least 1.5 times as many, odds of a false alarm 1 : 330, after 20s; 2.4 to 6.8 times as many (95% sure)'
    expect(judge(check, failing, null)?.reason).toBe(said)
    expect(judge(check, failing, armNames('2.4.0', '2.4.0'))?.reason).toBe(said)
    expect(judge(check, failing, armNames('2.4.0', null))?.reason).toContain('on 2.4.0 against 0.5% on stable')
  })

  it('says what a pass has not shown and when it would have failed', () => {
    expect(judge(check, repeated(7, arm(2_802, 14), arm(53_157, 267)))?.reason).toBe(
      'errors 0.5% on 2.4.0 against 0.5% on 2.3.9 (98 of 19,614 / 1,869 of 372,099): no sign of 1.5 times as many or more (false-alarm odds 1 : 1, fails at 1 : 300), after 1m 10s; 0.69 to 1.4 times as many (95% sure); a rise to 1.2% would be seen by now (90%)',
    )
  })

  it('says it without a ratio when nothing is tolerated', () => {
    const strict = errorCheck({ notWorseThan: 1, alpha: 0.01 })
    expect(judge(strict, failing)?.reason).toMatch(
      /\): more than on 2\.3\.9, odds of a false alarm 1 : [\d,]+, after 20s; 2\.4 to 6\.8 times as many \(95% sure\)$/,
    )
  })

  it.each<[string, readonly CheckInput[]]>([
    ['not enough requests yet: 12 on 2.4.0, 1,870 on 2.3.9; each needs 100', [look(0, arm(12), arm(1_870))]],
    ['2.4.0 has served no requests for 2m', repeated(12, arm(0), arm(1_870))],
    ['2.3.9 has served no requests for 2m', repeated(12, arm(1_870), arm(0))],
    [
      '2.3.9 cannot be seen: no requests of blue are reported',
      [look(0, arm(1), { kind: 'noData', reason: 'No requests of blue are reported.' })],
    ],
    ['2.4.0 reports an impossible number of requests (-1)', [look(0, arm(-1), arm(1))]],
    ['2.4.0 reports an impossible number of errors', [look(0, arm(1, Number.NaN), arm(1))]],
    ['2.3.9 reports more errors than requests (11 of 10)', [look(0, arm(1), arm(10, 11))]],
  ])('names the side it cannot judge: %s', (said, inputs) => {
    expect(judge(check, inputs)?.reason).toBe(said)
  })
})

describe('the sentence of a rate check with two sides', () => {
  const both = ordersCheck({ notBelow: 0.9, notAbove: 1.2 })

  it('tells the side that failed from its own counts', () => {
    expect(judge(both, repeated(20, orders(1_000, 20), orders(9_000, 270)))?.reason).toBe(
      'orders 2% on 2.4.0 against 3% on 2.3.9 (180 of 9,000 / 2,430 of 81,000): at most 0.9 times as many, odds of a false alarm 1 : 85, after 1m 30s; 0.5 to 0.86 times as many (95% sure)',
    )
    expect(judge(both, repeated(20, orders(1_000, 60), orders(9_000, 270)))?.reason).toBe(
      'orders 6% on 2.4.0 against 3% on 2.3.9 (180 of 3,000 / 810 of 27,000): at least 1.2 times as many, odds of a false alarm 1 : 1,500, after 30s; 1.4 to 2.7 times as many (95% sure)',
    )
  })

  it('says both sides of a pass', () => {
    expect(judge(both, repeated(20, orders(1_000, 30), orders(9_000, 270)))?.reason).toBe(
      'orders 3% on 2.4.0 against 3% on 2.3.9 (600 of 20,000 / 5,400 of 180,000): no sign of 1.2 times as many or more, nor of 0.9 times as many or fewer (false-alarm odds 1 : 1, fails at 1 : 40), after 3m 20s; 0.85 to 1.2 times as many (95% sure); a fall to 2.1% or a rise to 4.4% would be seen by now (90%)',
    )
    const tight = ordersCheck({ notBelow: 1, notAbove: 1.2 })
    expect(judge(tight, repeated(2, orders(1_000, 30), orders(9_000, 270)))?.reason).toContain(
      'no sign of 1.2 times as many or more, nor of fewer than on 2.3.9 (',
    )
  })

  /** Quiet at night with most traffic on the canary, dear at noon with little: sums over both turn the ratio around. */
  const night = [orders(9_000, 18), orders(1_000, 1)] as const
  const noon = [orders(1_000, 200), orders(19_000, 1_900)] as const

  it('never tells a failure with sums that contradict it', () => {
    const check = ordersCheck({ notBelow: null, notAbove: 1.5, alpha: 0.05 })
    let state = startCheck(check)
    for (let index = -9; index <= 0; index += 1) state = stepCheck(check, state, look(index, ...night)).state
    const afterNoon = (before: CheckState) => {
      let step = { state: before, verdict: undefined as Verdict | undefined }
      for (let index = 1; index <= 20; index += 1)
        step = stepCheck(check, step.state, { ...look(index, ...noon), names: NAMES })
      return step.verdict
    }
    const mixed = afterNoon(state)
    expect(mixed?.reason).toMatch(
      /^orders [\d.]+% on 2\.4\.0 against [\d.]+% on 2\.3\.9 \(.*\): look by look at least 1\.5 times as many, odds of a false alarm .*, after [\dms ]+; 1\.\d+ to [\d.]+ times as many \(95% sure\)$/,
    )
    const apart = afterNoon(enterExposure(check, state))
    expect(apart?.reason).toMatch(
      /^orders 20% on 2\.4\.0 against 10% on 2\.3\.9 \([\d,]+ of [\d,]+ \/ .*\): at least 1\.5 times as many, odds of a false alarm .*, after [\dms ]+; 1\.\d+ to [\d.]+ times as many \(95% sure\)$/,
    )
  })

  it('names the side that does not report the event', () => {
    expect(judge(both, [look(0, orders(1_000, 30), arm(9_000))])?.reason).toBe('2.3.9 does not report orders')
  })
})

describe('the sentence of a latency check', () => {
  const check = latencyCheck({ notWorseThan: 1.25 })

  it('says the quantiles of both versions, the requests of each, and what is shown', () => {
    expect(judge(check, repeated(20, slow(1_000, 7), slow(9_000, 5)))?.reason).toMatch(
      /^latency p95 1\.75 s and p99 2\.35 s on 2\.4\.0 against 375 ms and 475 ms on 2\.3\.9 \([\d,]+ \/ [\d,]+ requests\): at least 1\.25 times as slow, odds of a false alarm (less than )?1 : [\d,]+, after \d+s; requests over \d+ ms: [\d.]+ to [\d.]+ times as many \(95% sure\)$/,
    )
    expect(judge({ ...check, quantiles: [0.99] }, repeated(3, slow(1_000, 5), slow(9_000, 5)))?.reason).toBe(
      'latency p99 475 ms on 2.4.0 against 475 ms on 2.3.9 (3,000 / 27,000 requests): no sign of 1.25 times as slow or slower (false-alarm odds 1 : 1, fails at 1 : 20), after 30s; requests over 250 ms: 0.77 to 1.3 times as many (95% sure); all requests 2.2 times as slow would be seen by now (90%); the latency buckets are wide: only 2 times as slow or slower can be seen',
    )
    const strict = judge(latencyCheck({ notWorseThan: 1 }), repeated(20, slow(1_000, 7), slow(9_000, 5)))
    expect(strict?.reason).toContain('requests): slower than 2.3.9, odds of a false alarm ')
  })

  it('counts the requests of the whole release, as it does with the quantiles', () => {
    const first = stepCheck(check, startCheck(check), look(0, slow(1_000, 5), slow(1_000, 5)))
    const later = stepCheck(check, enterExposure(check, first.state), look(1, slow(500, 5), slow(500, 5)))
    expect(later.verdict.reason).toContain('(1,500 / 1,500 requests)')
    expect(later.verdict.reason).toContain('after 20s')
  })

  it('names the side it cannot judge', () => {
    expect(judge(check, [look(0, arm(9), arm(9))])?.reason).toBe('neither 2.4.0 nor 2.3.9 reports latency')
    expect(judge(check, [look(0, arm(9), slow(9, 5))])?.reason).toBe('2.4.0 reports no latency')
  })
})

describe('the sentence of a fixed limit', () => {
  const bad = look(0, arm(200, 5), NOBODY)
  const good = look(2, arm(200, 1), NOBODY)

  it.each<[string, Check, readonly CheckInput[]]>([
    ['errors 0.5% on 2.4.0 (1 of 200): within the limit of 1%', errorLimit, [good]],
    ['errors 2.5% on 2.4.0 (5 of 200): above the limit of 1% at the last look (fails at 2 of 3)', errorLimit, [bad]],
    [
      'errors 2.5% on 2.4.0 (5 of 200): above the limit of 1% in 2 of the last 2 looks (fails at 2 of 3)',
      errorLimit,
      [bad, look(1, arm(200, 5), NOBODY)],
    ],
    [
      'errors 0.5% on 2.4.0 (1 of 200): within the limit of 1%, but above it in 2 of the last 3 looks (fails at 2 of 3)',
      errorLimit,
      [bad, look(1, arm(200, 5), NOBODY), good],
    ],
    ['not enough requests yet: 2 on 2.4.0; it needs 10', errorLimit, [look(0, arm(2, 1), NOBODY)]],
    [
      'latency p95 1.75 s and p99 2.35 s on 2.4.0 (100 requests): above the limit of 300 ms at the last look',
      latencyLimit,
      [look(0, slow(100, 7), NOBODY)],
    ],
    ['2.4.0 reports no latency', latencyLimit, [look(0, arm(100), NOBODY)]],
  ])('%s', (said, check, inputs) => {
    expect(judge(check, inputs)?.reason).toBe(said)
  })
})

describe('the sentence of a query', () => {
  const asked = (canary: number, stable: number | null): CheckInput => ({
    ...look(0, NOBODY, NOBODY),
    readings: { queue: { canary: value(canary), stable: stable === null ? null : value(stable) } },
  })

  it('puts the versions beside the variables, where there are two and they are known', () => {
    const said = 'is true with result 94 on 2.4.0 and stable 40 on 2.3.9 in 2 of the last 2 looks (fails at 2 of 3)'
    expect(judge(query, [asked(90, 40), asked(94, 40)])?.reason).toBe(`\`result[0] > 2.0 * stable[0]\` ${said}`)
    expect(judge(query, [asked(50, 40)], null)?.reason).toBe(
      '`result[0] > 2.0 * stable[0]` is false with result 50 and stable 40',
    )
    expect(judge(query, [asked(50, 40)], armNames('2.4.0', null))?.reason).toContain('result 50 on 2.4.0 and stable 40')
    const alone = { ...query, fail: 'result > 60.0' }
    expect(judge(alone, [asked(50, null)])?.reason).toBe('`result > 60.0` is false with result 50')
  })

  it('shows the beginning of a long expression', () => {
    const long = { ...query, fail: `result > 60.0 || ${'result > 60.0 || '.repeat(25)}result > 60.0` }
    expect(judge(long, [asked(50, null)])?.reason).toMatch(/^`result > 60\.0 .{80,90}…` is false with result 50$/)
  })
})

describe('the sentence of Kayenta’s judge', () => {
  const taken = (index: number, errors: number): CheckInput => {
    const arms = (canary: number): ArmReadings => ({
      canary: value(canary + ((index * 7) % 5)),
      stable: value(10 + ((index * 3) % 5)),
    })
    return { ...look(index, NOBODY, NOBODY), readings: { errors: arms(errors), latency: arms(10) } }
  }
  const looks = (count: number, errors: number) => Array.from({ length: count }, (_, index) => taken(index, errors))

  it.each<[string, KayentaCheck, readonly CheckInput[]]>([
    ['warming up for another 1m', { ...kayenta, warmUp: 60_000 }, looks(1, 10)],
    ['collecting for the first score: 12 points so far', kayenta, looks(12, 10)],
    [
      'score 50 of 100 (fails below 75): errors too high (31.9 on 2.4.0 against 11.9 on 2.3.9); 1 of 2 pass',
      kayenta,
      looks(25, 30),
    ],
    ['final score 100 of 100 (passes from 95): all 2 metrics pass', kayenta, looks(61, 10)],
    ['no metric has a value for both 2.4.0 and 2.3.9 at this look', kayenta, [look(0, NOBODY, NOBODY)]],
  ])('%s', (said, check, inputs) => {
    expect(judge(check, inputs)?.reason).toBe(said)
  })
})

describe('the sentence of Argo’s judge', () => {
  const measured = (...readings: readonly MetricResult<readonly number[]>[]) =>
    readings.map((canary, index) => ({
      ...look(index * 2, NOBODY, NOBODY),
      readings: { success: { canary, stable: null } },
    }))
  const late: MetricResult<never> = { kind: 'error', fault: 'timeout', reason: 'Prometheus did not answer in time.' }

  it.each<[string, ArgoCheck, readonly CheckInput[]]>([
    ['Running: 1 of 5 measurements, 1 successful; last: 0.99', argo, measured(value(0.99))],
    [
      'Failed: 3 of 5 measurements, 1 successful, 2 failed (1 accepted); last: 0.9',
      argo,
      measured(value(0.99), value(0.9), value(0.9)),
    ],
    [
      'Running: 0 of 5 measurements, 1 error in a row (4 accepted); last: Prometheus did not answer in time',
      argo,
      measured(late),
    ],
    [
      'Running: 1 measurements, 1 successful, 1 of 3 in a row; last: 0.99',
      { ...argo, count: null, consecutiveSuccessLimit: 3 },
      measured(value(0.99)),
    ],
  ])('%s', (said, check, inputs) => {
    expect(judge(check, inputs)?.reason).toBe(said)
  })
})

describe('the sentence of the split', () => {
  const say = (canary: number, stable: number, more: Partial<SampleRatioInput> = {}) => {
    const input = { weight: 500, hasCohorts: false, canary: arm(canary), stable: arm(stable), names: NAMES, ...more }
    return judgeSampleRatio({ alpha: 0.001, tolerance: 0.5, minRequests: 200 }, startSampleRatio(), input).verdict
      .reason
  }

  it('says what the version gets and should get', () => {
    expect(say(20, 380)).toBe('2.4.0 gets 5% of the requests (20 of 400) at 5%: no sign of a wrong split')
    expect(say(20, 80, { hasCohorts: true })).toBe('not enough requests yet to judge the split: 100; it needs 200')
    expect(say(90, 350)).toMatch(
      /^2\.4\.0 gets 20% of the requests \(90 of 440\) instead of 5%: the router does not split as it should, odds of a false alarm less than 1 : 1,000,000,000$/,
    )
    expect(say(1, 1, { stable: { kind: 'noData', reason: 'gone' } })).toBe('2.3.9 cannot be seen: gone')
  })
})

describe('the sentence of a canary that is not fit for anybody', () => {
  const say = (
    canary: readonly [requests: number, errors: number, unanswered?: number],
    more: Partial<FloorLook> = {},
  ) => {
    let state = startFloor()
    let standing: FloorStanding = { kind: 'above' }
    for (const end of [1_000, 2_000, 3_000, 4_000]) {
      const [requests, errors, unanswered = 0] = canary
      const counts = { canary: { requests, errors, unanswered }, stable: { requests: 40, errors: 0 }, past: null }
      ;({ state, standing } = judgeFloor({ errors: 0.5, requests: 20 }, state, {
        end,
        names: NAMES,
        ...counts,
        ...more,
      }))
    }
    return standing.kind === 'above' ? null : standing.reason
  }

  it.each<[string, string | null]>([
    ['errors 63% (50 of 80) on 2.4.0 against 0% (0 of 80) on 2.3.9: the floor allows less than 50%', say([40, 25])],
    [
      'errors 100% (80 of 80, 78 without an answer) on 2.4.0 against 0% (0 of 80) on 2.3.9: the floor allows less than 50%',
      say([40, 40, 39]),
    ],
    [
      'errors 63% (50 of 80) on 2.4.0, but also 60% (48 of 80) on 2.3.9: the floor allows less than 50%',
      say([40, 25], { stable: { requests: 40, errors: 24 } }),
    ],
    [
      'errors 63% (50 of 80) on 2.4.0, and nothing is known of 2.3.9: the floor allows less than 50%',
      say([40, 25], { stable: { requests: 0, errors: 0 } }),
    ],
    [
      'errors 63% (50 of 80) on 2.4.0 against 0.5% (5 of 1,000) on 2.3.9 before: the floor allows less than 50%',
      say([40, 25], { stable: { requests: 0, errors: 0 }, past: { requests: 1_000, errors: 5 } }),
    ],
  ])('%s', (said, reason) => {
    expect(reason).toBe(said)
  })
})

describe('the sentence of a proof', () => {
  const prove = (check: Check, inputs: readonly CheckInput[]) => {
    let state = startProof(check)
    let reason = ''
    for (const input of inputs) ({ state, reason } = stepProof(check, state, { ...input, names: NAMES }))
    return reason
  }

  it('says by the versions what is shown or not yet', () => {
    const check = errorCheck({ notWorseThan: 1.5 })
    expect(prove(check, repeated(5, arm(1_000, 10), arm(1_000, 10)))).toBe(
      'errors on 2.4.0 fewer than 1.5 times as many as on 2.3.9: not yet shown (false-proof odds 1 : 2.2, shown at 1 : 20)',
    )
    expect(prove(ordersCheck({ notAbove: 1.5 }), repeated(300, orders(1_000, 30), orders(1_000, 30)))).toMatch(
      /^orders on 2\.4\.0 fewer than 1\.5 times as many as on 2\.3\.9 and more than 0\.9 times as many as on 2\.3\.9: shown, odds of a false proof /,
    )
    expect(prove(errorLimit, repeated(1, arm(1), arm(1)))).toContain('compares nothing')
  })
})

describe('whatever comes', () => {
  const number = fc.oneof(
    { arbitrary: fc.integer({ min: 0, max: 5_000 }), weight: 6 },
    { arbitrary: fc.double(), weight: 2 },
    { arbitrary: fc.constantFrom(Number.NaN, Infinity, -Infinity, -1, 0, 1e9, 1e15, 1e300, 5e-324), weight: 2 },
  )
  const text = fc.oneof(
    fc.constantFrom('gone', '', 'two\nlines', 'The query has no result.', '\u001b[2J', 'x'.repeat(2_000)),
    fc.string({ unit: 'binary', maxLength: 600 }),
  )
  const missing: fc.Arbitrary<MetricResult<never>> = fc.oneof(
    fc.record({ kind: fc.constantFrom('noData' as const, 'nan' as const), reason: text }),
    fc.record({ kind: fc.constant('stale' as const), reason: text, ageSeconds: number }),
    fc.record({ kind: fc.constant('error' as const), fault: fc.constant('timeout' as const), reason: text }),
  )
  const bounds = fc.oneof(fc.constant(COARSE_BOUNDS), fc.array(number, { maxLength: 4 }))
  const counts: fc.Arbitrary<ArmCounts> = fc.record({
    requests: number,
    errors: fc.oneof(fc.constant(0), number),
    latency: fc.option(
      fc.oneof(
        fc.record({ upperBoundsSeconds: bounds, counts: fc.array(number, { maxLength: 13 }) }),
        fc.array(fc.nat(1_000), { minLength: 12, maxLength: 12 }).map((each) => ({
          upperBoundsSeconds: COARSE_BOUNDS,
          counts: each,
        })),
      ),
    ),
    events: fc.oneof(fc.constant({}), fc.record({ orders: number })),
  })
  const armResult = fc.oneof(
    { arbitrary: counts.map((one): MetricResult<ArmCounts> => ({ kind: 'value', value: one })), weight: 5 },
    { arbitrary: missing, weight: 1 },
  )
  const reading = fc.oneof(
    { arbitrary: fc.array(number, { maxLength: 5 }).map((values) => value(...values)), weight: 5 },
    { arbitrary: missing, weight: 1 },
  )
  const readings = fc.dictionary(
    fc.constantFrom('queue', 'success', 'errors', 'latency', '__proto__'),
    fc.record({ canary: reading, stable: fc.option(reading) }),
  )
  const names = fc.option(fc.tuple(text, fc.option(text)).map(([version, replaces]) => armNames(version, replaces)))
  const window = fc.oneof(
    { arbitrary: fc.nat(60).map((index) => ({ start: index * 10_000, end: (index + 1) * 10_000 })), weight: 4 },
    { arbitrary: fc.record({ start: number, end: number }), weight: 1 },
  )
  const input = fc
    .record({
      at: fc.oneof(fc.integer({ min: 0, max: 700_000 }), number),
      window,
      canary: armResult,
      stable: armResult,
    })
    .chain((seen) => fc.record({ seen: fc.constant(seen), readings, names }))
    .map(({ seen, readings: read, names: own }): CheckInput => {
      const asked = { ...seen, readings: read }
      return own === null ? asked : { ...asked, names: own }
    })

  /** What is wrong with a sentence, or nothing. Sources say what they want, but no judge says what nobody can read. */
  function faultsOf(reason: string, said: readonly MetricResult<unknown>[]): readonly string[] {
    const odd = /NaN|undefined|Infinity|\[object|\bnull\b/
    const isForeign = said.some((one) => one.kind !== 'value' && odd.test(one.reason))
    return [
      ...(reason === '' ? ['nothing is said'] : []),
      ...(/[\p{Cc}\p{Zl}\p{Zp}]/u.test(reason) ? [`more than a line: ${reason}`] : []),
      ...(reason.length > 400 ? [`too long: ${reason}`] : []),
      ...(!isForeign && odd.test(reason) ? [`unreadable: ${reason}`] : []),
    ]
  }
  const saidIn = ({ canary, stable, readings: read }: CheckInput) => [
    canary,
    stable,
    ...Object.values(read).flatMap((one) => [one.canary, ...(one.stable === null ? [] : [one.stable])]),
  ]

  const checks: readonly (readonly [string, Check])[] = [
    ['sequential error-rate', errorCheck({ notWorseThan: 1.5 })],
    ['fixed error-rate', errorLimit],
    ['error-rate ratio', errorRatio],
    ['latency ratio', latencyRatio],
    ['sequential latency', latencyCheck({ notWorseThan: 1.25, minRequests: 1 })],
    ['fixed latency', latencyLimit],
    ['many-quantile latency', { ...latencyCheck(), quantiles: [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999] }],
    ['two-sided rate', ordersCheck({ notAbove: 1.2, minRequests: 1 })],
    ['query', query],
    ['long query', { ...query, pass: `result > 0.0 && ${'result < 9.0 && '.repeat(25)}true`, fail: null }],
    ['kayenta', { ...kayenta, interval: 20_000, lifetime: 100_000 }],
    ['unusable kayenta', { ...kayenta, config: {} }],
    ['argo', argo],
    ['broken argo', { ...argo, failureCondition: 'result[7] > ' }],
  ]

  it.each(checks)('a %s check says one readable line of bounded length and never throws', (_kind, check) => {
    fc.assert(
      fc.property(fc.array(input, { maxLength: 8 }), (inputs) => {
        let state = startCheck(check)
        let proof = startProof(check)
        const said: MetricResult<unknown>[] = []
        for (const one of inputs) {
          // What is judged once may be said again later.
          said.push(...saidIn(one))
          const step = stepCheck(check, state, one)
          state = step.state
          expect(faultsOf(step.verdict.reason, said)).toEqual([])
          const proven = stepProof(check, proof, one)
          proof = proven.state
          expect(proven.reason).not.toBe('')
        }
      }),
      { numRuns: 250 },
    )
  })

  it('the floor and the past say one readable line of bounded length and never throw', () => {
    const look = fc.record({ canary: counts, stable: counts, unanswered: number, own: names })
    const rule = fc.record({ errors: fc.constantFrom(0.01, 0.5, 0.95), requests: fc.constantFrom(1, 20) })
    const compared = fc.constantFrom(errorCheck(), latencyCheck(), errorRatio, ordersCheck({ notAbove: 2 }))
    fc.assert(
      fc.property(rule, compared, fc.array(look, { maxLength: 12 }), (by, check, looks) => {
        let floor = startFloor()
        let alone: AgainstPastState | null = null
        let past: StablePast | null = null
        for (const [index, { canary, stable, unanswered, own }] of looks.entries()) {
          past = rememberStable(past, stable)
          const known = own ?? NAMES
          const window = { start: index * 1_000, end: (index + 1) * 1_000 }
          const floored = judgeFloor(by, floor, {
            ...{ end: window.end, canary: { ...canary, unanswered }, stable, names: known },
            past: { requests: past.errors.requests, errors: past.errors.events },
          })
          floor = floored.state
          const arms = { canary: { kind: 'value', value: canary }, stable: { kind: 'value', value: stable } } as const
          const input = { at: window.end, window, ...arms, readings: {}, names: known }
          const step = judgeAgainstPast(check, startCheck(check), alone, { past, season: null }, input)
          alone = step?.state ?? null
          const said = [
            ...(floored.standing.kind === 'above' ? [] : [floored.standing.reason]),
            ...(step === null ? [] : [step.verdict.reason]),
          ]
          expect(said.flatMap((reason) => faultsOf(reason, []))).toEqual([])
        }
      }),
      { numRuns: 300 },
    )
  })

  it('the split says one readable line of bounded length and never throws', () => {
    const weight = fc.oneof(fc.integer({ min: 0, max: 10_000 }), number)
    const seen = fc.record({ weight, hasCohorts: fc.boolean(), canary: armResult, stable: armResult })
    const rule = fc.record({
      alpha: fc.constantFrom(0.001, 0.5, 2, Number.NaN),
      tolerance: number,
      minRequests: number,
    })
    fc.assert(
      fc.property(rule, fc.array(fc.tuple(seen, names), { maxLength: 8 }), (by, looks) => {
        let state = startSampleRatio()
        for (const [one, own] of looks) {
          const step = judgeSampleRatio(by, state, own === null ? one : { ...one, names: own })
          state = step.state
          expect(faultsOf(step.verdict.reason, [one.canary, one.stable])).toEqual([])
        }
      }),
      { numRuns: 300 },
    )
  })
})
