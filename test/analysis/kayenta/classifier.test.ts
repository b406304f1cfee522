import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { classifyMetric, type MetricRules } from '../../../src/analysis/kayenta/classifier.ts'
import { commonLanguageEffect, meanRatio } from '../../../src/analysis/kayenta/effect-size.ts'
import { interquartileFences, percentile, withoutOutliers } from '../../../src/analysis/kayenta/outliers.ts'
import { NIST_12, NIST_90, NORMAL_10, NORMAL_20, OTHER_NORMAL_10, OTHER_NORMAL_20, SPARSE_210 } from './vectors.ts'

const rules: MetricRules = {
  direction: 'either',
  nanStrategy: 'remove',
  mustHaveData: false,
  critical: false,
  effect: { measure: 'meanRatio', allowedIncrease: 1, allowedDecrease: 1, criticalIncrease: 1, criticalDecrease: 1 },
  outlierFactor: null,
}
const suite = { tolerance: 0.1, confidence: 0.95 }
const label = (canary: readonly number[], baseline: readonly number[], own: Partial<MetricRules> = {}): string =>
  classifyMetric({ canary, baseline }, { ...rules, ...own }, suite).label

describe("Kayenta's published classifications", () => {
  it.each([
    ['the same distribution', NORMAL_10, OTHER_NORMAL_10, 'either', 'pass'],
    ['twice as high', NORMAL_20, OTHER_NORMAL_10, 'either', 'high'],
    ['half as high', NORMAL_10, OTHER_NORMAL_20, 'either', 'low'],
    ['half as high, only an increase counts', NORMAL_10, OTHER_NORMAL_20, 'increase', 'pass'],
    ['twice as high, only a decrease counts', NORMAL_20, OTHER_NORMAL_10, 'decrease', 'pass'],
    ['twice as high, an increase counts', NORMAL_20, OTHER_NORMAL_10, 'increase', 'high'],
    ['half as high, a decrease counts', NORMAL_10, OTHER_NORMAL_20, 'decrease', 'low'],
    ['tied observations', [1, 1, 1], [1, 1], 'decrease', 'pass'],
    ['the same values in another order', [1, 2, 3, 4, 5], [5, 4, 3, 2, 1], 'decrease', 'pass'],
    ['a leading zero', [0, 1, 1, 1, 1], [1, 1, 1, 1, 1], 'decrease', 'pass'],
    ['no canary data', [], [1, 2, 3, 4, 5], 'decrease', 'nodata'],
    ['sparse error rates', SPARSE_210.canary, SPARSE_210.baseline, 'either', 'high'],
  ] as const)('%s', (_name, canary, baseline, direction, expected) => {
    expect(label(canary, baseline, { direction })).toBe(expected)
  })

  it('passes a significant rise whose mean ratio is below the allowed increase', () => {
    const effect = { ...rules.effect, allowedIncrease: 5 }
    expect(label(SPARSE_210.canary, SPARSE_210.baseline, { effect })).toBe('pass')
  })

  it.each([
    [
      'variability',
      [10, 10.1, 10.2, 10.3, 10.4, 10.5, 10.6, 17, 17.1, 17.2, 17.3, 17.4, 17.5, 17.6, 17.7],
      [1, 100, 4, 101, 5, 102, 6, 103, 7, 104, 8, 105, 9, 106, 17],
    ],
    ['sparse errors', [0, 1, 2, 1, 0, 0], [0, 0, 0, 0, 0, 0]],
    ['mixed mode', [100, 100, 100, 100, 100, 100, 100, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
  ])('lets through what its users complain about: %s', (_name, canary, baseline) => {
    expect(classifyMetric({ canary, baseline }, rules).label).toBe('pass')
  })

  it('gives the figures that were published for the mixed mode, and fails it with one more bad point', () => {
    const canary = [100, 100, 100, 100, 100, 100, 100, 1, 1, 1]
    const baseline = Array.from({ length: 10 }, () => 1)
    const effect = { ...rules.effect, allowedIncrease: 1.05 }
    const result = classifyMetric({ canary, baseline }, { ...rules, effect })
    expect(result.interval?.lower).toBeCloseTo(6.825022991538781e-5, 12)
    expect(result.interval?.upper).toBe(99)
    expect(result.interval?.estimate).toBeCloseTo(98.99992904170193, 9)
    expect(result.effect).toBeCloseTo(70.3, 12)
    expect(classifyMetric({ canary: canary.with(7, 100), baseline }, { ...rules, effect }).label).toBe('high')
  })
})

describe('classifying a metric', () => {
  const high = { canary: [10, 11, 12, 13, 14, 15], baseline: [1, 2, 3, 4, 5, 6] }

  it('takes missing data by strategy and duty', () => {
    const empty = { canary: [Number.NaN], baseline: [1, 2] }
    expect(classifyMetric(empty, rules).label).toBe('nodata')
    expect(classifyMetric(empty, { ...rules, mustHaveData: true }).label).toBe('nodataFail')
    expect(classifyMetric(empty, { ...rules, mustHaveData: true, critical: true })).toMatchObject({
      label: 'nodata',
      critical: true,
    })
    expect(classifyMetric({ canary: [], baseline: [] }, { ...rules, nanStrategy: 'replace' }).label).toBe('pass')
  })

  it('counts missing points as zeros only when told so', () => {
    const points = {
      canary: [5, 6, 5, 6, 5, 6, 5, 6],
      baseline: [5, 6, ...Array.from({ length: 10 }, () => Number.NaN)],
    }
    expect(classifyMetric(points, rules).label).toBe('pass')
    expect(classifyMetric(points, { ...rules, nanStrategy: 'replace' }).label).toBe('high')
  })

  it('is critical only beyond the critical threshold', () => {
    const effect = { ...rules.effect, criticalIncrease: 10 }
    expect(classifyMetric(high, { ...rules, critical: true })).toMatchObject({ label: 'high', critical: true })
    expect(classifyMetric(high, { ...rules, critical: true, effect })).toMatchObject({ label: 'high', critical: false })
    expect(classifyMetric(high, rules)).toMatchObject({ label: 'high', critical: false })
  })

  it('judges two different constants the same way every time', () => {
    const points = { canary: Array.from({ length: 20 }, () => 2), baseline: Array.from({ length: 20 }, () => 1) }
    const first = classifyMetric(points, rules)
    expect(first.label).toBe('high')
    expect(classifyMetric(points, rules)).toEqual(first)
    expect(classifyMetric({ canary: points.baseline, baseline: points.canary }, rules).label).toBe('low')
  })

  it('removes outliers from each arm before it looks', () => {
    const canary = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    const spiked = { canary, baseline: [...canary.slice(0, 9), 1e9] }
    expect(classifyMetric(spiked, { ...rules, outlierFactor: 1.5 }).baselineMean).toBe(5)
    const many = { canary, baseline: [...Array.from({ length: 300 }, (_, i) => i % 7), 1e9] }
    expect(classifyMetric(many, { ...rules, outlierFactor: 3 }).baselineMean).toBeLessThan(7)
  })

  it('takes figures beyond the range of numbers as no data, never as a pass', () => {
    const points = { canary: [1.7e308, 1.6e308], baseline: [-1.7e308, -1.6e308] }
    expect(classifyMetric(points, rules).label).toBe('nodata')
  })

  it('never throws, and never takes one direction for the other', () => {
    const arm = fc.array(fc.oneof(fc.double(), fc.integer({ min: 0, max: 3 })), { maxLength: 20 })
    const whole = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(arm, arm, fc.constantFrom('remove', 'replace'), (canary, baseline, nanStrategy) => {
        expect(['pass', 'high', 'low', 'nodata']).toContain(
          classifyMetric({ canary, baseline }, { ...rules, nanStrategy }).label,
        )
      }),
    )
    fc.assert(
      fc.property(whole, whole, (canary, baseline) => {
        const raised = canary.map((value) => value + 100)
        expect(classifyMetric({ canary: raised, baseline }, rules).label).not.toBe('low')
        expect(classifyMetric({ canary: baseline, baseline: raised }, rules).label).not.toBe('high')
      }),
    )
  })
})

describe('outliers and effect sizes', () => {
  it('flags the published outliers', () => {
    const values = [21, 23, 24, 25, 50, 29, 23, 21]
    expect(values.filter((value) => !withoutOutliers(values, 1.5).includes(value))).toEqual([50])
    expect(NIST_90).toHaveLength(90)
    expect(NIST_90.filter((value) => !withoutOutliers(NIST_90, 1.5).includes(value))).toEqual([1441])
  })

  it('computes percentiles as R does by default', () => {
    expect(percentile(NIST_12, 0.9)).toBeCloseTo(95.19568, 10)
    expect(percentile([], 0.5)).toBeNull()
    expect(percentile([7], 0.25)).toBe(7)
    expect(interquartileFences([], 3)).toBeNull()
  })

  it('widens the fences to the outermost percentiles', () => {
    const narrow = [...Array.from({ length: 50 }, () => 1), 2, 3]
    const fences = interquartileFences(narrow, 3)
    expect(fences?.low).toBe(1)
    expect(fences?.high).toBeCloseTo(2.49, 10)
  })

  it('counts pairs, ties by half', () => {
    expect(commonLanguageEffect([1, 2, 3], [2])).toBeCloseTo(0.5, 12)
    expect(commonLanguageEffect([3, 4], [1, 2])).toBe(1)
    expect(meanRatio([2, 4], [1, 2])).toBe(2)
    expect(meanRatio([0, 0], [1, 2])).toBeNaN()
  })
})
