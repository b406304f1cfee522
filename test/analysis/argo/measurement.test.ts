import { describe, expect, it } from 'vitest'
import { checkCondition, evaluateCondition } from '../../../src/analysis/argo/condition.ts'
import { measure } from '../../../src/analysis/argo/measurement.ts'
import type { MetricResult } from '../../../src/domain/observation.ts'

const value = (...values: number[]): MetricResult<readonly number[]> => ({ kind: 'value', value: values })

describe('one measurement of an Argo metric', () => {
  it.each([
    [null, null, [1], 'Successful'],
    ['result[0] > 1', null, [2], 'Successful'],
    ['result[0] > 1', null, [1], 'Failed'],
    [null, 'result[0] > 1', [2], 'Failed'],
    [null, 'result[0] > 1', [1], 'Successful'],
    ['result[0] > 1', 'result[0] > 1', [2], 'Failed'],
    ['result[0] > 5', 'result[0] < 1', [6], 'Successful'],
    ['result[0] > 5', 'result[0] < 1', [0], 'Failed'],
    ['result[0] > 5', 'result[0] < 1', [3], 'Inconclusive'],
    ['result[0] > ', null, [1], 'Error'],
    ['result[0] + 1', null, [1], 'Error'],
    ['result[0] > 1', 'result[3] > 1', [2], 'Error'],
    ['result[3] > 1', 'result[0] > 1', [2], 'Error'],
    ['result > 1', null, [2], 'Successful'],
    ['result > 1', null, [1, 2], 'Error'],
    ['true', null, [1], 'Successful'],
  ] as const)('success %s, failure %s, result %o: %s', (successCondition, failureCondition, series, phase) => {
    expect(measure({ successCondition, failureCondition }, value(...series)).phase).toBe(phase)
  })

  it.each([
    ['result[0] < 5', null, 'Failed'],
    ['result[0] < 5', 'result[0] >= 5', 'Inconclusive'],
    [null, 'result[0] > 5', 'Successful'],
    ['isNaN(result[0]) || result[0] < 5', null, 'Successful'],
    ['result[0] != 5', null, 'Successful'],
  ])('NaN with success %s and failure %s: %s', (successCondition, failureCondition, phase) => {
    expect(measure({ successCondition, failureCondition }, value(Number.NaN)).phase).toBe(phase)
    expect(measure({ successCondition, failureCondition }, { kind: 'nan', reason: 'not a number' }).phase).toBe(phase)
  })

  it.each([
    ['sum(errors)', 'result < 0.1', 'Error'],
    ['sum(errors)', 'result[0] < 0.1', 'Successful'],
    ['sum(errors)', 'default(result, 0) < 0.1', 'Error'],
    ['sum(errors)', 'isNaN(result)', 'Error'],
    ['sum(errors)', 'result != nil && all(result, # < 1)', 'Successful'],
    ['scalar(sum(errors))', 'result < 0.1', 'Successful'],
    ['scalar(sum(errors))', 'result[0] < 0.1', 'Error'],
    ['scalar(sum(errors))', 'len(result) == 1', 'Error'],
    ['scalar(sum(errors))', 'default(result, 0) < 0.1', 'Successful'],
  ])('takes the answer to %s as what it is in %s: %s', (query, successCondition, phase) => {
    expect(measure({ query, successCondition, failureCondition: null }, value(0.05)).phase).toBe(phase)
  })

  it('says what result is where a condition takes it for something else', () => {
    const { message } = measure({ query: 'up', successCondition: 'result < 1', failureCondition: null }, value(0))
    expect(message).toBe('result is a list here, because the query gives series: write result[0]')
  })

  it('takes infinity as a number', () => {
    expect(measure({ successCondition: null, failureCondition: 'result[0] > 5' }, value(Infinity)).phase).toBe('Failed')
    expect(measure({ successCondition: 'isInf(result[0])', failureCondition: null }, value(-Infinity)).phase).toBe(
      'Successful',
    )
  })

  it('takes an empty answer as an empty list', () => {
    const empty: MetricResult<readonly number[]> = { kind: 'noData', reason: 'no series' }
    expect(measure({ successCondition: 'result[0] < 1', failureCondition: null }, empty)).toEqual({
      phase: 'Error',
      message: 'metric result is nil or empty',
    })
    expect(
      measure({ successCondition: 'len(result) == 0 || result[0] < 1', failureCondition: null }, empty).phase,
    ).toBe('Successful')
    expect(measure({ successCondition: 'default(result[0], 0) < 1', failureCondition: null }, empty).phase).toBe(
      'Error',
    )
    expect(measure({ successCondition: null, failureCondition: null }, value()).phase).toBe('Successful')
  })

  it.each<MetricResult<readonly number[]> | null>([
    null,
    { kind: 'error', fault: 'timeout', reason: 'no answer' },
    { kind: 'stale', reason: 'old', ageSeconds: 600 },
  ])('is an Error when the source did not answer: %o', (reading) => {
    expect(measure({ successCondition: 'result[0] < 1', failureCondition: null }, reading).phase).toBe('Error')
  })
})

describe("conditions in Argo's language", () => {
  it.each([
    ['result[0] >= 0.95', [0.96], true],
    ['len(result) > 0 && result[0] < 5', [4], true],
    ['len(result) == 0 || isNaN(result[0]) || result[0] < 5', [], true],
    ['isNaN(result) || result < 5', [Number.NaN], true],
    ['all(result, {# < 5})', [1, 2], true],
    ['all(result, # < 5)', [1, 5], false],
    ['any(result, {# > 5})', [1, 6], true],
    ['none(result, {# > 5}) and not (result[0] in [1, 2])', [3], true],
    ['result[0] not in [1, 2]', [2], false],
    ['count(result, {# > 1}) == 2', [1, 2, 3], true],
    ['max(result) < 5', [1, 4.9], true],
    ['sum(result) == 0', [], true],
    ['mean(result) == 2 && median(result) == 2.5', [-1, 2, 3, 4], true],
    ['asInt(result[0]) == 1', [1.9], true],
    ['asFloat(result) == 1.5', [1.5], true],
    ['default(result, 0) < 0.05', [0.01], true],
    ['isNil(result)', [1], false],
    ['result[0] * 100 > 95', [0.96], true],
    ['len(result) / 2 == 1.5', [1, 2, 3], true],
    ['result[-1] == 3', [1, 2, 3], true],
    ['round(result[0]) == 3 && floor(result[0]) == 2 && ceil(result[0]) == 3 && abs(-2) == 2', [2.5], true],
    ['result[0] > 1 ? result[0] < 3 : false', [2], true],
    ['result == nil', [1], false],
  ] as const)('%s over %o', (text, series, expected) => {
    expect(evaluateCondition(text, series)).toEqual({ kind: 'bool', value: expected })
  })

  it.each([
    ['default(result[0], 0) < 1', [], 'bounds'],
    ['asFloat(result) == "1.1"', [1.1], 'overload'],
    ['isNaN(result) || result[0] > 1', [1], 'isNaN'],
    ['result matches "a"', [1], 'matches'],
    ['asInt(result)', [1], 'int'],
    ['max(result) > 1', [], 'max of no series'],
    ['result > 1', [], '0 series'],
  ] as const)('%s over %o is an error', (text, series, word) => {
    expect(evaluateCondition(text, series)).toEqual({ kind: 'error', message: expect.stringContaining(word) })
  })

  it('look at the whole result in isNil and default, whatever their first argument is', () => {
    expect(evaluateCondition('default(5, 1) == 2', [2])).toEqual({ kind: 'bool', value: true })
    expect(evaluateCondition('isNil(nil) || result > 1', [2])).toEqual({ kind: 'bool', value: true })
    expect(evaluateCondition('isNil(nil) || result > 1', [1])).toEqual({ kind: 'bool', value: false })
  })

  it('are checked without data', () => {
    expect(checkCondition('all(result, {# < 5}) and not isNaN(result[0])')).toEqual({ ok: true })
    expect(checkCondition('result[0] > now()')).toEqual({
      ok: false,
      message: expect.stringContaining('now'),
      position: 12,
    })
    expect(checkCondition('resluts[0] > 1')).toMatchObject({ ok: false, position: 0 })
  })
})
