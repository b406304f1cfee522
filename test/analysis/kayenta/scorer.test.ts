import { describe, expect, it } from 'vitest'
import type { MetricLabel } from '../../../src/analysis/kayenta/classifier.ts'
import { classifyScore, scoreOf } from '../../../src/analysis/kayenta/scorer.ts'

type ScoredMetric = Parameters<typeof scoreOf>[0][number]

const metric = (label: MetricLabel, groups: string | string[] = 'one', critical = false): ScoredMetric => ({
  name: 'metric',
  label,
  groups: [groups].flat(),
  critical,
})

describe("Kayenta's published scores", () => {
  it.each<[string, ScoredMetric[], Record<string, number>, number]>([
    ['one pass', [metric('pass')], {}, 100],
    ['one fail', [metric('high')], {}, 0],
    ['one of two', [metric('pass'), metric('high')], {}, 50],
    ['one of three', [metric('pass'), metric('high'), metric('low')], {}, 33.33],
    ['two groups 75/25', [metric('pass', 'a'), metric('pass', 'a'), metric('high', 'b')], { a: 75, b: 25 }, 75],
    ['two groups 50/50', [metric('pass', 'a'), metric('high', 'a'), metric('high', 'b')], { a: 50, b: 50 }, 25],
    [
      'two groups 15/85',
      [metric('pass', 'a'), metric('high', 'a'), metric('low', 'a'), metric('high', 'b')],
      { a: 15, b: 85 },
      5,
    ],
    ['one without data of three', [metric('pass'), metric('high'), metric('nodata')], {}, 50],
    ['only without data', [metric('nodata')], {}, 0],
    ['half without data', [metric('pass'), metric('nodata')], {}, 0],
    ['critical fails', [metric('pass'), metric('high', 'one', true)], {}, 0],
    ['critical without data', [metric('pass'), metric('pass'), metric('nodata', 'one', true)], {}, 0],
    ['critical passes', [metric('low'), metric('pass', 'one', true)], {}, 50],
    ['must have data', [metric('pass'), metric('nodataFail')], {}, 50],
    [
      'a group without data counts full',
      [metric('pass', 'a'), metric('high', 'a'), metric('nodata', 'b')],
      { a: 50, b: 50 },
      75,
    ],
    [
      'unweighted groups share the rest',
      [metric('pass', 'a'), metric('high', 'b'), metric('pass', 'c')],
      { a: 40 },
      70,
    ],
    ['a metric in two groups counts in both', [metric('high', ['a', 'b']), metric('pass', 'a')], { a: 50, b: 50 }, 25],
  ])('%s', (_name, metrics, weights, summary) => {
    expect(scoreOf(metrics, weights).summary).toBe(summary)
  })

  it('says why a score is 0', () => {
    expect(scoreOf([metric('pass'), metric('high', 'one', true)], {}).automatic).toBe('critical')
    expect(scoreOf([metric('pass'), metric('pass'), metric('nodata', 'one', true)], {}).automatic).toBe(
      'criticalNodata',
    )
    expect(scoreOf([metric('pass'), metric('nodata')], {}).automatic).toBe('nodata')
    expect(scoreOf([], {}).automatic).toBe('nodata')
    expect(scoreOf([metric('high')], {}).automatic).toBeNull()
  })

  it.each([
    [95, 'pass'],
    [94.99, 'marginal'],
    [75, 'marginal'],
    [74.99, 'fail'],
    [Number.NaN, 'fail'],
  ])('takes %d as %s', (score, expected) => {
    expect(classifyScore(score, { pass: 95, marginal: 75 })).toBe(expected)
  })
})
