import { describe, expect, it } from 'vitest'
import { formatPath, formatProblem, shortened, showValue } from '../../src/domain/problems.ts'

describe('formatPath', () => {
  it.each([
    [[], ''],
    [['steps'], 'steps'],
    [['steps', 2, 'weight'], 'steps[2].weight'],
    [[0, 'a'], '[0].a'],
  ])('writes %j as %j', (path, text) => {
    expect(formatPath(path)).toBe(text)
  })
})

describe('showValue', () => {
  it('shows values as they would stand in JSON, and numbers as they are', () => {
    expect([5, Number.NaN, '5', null, true, undefined, { a: [1] }].map(showValue)).toEqual([
      ...['5', 'NaN', '"5"', 'null', 'true', 'undefined', '{"a":[1]}'],
    ])
  })

  it('shortens what would fill the screen', () => {
    const text = showValue('x'.repeat(500))
    expect(text).toHaveLength(80)
    expect(text.endsWith('...')).toBe(true)
    expect(shortened('x'.repeat(80))).toHaveLength(80)
  })
})

describe('formatProblem', () => {
  const place = { rule: 'value', path: ['a'], file: 'plan.yaml', line: 3, column: 7, message: 'this is wrong' }

  it('begins with the place in the form that editors and terminals link', () => {
    expect(formatProblem(place)).toBe('plan.yaml:3:7: this is wrong')
  })

  it('then says what was seen, what was expected and how to fix it', () => {
    expect(formatProblem({ ...place, received: '5', expected: 'a weight', fix: 'write 5%' })).toBe(
      'plan.yaml:3:7: this is wrong\n  seen:     5\n  expected: a weight\n  fix:      write 5%',
    )
  })
})
