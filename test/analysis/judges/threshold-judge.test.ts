import { describe, expect, it } from 'vitest'
import type { ErrorRateCheck, LatencyCheck, ThresholdRule } from '../../../src/analysis/checks/shapes.ts'
import { enterExposure, startCheck, stepCheck } from '../../../src/analysis/judges/check-judge.ts'
import { arm, errorCheck, inShort, latencyCheck, look, verdictsOver } from './looks.ts'

const rule: ThresholdRule = { judge: 'threshold', max: 0.01, failures: 2, of: 3, minRequests: 10 }
const errors = (more: Partial<ThresholdRule> = {}): ErrorRateCheck => ({ ...errorCheck(), rule: { ...rule, ...more } })
const latency = (more: Partial<ThresholdRule> = {}): LatencyCheck => ({
  ...latencyCheck(),
  rule: { ...rule, max: 0.3, ...more },
})
const nothing = { kind: 'noData', reason: 'nobody' } as const

const series = (counts: readonly number[]) => counts.map((count, index) => look(index, arm(100, count), nothing))

describe('the threshold judge of errors', () => {
  it('fails at the second breach among the last three looks, and a breach before it is undecided', () => {
    expect(inShort(verdictsOver(errors(), series([0, 2, 0, 2, 0, 0, 2, 0, 0, 2])))).toEqual([
      'pass',
      'undecided',
      'pass',
      'fail',
      'pass',
      'pass',
      'undecided',
      'pass',
      'pass',
      'undecided',
    ])
  })

  it('takes the limit itself as accepted', () => {
    expect(inShort(verdictsOver(errors({ failures: 1 }), series([1, 2])))).toEqual(['pass', 'fail'])
  })

  it('says the share, the limit and the looks', () => {
    const [verdict] = verdictsOver(errors({ failures: 1, of: 1 }), series([5]))
    expect(verdict).toEqual({
      outcome: 'fail',
      reason: 'errors 5% on canary (5 of 100): above the limit of 1% at the last look',
      evidence: {
        judge: 'threshold',
        figures: { canaryShare: 0.05, canaryRequests: 100, max: 0.01, breaches: 1, looks: 1, failures: 1, of: 1 },
      },
    })
  })

  it('counts no window twice, whether or not stable can be seen', () => {
    const input = look(1, arm(100, 5), nothing)
    expect(inShort(verdictsOver(errors(), [input, input, input]))).toEqual(['undecided', 'blind', 'blind'])
  })

  it('does not need stable', () => {
    expect(inShort(verdictsOver(errors(), [look(0, arm(100), nothing)]))).toEqual(['pass'])
  })

  it('gathers small looks until they are enough', () => {
    const small = (count: number) => Array.from({ length: 5 }, (_, index) => look(index, arm(4, count), nothing))
    expect(inShort(verdictsOver(errors(), small(0)))).toEqual(['undecided', 'undecided', 'pass', 'pass', 'pass'])
    expect(inShort(verdictsOver(errors({ failures: 1 }), small(1))).slice(0, 3)).toEqual([
      'undecided',
      'undecided',
      'fail',
    ])
  })

  it('does not let a verdict stand for longer than a minute without enough requests', () => {
    const looks = [
      look(0, arm(100), nothing),
      ...Array.from({ length: 8 }, (_, index) => look(index + 1, arm(0), nothing)),
    ]
    expect(inShort(verdictsOver(errors(), looks))).toEqual([
      ...Array.from({ length: 7 }, () => 'pass'),
      'undecided',
      'undecided',
    ])
  })

  it('asks each exposure for requests of its own and remembers the breaches', () => {
    const check = errors()
    const first = stepCheck(check, startCheck(check), look(0, arm(100, 5), nothing))
    const entered = enterExposure(check, first.state)
    expect(stepCheck(check, entered, look(1, arm(1), nothing)).verdict).toMatchObject({ cause: 'undecided' })
    expect(stepCheck(check, entered, look(1, arm(100, 5), nothing)).verdict).toMatchObject({ outcome: 'fail' })
  })

  it('is blind, and does not count the look, when the canary cannot be seen or is impossible', () => {
    const verdicts = verdictsOver(errors(), [
      look(0, arm(100, 5), nothing),
      look(1, nothing, arm(100)),
      look(2, arm(10, 11), nothing),
      look(3, arm(-1, 0), nothing),
      look(4, arm(100, Number.NaN), nothing),
      look(5, arm(100, 5), nothing),
    ])
    expect(inShort(verdicts)).toEqual(['undecided', 'blind', 'blind', 'blind', 'blind', 'fail'])
  })

  it('does not let a good history hide an impossible look', () => {
    expect(
      inShort(verdictsOver(errors(), [look(0, arm(5), nothing), look(1, arm(-1), nothing), look(2, arm(5), nothing)])),
    ).toEqual(['undecided', 'blind', 'pass'])
    expect(inShort(verdictsOver(errors(), [look(0, arm(5), nothing), look(1, arm(2, 3), nothing)]))).toEqual([
      'undecided',
      'blind',
    ])
  })

  it('is blind for a limit that is not one, and never passes without a request', () => {
    expect(inShort(verdictsOver(errors({ max: Number.NaN }), series([0])))).toEqual(['blind'])
    expect(inShort(verdictsOver(errors({ max: -1 }), series([0])))).toEqual(['blind'])
    expect(inShort(verdictsOver(errors({ minRequests: 0 }), [look(0, arm(0), nothing)]))).toEqual(['undecided'])
    expect(inShort(verdictsOver(errors({ minRequests: Number.NaN }), series([0])))).toEqual(['undecided'])
  })

  it('keeps a bounded history', () => {
    let state = startCheck(errors({ of: Number.POSITIVE_INFINITY }))
    for (let index = 0; index < 1_200; index += 1)
      state = stepCheck(errors({ of: 1e9, failures: 1e9 }), state, look(index, arm(100), nothing)).state
    expect(state).toMatchObject({ kind: 'threshold', breaches: { length: 1_000 } })
  })
})

describe('the threshold judge of latency', () => {
  const seen = (counts: readonly number[]) => arm(100, 0, { latency: { upperBoundsSeconds: [0.1, 0.3, 1], counts } })

  it('fails when one of the quantiles is above the limit', () => {
    expect(inShort(verdictsOver(latency({ failures: 1 }), [look(0, seen([50, 50, 0, 0]), nothing)]))).toEqual(['pass'])
    expect(inShort(verdictsOver(latency({ failures: 1 }), [look(0, seen([50, 47, 3, 0]), nothing)]))).toEqual(['fail'])
    const [verdict] = verdictsOver(latency({ failures: 1 }), [look(0, seen([50, 40, 10, 0]), nothing)])
    expect(verdict?.reason).toContain(
      'latency p95 650 ms and p99 930 ms on canary (100 requests): above the limit of 300 ms',
    )
  })

  it('is sure of a breach in the overflow bucket only up to the largest bound', () => {
    const overflow = look(0, seen([50, 0, 0, 50]), nothing)
    expect(inShort(verdictsOver(latency({ failures: 1 }), [overflow]))).toEqual(['fail'])
    expect(inShort(verdictsOver(latency({ failures: 1, max: 1 }), [overflow]))).toEqual(['fail'])
    const [verdict] = verdictsOver(latency({ failures: 1, max: 2 }), [overflow])
    expect(verdict).toMatchObject({ outcome: 'inconclusive', cause: 'blind' })
    expect(verdict?.reason).toContain('latency p99 over 1 s on canary, beyond the largest bucket: nobody can tell')
  })

  it('fails for the quantile it can see although another lies in the overflow bucket', () => {
    const check = { ...latency({ failures: 1, max: 2 }), quantiles: [0.5, 0.999] }
    const slow = arm(100, 0, { latency: { upperBoundsSeconds: [1, 3], counts: [0, 99, 1] } })
    expect(
      inShort(verdictsOver({ ...check, rule: { ...rule, max: 1.5, failures: 1 } }, [look(0, slow, nothing)])),
    ).toEqual(['fail'])
    expect(
      inShort(verdictsOver({ ...check, rule: { ...rule, max: 5, failures: 1 } }, [look(0, slow, nothing)])),
    ).toEqual(['blind'])
  })

  it('is blind without a usable histogram', () => {
    for (const canary of [
      arm(100),
      seen([1, 2, 3]),
      arm(100, 0, { latency: { upperBoundsSeconds: [0.1], counts: [1e16, 1] } }),
    ])
      expect(inShort(verdictsOver(latency(), [look(0, canary, nothing)]))).toEqual(['blind'])
    expect(inShort(verdictsOver({ ...latency(), quantiles: [] }, [look(0, seen([100, 0, 0, 0]), nothing)]))).toEqual([
      'blind',
    ])
    expect(inShort(verdictsOver(latency(), [look(0, arm(0), nothing)]))).toEqual(['undecided'])
  })

  it('does not let a good history hide an impossible histogram', () => {
    const broken = arm(5, 0, { latency: { upperBoundsSeconds: [0.1, 0.3, 1], counts: [7, -1, 0, 0] } })
    expect(
      inShort(
        verdictsOver(latency(), [
          look(0, arm(5, 0, { latency: { upperBoundsSeconds: [0.1, 0.3, 1], counts: [0, 5, 0, 0] } }), nothing),
          look(1, broken, nothing),
        ]),
      ),
    ).toEqual(['undecided', 'blind'])
  })

  it('gathers small histograms, but not across a change of the buckets', () => {
    const few = (bounds: readonly number[]) =>
      arm(6, 0, { latency: { upperBoundsSeconds: bounds, counts: [6, ...bounds.map(() => 0)] } })
    expect(inShort(verdictsOver(latency(), [look(0, few([0.1]), nothing), look(1, few([0.1]), nothing)]))).toEqual([
      'undecided',
      'pass',
    ])
    expect(inShort(verdictsOver(latency(), [look(0, few([0.1]), nothing), look(1, few([0.2]), nothing)]))).toEqual([
      'undecided',
      'undecided',
    ])
  })
})
