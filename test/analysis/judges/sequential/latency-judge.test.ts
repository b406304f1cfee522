import { describe, expect, it } from 'vitest'
import type { LatencyCheck } from '../../../../src/analysis/checks/shapes.ts'
import { startCheck, stepCheck } from '../../../../src/analysis/judges/check-judge.ts'
import type { LatencyState } from '../../../../src/analysis/judges/sequential/latency-state.ts'
import { createRandom } from '../../../../src/analysis/statistics/random.ts'
import type { LatencyHistogram } from '../../../../src/domain/observation.ts'
import type { CheckInput } from '../../../../src/domain/plan/checks.ts'
import type { Verdict } from '../../../../src/domain/verdict.ts'
import { arm, COARSE_BOUNDS, FINE_BOUNDS, histogram, latencyCheck, look } from '../looks.ts'

const random = createRandom(17)
const usual = () => random.logNormal(Math.log(0.1), 0.6)
const times = (factor: number) => () => usual() * factor

function judge(check: LatencyCheck, inputs: readonly CheckInput[]): readonly Verdict[] {
  let state = startCheck(check)
  return inputs.map((input) => {
    const step = stepCheck(check, state, input)
    state = step.state
    return step.verdict
  })
}

const traffic = (
  looks: number,
  canary: () => number,
  {
    bounds = FINE_BOUNDS,
    requests = [60, 940],
  }: { bounds?: readonly number[]; requests?: readonly [number, number] } = {},
) =>
  Array.from({ length: looks }, (_, index) =>
    look(
      index,
      arm(requests[0], 0, { latency: histogram(bounds, requests[0], canary) }),
      arm(requests[1], 0, { latency: histogram(bounds, requests[1], usual) }),
    ),
  )
const last = (verdicts: readonly Verdict[]) => verdicts.at(-1)

describe('the latency judge', () => {
  it('fails a canary that is slower than accepted and says how slow it is', () => {
    const failure = last(judge(latencyCheck({ notWorseThan: 1.25, alpha: 0.01 }), traffic(30, times(2))))
    expect(failure).toMatchObject({ outcome: 'fail', evidence: { judge: 'sequential' } })
    expect(failure?.reason).toMatch(
      /^latency p95 \d+ ms and p99 \d+ ms on canary against \d+ ms and \d+ ms on stable \([\d,]+ \/ [\d,]+ requests\): at least 1\.25 times as slow, odds of a false alarm 1 : [\d,]+, after \d+s; requests over \d+ ms: [\d.]+ to [\d.]+ times as many \(95% sure\)$/,
    )
    expect(failure?.evidence.figures['canaryP95Seconds']).toBeGreaterThan(0.4)
    expect(failure?.evidence.figures['stableP95Seconds']).toBeLessThan(0.35)
  })

  it('passes an equal canary, and one that is slower within what is accepted', () => {
    expect(last(judge(latencyCheck(), traffic(40, usual)))).toMatchObject({ outcome: 'pass' })
    expect(last(judge(latencyCheck({ notWorseThan: 1.5 }), traffic(40, times(1.3))))).toMatchObject({ outcome: 'pass' })
    expect(last(judge(latencyCheck({ notWorseThan: 1 }), traffic(40, times(1.3))))).toMatchObject({ outcome: 'fail' })
  })

  it('does not fail a canary that is faster', () => {
    expect(judge(latencyCheck(), traffic(60, times(0.7))).map((one) => one.outcome)).not.toContain('fail')
  })

  it('looks at the slower half only', () => {
    // Fast requests take twice as long, slow ones are as before.
    const fastOnesSlower = () => Math.max(usual(), Math.min(0.09, usual() * 2))
    expect(judge(latencyCheck(), traffic(40, fastOnesSlower)).map((one) => one.outcome)).not.toContain('fail')
  })

  it('says when the buckets are too wide for what is accepted', () => {
    const verdict = last(judge(latencyCheck({ notWorseThan: 1.2 }), traffic(10, usual, { bounds: COARSE_BOUNDS })))
    expect(verdict).toMatchObject({ outcome: 'pass' })
    expect(verdict?.reason).toMatch(/the latency buckets are wide: only (2|2\.5) times as slow or slower can be seen/)
    const fine = last(judge(latencyCheck(), traffic(10, usual)))
    expect(fine?.reason).not.toContain('wide')
  })

  it('starts measuring again when the buckets change, keeps the evidence, and never throws', () => {
    const before = traffic(4, times(1.4))
    const after = traffic(8, times(1.4), { bounds: COARSE_BOUNDS }).slice(4)
    const verdicts = judge(latencyCheck({ alpha: 1e-9 }), [...before, ...after])
    expect(verdicts[3]?.reason).toContain('not yet sure of being slower than stable')
    expect(verdicts[3]).toMatchObject({ outcome: 'inconclusive', cause: 'undecided' })
    expect(verdicts[4]).toMatchObject({ outcome: 'inconclusive', cause: 'undecided' })
    expect(verdicts[4]?.reason).toContain('buckets have changed')
    expect(verdicts[4]?.evidence.figures['evidenceAbove']).toBe(verdicts[3]?.evidence.figures['evidenceAbove'])
    expect(verdicts[4]?.evidence.figures['canaryRequests']).toBe(60)
    expect(verdicts[5]?.reason).toContain('not yet sure')
  })

  it('is blind without histograms, with different ones, and with broken ones', () => {
    const good = histogram(COARSE_BOUNDS, 200, usual)
    const broken: LatencyHistogram = { ...good, counts: good.counts.slice(1) }
    const huge: LatencyHistogram = { ...good, counts: good.counts.map(() => 1e15) }
    const pairs: readonly (readonly [LatencyHistogram | null, LatencyHistogram | null, string])[] = [
      [null, null, 'neither canary nor stable reports latency'],
      [null, good, 'canary reports no latency'],
      [good, null, 'stable reports no latency'],
      [good, histogram(FINE_BOUNDS, 200, usual), 'different buckets'],
      [broken, good, 'canary has'],
      [good, broken, 'stable has'],
      [huge, good, 'too large'],
    ]
    for (const [canary, stable, reason] of pairs) {
      const more = (latency: LatencyHistogram | null) => (latency === null ? {} : { latency })
      const [verdict] = judge(latencyCheck(), [look(0, arm(200, 0, more(canary)), arm(200, 0, more(stable)))])
      expect(verdict).toMatchObject({ outcome: 'inconclusive', cause: 'blind' })
      expect(verdict?.reason).toContain(reason)
    }
  })

  it('says when no bucket lies where the requests do', () => {
    const far = [0.001, 0.002]
    const slow = { upperBoundsSeconds: far, counts: [0, 0, 200] }
    const looks = [0, 1].map((index) => look(index, arm(200, 0, { latency: slow }), arm(200, 0, { latency: slow })))
    let state = startCheck(latencyCheck())
    let reason = ''
    for (const one of looks) {
      const step = stepCheck(latencyCheck(), state, one)
      state = step.state
      reason = step.verdict.reason
    }
    expect(reason).toContain('hardly any request falls between these latency buckets')
  })

  it('is blind when no bucket is wide enough to compare at all', () => {
    const latency = { upperBoundsSeconds: [0.1, 0.2], counts: [50, 50, 50] }
    const [verdict] = judge(latencyCheck({ notWorseThan: 3 }), [
      look(0, arm(150, 0, { latency }), arm(150, 0, { latency })),
    ])
    expect(verdict).toMatchObject({ outcome: 'inconclusive', cause: 'blind' })
    expect(verdict?.reason).toContain('too few to see 3 times')
  })

  it('takes an arm without requests and without a histogram as an empty one', () => {
    const latency = histogram(COARSE_BOUNDS, 200, usual)
    const [verdict] = judge(latencyCheck(), [look(0, arm(0), arm(200, 0, { latency }))])
    expect(verdict).toMatchObject({ outcome: 'inconclusive', cause: 'undecided' })
  })

  it('keeps its memory within bounds over a long release', () => {
    const check = latencyCheck()
    const latency = { upperBoundsSeconds: [0.1, 0.2], counts: [4e5, 2e5, 1e4] }
    let state = startCheck(check)
    for (let index = 0; index < 50; index += 1)
      state = stepCheck(check, state, look(index, arm(610_000, 0, { latency }), arm(610_000, 0, { latency }))).state
    expect(state).toMatchObject({ kind: 'latency' })
    expect(JSON.stringify(state).length).toBeLessThan(2_500)
    const { stable } = (state as LatencyState).seen ?? {}
    expect(Math.max(...(stable ?? [Number.NaN]))).toBeLessThan(2e6)
  })
})
