import { describe, expect, it } from 'vitest'
import { checkExpression, evaluateExpression } from '../../../src/analysis/expressions/expression.ts'

const both = ['result', 'stable'] as const

describe('checking an expression without data', () => {
  it.each([
    'result[0] > 0.05',
    'result >= 0.95 * stable',
    'result[0] * 100 > 95',
    'result * 100 > 95 && result < 1',
    'len(result) == 0 || result[0] > 1',
    'result.all(x, x < 5)',
    'result.exists(x, x < 5 && x > 1)',
    'result.filter(x, x > 0).all(y, y < 5)',
    'max(result) > 2 && min(result) > 0',
    'sum(result) / len(result) < 3',
    'default(result, 0) > 1',
    'isNil(result) || result > 1',
    'result == nil || result > 1',
    'nil != result && result > 1',
    'isNaN(result) || isInf(result) || result > 5',
    'asInt(result[0]) == 200',
    'asFloat(result) == 1',
    'result[0] == 1 && 1 == result[0] && result[0] != 2',
    'max(result, stable) > 2',
    'result[0] > stable[0]',
    'stable > 0 ? result / stable < 1.5 : result < 1',
    '2.0 in result',
    '2 in result || result[0] in [1, 2]',
  ])('accepts %s', (text) => {
    expect(checkExpression(text, both)).toEqual({ ok: true })
  })

  it.each([
    ['result[0] >', 11, 'EOF'],
    ['resluts > 1', 0, 'resluts'],
    ['result[0] > "a"', 0, 'overload'],
    ['result[0] + 1', 0, 'double'],
    ['result > 1 && result[0] > 1', 0, 'list<double>'],
    ['result.matches("a")', 0, 'matches'],
    ['result.exists(x, string(x).matches("(a+)+$"))', 17, 'matches'],
    ['cel.bind(a, result, a > 1)', 0, 'bind'],
    ['result.all(a, result.all(b, a < b))', 14, 'nested'],
    ['1 > 2', 0, 'never looks at'],
    ['result.constructor', 7, 'Cannot index'],
    ['isNaN(result) && result[0] > 1', 0, 'isNaN'],
    ['result && known(result)', 10, 'known'],
  ])('refuses %s and says where', (text, position, word) => {
    expect(checkExpression(text, both)).toMatchObject({
      ok: false,
      position,
      message: expect.stringMatching(new RegExp(`${word}[^]*\\n {${2 + position}}\\^$`)),
    })
  })

  it('puts the caret under the place in a text of several lines', () => {
    const check = checkExpression('result > 1 &&\n  resluts > 1', both)
    expect(check).toEqual({ ok: false, message: 'Unknown variable: resluts\n    resluts > 1\n    ^', position: 16 })
  })

  it('refuses stable where only one arm is asked', () => {
    expect(checkExpression('result > stable', ['result']).ok).toBe(false)
  })

  it('refuses texts that are too long, too large or too deep', () => {
    expect(checkExpression(`result > 1 ${'&& true '.repeat(100)}`, both).ok).toBe(false)
    expect(checkExpression(`result > ${'('.repeat(60)}1${')'.repeat(60)}`, both).ok).toBe(false)
    expect(checkExpression(`result > 0${'+1'.repeat(245)}`, both).ok).toBe(true)
    expect(checkExpression(`result in [${'1,'.repeat(245)}1]`, both).ok).toBe(false)
  })
})

describe('running an expression', () => {
  const bool = (value: boolean): object => ({ kind: 'bool', value })

  it.each([
    ['result[0] > 0.05', { result: [0.06] }, true],
    ['result > 0.05', { result: [0.06] }, true],
    ['result > 0.05', { result: 0.04 }, false],
    ['result >= 0.95 * stable', { result: [96], stable: [100] }, true],
    ['result >= 0.95 * stable', { result: [94], stable: [100] }, false],
    ['result[0] * 100 > 95', { result: [0.96] }, true],
    ['result.all(x, x < 5)', { result: [1, 4.9] }, true],
    ['result.all(x, x < 5)', { result: [1, 5] }, false],
    ['len(result) == 0', { result: [] }, true],
    ['len(result) == 0', { result: null }, true],
    ['default(result, 0) > 1', { result: [] }, false],
    ['default(result, 0) > 1', { result: [2] }, true],
    ['result == nil', { result: null }, true],
    ['isNaN(result) || result > 1', { result: [Number.NaN] }, true],
    ['result > 1 || isNaN(result)', { result: [Number.NaN] }, true],
    ['result[9] > 1 || true', { result: [1] }, true],
    ['result.exists(x, x > 5)', { result: [Number.NaN, 6] }, true],
    ['result > 1', { result: [Number.POSITIVE_INFINITY] }, true],
    ['result in [1, 2] && !(result in [1.5])', { result: [2] }, true],
    ['2 in result', { result: [1, 2] }, true],
    ['asInt(result) == 1', { result: [1.9] }, true],
    ['sum(result) == 6 && max(result) == 3 && min(result) == 1', { result: [1, 2, 3] }, true],
    ['0.000000000001 < result', { result: [0.0000000000001] }, false],
    ['-result - -2 * 3 == 5', { result: [1] }, true],
    ['!(result > 1) && (result + 1) * 2 == 4', { result: [1] }, true],
  ])('%s with %o', (text, bindings, value) => {
    expect(evaluateExpression(text, bindings)).toEqual(bool(value))
  })

  it.each([
    ['result > 1', { result: [] }, 'no value'],
    ['result != 1', { result: null }, 'no value'],
    ['result.all(x, x < 5)', { result: [] }, 'no value'],
    ['result.exists(x, x > 5)', { result: [] }, 'no value'],
    ['result[1] > 1', { result: [1] }, 'out of bounds'],
    ['result > 1', { result: [1, 2, 3] }, '3 series'],
    ['result > 1', { result: [Number.NaN] }, 'not a number'],
    ['result != 1', { result: [Number.NaN] }, 'not a number'],
    ['!(result > 1)', { result: [Number.NaN] }, 'not a number'],
    ['result.all(x, x < 5)', { result: [1, Number.NaN] }, 'not a number'],
    ['max(result) > 5', { result: [1, Number.NaN] }, 'not a number'],
    ['result / stable > 1.5', { result: [0], stable: [0] }, 'not a number'],
    ['result >= 0.95 * stable', { result: [1], stable: [] }, 'stable has no value'],
    ['result >= 0.95 * stable', { result: [1], stable: null }, 'stable has no value'],
    ['1.0 in result', { result: [Number.NaN] }, 'not a number'],
    ['len(result) == 0 || result[0] > 1', { result: [Number.NaN] }, 'not a number'],

    ['isNil(result) && result > 1', { result: null }, 'absent'],
    ['result >', { result: [1] }, 'cannot be used'],
  ])('%s with %o is inconclusive', (text, bindings, word) => {
    expect(evaluateExpression(text, bindings)).toEqual({ kind: 'inconclusive', reason: expect.stringContaining(word) })
  })

  it('does not walk through more series than it may', () => {
    const value = evaluateExpression('len(result) > 0', { result: Array.from({ length: 1_001 }, () => 1) })
    expect(value).toEqual({ kind: 'inconclusive', reason: 'result has 1001 series, at most 1000 are looked at' })
  })

  it('runs an expression as large as may be written', () => {
    expect(evaluateExpression(`result > 0${'+1'.repeat(245)}`, { result: [245.5] })).toEqual(bool(true))
  })

  it('keeps giving right answers when far more expressions run than are kept compiled', () => {
    for (let limit = 0; limit < 600; limit += 1) {
      expect(evaluateExpression(`result > ${limit}.0`, { result: [300] })).toEqual(bool(300 > limit))
    }
    expect(evaluateExpression('result > 0.0', { result: [300] })).toEqual(bool(true))
  })
})
