import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { comparesWithStable } from '../../../src/analysis/checks/needs.ts'
import type { ErrorRateCheck, LatencyCheck, RelativeRule } from '../../../src/analysis/checks/shapes.ts'
import { enterExposure, startCheck, stepCheck } from '../../../src/analysis/judges/check-judge.ts'
import { armNames } from '../../../src/domain/arm-names.ts'
import { arm, errorCheck, inShort, latencyCheck, look, verdictsOver } from './looks.ts'

const rule: RelativeRule = { judge: 'relative', maxRatio: 2, failures: 2, of: 3, minRequests: 10 }
const errors = (more: Partial<RelativeRule> = {}): ErrorRateCheck => ({ ...errorCheck(), rule: { ...rule, ...more } })
const latency = (more: Partial<RelativeRule> = {}): LatencyCheck => ({ ...latencyCheck(), rule: { ...rule, ...more } })
const nothing = { kind: 'noData', reason: 'nobody' } as const

/** Looks with so many errors in 100 requests of the canary, and 10 in 1,000 of stable. */
const series = (counts: readonly number[]) => counts.map((count, index) => look(index, arm(100, count), arm(1_000, 10)))

describe('the bare ratio of errors to stable', () => {
  it('fails at the second breach among the last three looks, and a breach before it is undecided', () => {
    expect(inShort(verdictsOver(errors(), series([0, 3, 0, 3, 0, 0, 3, 0, 0, 3])))).toEqual([
      ...['pass', 'undecided', 'pass', 'fail', 'pass', 'pass', 'undecided', 'pass', 'pass', 'undecided'],
    ])
  })

  it('takes the ratio itself as accepted', () => {
    expect(inShort(verdictsOver(errors({ failures: 1 }), series([2, 3])))).toEqual(['pass', 'fail'])
  })

  it('follows stable: the same errors of the canary are fine where stable has as many', () => {
    const input = (stable: number) => [look(0, arm(100, 30), arm(1_000, stable))]
    expect(inShort(verdictsOver(errors({ failures: 1 }), input(300)))).toEqual(['pass'])
    expect(inShort(verdictsOver(errors({ failures: 1 }), input(100)))).toEqual(['fail'])
  })

  it('takes a stable without errors for one that had one', () => {
    const input = (count: number) => [look(0, arm(1_000, count), arm(1_000, 0))]
    expect(inShort(verdictsOver(errors({ failures: 1 }), input(2)))).toEqual(['pass'])
    expect(inShort(verdictsOver(errors({ failures: 1 }), input(3)))).toEqual(['fail'])
    expect(inShort(verdictsOver(errors({ failures: 1 }), input(0)))).toEqual(['pass'])
  })

  it('says both shares, the ratio and the looks', () => {
    const input = { ...look(0, arm(100, 5), arm(1_000, 10)), names: armNames('2.4.0', '2.3.9') }
    const [failed] = verdictsOver(errors({ failures: 1, of: 2 }), [input])
    expect(failed).toMatchObject({
      outcome: 'fail',
      reason:
        'errors 5% on 2.4.0 against 1% on 2.3.9 (5 of 100 / 10 of 1,000): more than 2 times as many at the last look (fails at 1 of 2)',
    })
    expect(failed?.evidence.figures).toMatchObject({ canaryShare: 0.05, stableShare: 0.01, ratio: 5, maxRatio: 2 })
    const [passed] = verdictsOver(errors(), series([1]))
    expect(passed?.reason).toBe(
      'errors 1% on canary against 1% on stable (1 of 100 / 10 of 1,000): at most 2 times as many',
    )
  })

  it('gathers looks until both have served enough, and lets the last verdict stand for a minute', () => {
    const few = Array.from({ length: 5 }, (_, index) => look(index, arm(4, 1), arm(100, 1)))
    expect(inShort(verdictsOver(errors({ failures: 1 }), few)).slice(0, 3)).toEqual(['undecided', 'undecided', 'fail'])
    const silentStable = [
      look(0, arm(100), arm(100)),
      ...Array.from({ length: 8 }, (_, index) => look(index + 1, arm(100), arm(0))),
    ]
    expect(inShort(verdictsOver(errors(), silentStable))).toEqual([
      ...Array.from({ length: 7 }, () => 'pass'),
      ...['undecided', 'undecided'],
    ])
  })

  it('needs both arms, and never passes or fails without them', () => {
    expect(inShort(verdictsOver(errors(), [look(0, arm(100, 50), nothing), look(1, nothing, arm(100, 1))]))).toEqual([
      ...['blind', 'blind'],
    ])
    expect(comparesWithStable(errors())).toBe(true)
  })

  it('counts afresh at a new exposure, while the breaches stay', () => {
    let state = startCheck(errors())
    for (const input of series([3])) state = stepCheck(errors(), state, input).state
    state = enterExposure(errors(), state)
    const small = look(1, arm(5, 0), arm(5, 0))
    expect(stepCheck(errors(), state, small).verdict).toMatchObject({ outcome: 'inconclusive' })
    expect(stepCheck(errors(), state, look(1, arm(100, 3), arm(1_000, 10))).verdict.outcome).toBe('fail')
  })

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('is blind with %d as the ratio', (maxRatio) => {
    expect(inShort(verdictsOver(errors({ maxRatio }), series([0])))).toEqual(['blind'])
  })
})

describe('the bare ratio of latency to stable', () => {
  const bounds = [0.1, 0.2, 0.4, 0.8]
  /** 100 requests, all in this bucket. */
  const inBucket = (index: number, upperBoundsSeconds = bounds) =>
    arm(100, 0, {
      latency: {
        upperBoundsSeconds,
        counts: Array.from({ length: upperBoundsSeconds.length + 1 }, (_, at) => (at === index ? 100 : 0)),
      },
    })
  const one = (canary: number, stable: number) =>
    verdictsOver(latency({ failures: 1, maxRatio: 2.5 }), [look(0, inBucket(canary), inBucket(stable))])

  it('compares the quantiles of both over the same time', () => {
    expect(inShort(one(1, 0))).toEqual(['pass'])
    expect(inShort(one(2, 0))).toEqual(['fail'])
    expect(inShort(one(3, 2))).toEqual(['pass'])
    expect(one(2, 0)[0]?.reason).toBe(
      'latency p95 390 ms and p99 398 ms on canary against 95 ms and 99 ms on stable: more than 2.5 times as slow at the last look (fails at 1 of 3)',
    )
  })

  it('is blind where the largest bucket hides the ratio, and only there', () => {
    // The canary beyond 0.8 s is more than 2.5 times 0.1 s for certain; beside 0.6 s nobody can tell.
    expect(inShort(one(4, 0))).toEqual(['fail'])
    expect(inShort(one(4, 3))).toEqual(['blind'])
    expect(inShort(one(4, 4))).toEqual(['blind'])
    // Stable beyond 0.8 s: a canary within the buckets is no more than 2.5 times as slow.
    expect(inShort(one(3, 4))).toEqual(['pass'])
  })

  it('forgets the last verdict at a look that cannot tell', () => {
    const few = arm(4, 0, { latency: { upperBoundsSeconds: bounds, counts: [4, 0, 0, 0, 0] } })
    const looks = [look(0, inBucket(0), inBucket(0)), look(1, inBucket(4), inBucket(3)), look(2, few, few)]
    expect(inShort(verdictsOver(latency(), looks))).toEqual(['pass', 'blind', 'undecided'])
  })

  it('starts gathering again when the buckets change', () => {
    const few = (upper: readonly number[]) =>
      arm(6, 0, { latency: { upperBoundsSeconds: upper, counts: [6, ...upper.map(() => 0)] } })
    const inputs = [bounds, bounds.slice(1), bounds.slice(1)].map((upper, index) => look(index, few(upper), few(upper)))
    expect(inShort(verdictsOver(latency(), inputs))).toEqual(['undecided', 'undecided', 'pass'])
  })
})

describe('the bare ratio, whatever comes', () => {
  it('fails only when enough looks were above it', () => {
    const count = fc.integer({ min: 0, max: 60 })
    fc.assert(
      fc.property(fc.array(fc.tuple(count, count), { minLength: 1, maxLength: 12 }), (looks) => {
        const inputs = looks.map(([ours, theirs], index) => look(index, arm(100, ours), arm(100, theirs)))
        const verdicts = verdictsOver(errors(), inputs)
        const isAbove = looks.map(([ours, theirs]) => ours > 2 * Math.max(1, theirs))
        for (const [index, { outcome }] of verdicts.entries()) {
          const lately = isAbove.slice(Math.max(0, index - 2), index + 1).filter(Boolean).length
          expect(outcome === 'fail').toBe(lately >= 2)
        }
      }),
    )
  })
})
