import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rewriteCondition } from '../../../src/analysis/expressions/rewrite.ts'

describe('rewriting a condition to CEL', () => {
  it.each([
    ['result[0] >= 0.95', 'result[0] >= 0.95'],
    ['result[0]>=0.95&&result[0]<2', 'result[0] >= 0.95 && result[0] < 2'],
    ['len(result) == 0 || result[0] > 1', 'len(result) == 0 || result[0] > 1'],
    ['len(result) == 0 || isNaN(result[0]) || result[0] < 5', 'len(result) == 0 || isNaN(result[0]) || result[0] < 5'],
    ['result[0] > 1 and result[1] < 2 or not isNaN(result[0])', 'result[0] > 1 && result[1] < 2 || !isNaN(result[0])'],
    ['not (result[0] > 1)', '!(result[0] > 1)'],
    ['!(result[0] > 1)', '!(result[0] > 1)'],
    ['not result[0] in [1, 2]', '!(result[0] in [1, 2])'],
    ['result[0] not in [1, 2] and true', '!(result[0] in [1, 2]) && true'],
    ['all(result, {# < 5})', 'result.all(x, x < 5)'],
    ['all(result, # < 5)', 'result.all(x, x < 5)'],
    ['any(result, {# > 1 and # < 3})', 'result.exists(x, x > 1 && x < 3)'],
    ['none(result, {# > 1})', '!result.exists(x, x > 1)'],
    ['one(result, {# > 1})', 'result.exists_one(x, x > 1)'],
    ['count(result, {# > 1}) < 2', 'len(result.filter(x, x > 1)) < 2'],
    ['all(filter(result, {# > 0}), {# < 5})', '(result.filter(x, x > 0)).all(x, x < 5)'],
    ['all(result, {any(result, {# > 1})})', 'result.all(x, result.exists(x1, x1 > 1))'],
    ['result == nil', 'result == null'],
    ['default(result, 0) < .05', 'default(result, 0) < 0.05'],
    ['asInt(result) >= 1_000', 'asInt(result) >= 1000'],
    ['float(result[0]) > 1', 'asFloat(result[0]) > 1'],
    ['result[-1] < 1', 'last(result) < 1'],
    ['result[0] / 2 > 1', 'result[0] / 2.0 > 1'],
    ['1 / result[0] > 1', '1.0 / result[0] > 1'],
    ['len(result) / len(result) > 1', 'asFloat(len(result)) / len(result) > 1'],
    ['-result[0] < -1', '-result[0] < -1'],
    ['result[0] > 1 ? true : false', 'result[0] > 1 ? true : false'],
    ["result == 'and or not nil # {'", "result == 'and or not nil # {'"],
    ['result == "say \\"not in\\""', 'result == "say \\"not in\\""'],
    ['result == `a"b\\c`', 'result == "a\\"b\\\\c"'],
    ['result startsWith "a" and not result contains "b"', 'result.startsWith("a") && !(result.contains("b"))'],
    ['result[0] > 1 // at most one', 'result[0] > 1'],
    ['result.ok.value > 1', 'result.ok.value > 1'],
    ['(result[0] + 1) * 2 > 3 - 1 - 1', '(result[0] + 1) * 2 > 3 - 1 - 1'],
  ])('%s', (text, cel) => {
    expect(rewriteCondition(text)).toEqual({ ok: true, text: cel })
    expect(rewriteCondition(cel)).toEqual({ ok: true, text: cel })
  })

  it.each([
    ['result matches "a+"', 'matches', 7],
    ['result ?? 1 > 2', '??', 7],
    ['result?.ok', '?.', 6],
    ['result | len() > 1', '|', 7],
    ['let x = 1; result > x', '=', 6],
    ['now() > result', 'now', 0],
    ['duration("1m") > result', 'duration', 0],
    ['trim(result) == "a"', 'trim', 0],
    ['result[1:2] == []', ':', 8],
    ['result[-2] > 1', '-1', 7],
    ['# > 1', 'outside a predicate', 0],
    ['any(result)', 'without a predicate', 0],
    ['result[0] > ', 'ends too early', 12],
    ['result[0] > 1)', 'not expected', 13],
    ['(result[0] > 1', "')'", 14],
    ['{"a": 1}.a > 1', '{', 0],
    ['result.foo() > 1', 'method', 7],
    ['1..3', '..', 1],
    ['result ** 2 > 1', '**', 7],
    ['result @ 2', '@', 7],
    ['', 'ends too early', 0],
    ['('.repeat(100), 'too deeply', 40],
  ])('names what it cannot express: %s', (text, word, position) => {
    expect(rewriteCondition(text)).toEqual({ ok: false, problem: expect.stringContaining(word), position })
  })

  it('answers for any text, and leaves a text alone that is already rewritten', () => {
    const pieces = fc.constantFrom(
      'result',
      '[0]',
      '(',
      ')',
      '#',
      '{',
      '}',
      'not ',
      ' in ',
      ' and ',
      'all(',
      ',',
      '1',
      ' > ',
      "'a'",
      '-',
      '?',
      ':',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
        ),
        (text) => {
          const once = rewriteCondition(text)
          expect(typeof once.ok).toBe('boolean')
        },
      ),
      { numRuns: 500 },
    )
    const settled = 'result[0] / 2.0 > 1 && !(result[0] in [1, 2]) && len(result) > 1'
    expect(rewriteCondition(settled)).toEqual({ ok: true, text: settled })
  })
})
