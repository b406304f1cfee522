import { describe, expect, it } from 'vitest'
import { faultsOf, PLAN_VALUE_LIMITS } from '../../../src/domain/yaml/plain-value.ts'

const faults = (value: unknown) => faultsOf(value, PLAN_VALUE_LIMITS)
const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))

describe('a value', () => {
  it('may be what people write', () => {
    expect(faults({ steps: [{ weight: '5%' }], checks: { a: { query: { promql: 'a\n  b' } } } })).toEqual({
      unbounded: null,
      problems: [],
    })
  })

  it('may have 10,000 values and not one more', () => {
    const list = (length: number) => ({ steps: Array.from({ length }, () => 1) })
    expect(faults(list(9_999)).unbounded).toBeNull()
    expect(faults(list(10_000)).unbounded).toMatchObject({
      rule: 'too-much',
      message: 'this is too large for a plan',
      expected: 'at most 10,000 values',
    })
  })

  it('is counted as large as it is written out, however often it is shared', () => {
    const ten = Array.from({ length: 10 }, () => 'x')
    const shared = [1, 2, 3, 4].reduce<unknown>((inner) => Array.from({ length: 10 }, () => inner), ten)
    expect(faults(shared).unbounded).toMatchObject({ rule: 'too-much' })
  })

  it('may be nested 32 levels deep, and 100,000 levels end nothing', () => {
    expect(faults(nested(32)).unbounded).toBeNull()
    expect(faults(nested(34)).unbounded).toMatchObject({ expected: 'at most 32 levels' })
    expect(faults(nested(100_000)).unbounded).toMatchObject({ expected: 'at most 32 levels' })
  })

  it('has keys of 256 characters at most', () => {
    expect(faults({ a: { ['k'.repeat(257)]: 1 } }).unbounded).toMatchObject({
      path: ['a'],
      expected: 'at most 256 characters',
    })
  })

  it('holds no text that looks like another one, in values and in keys', () => {
    const { problems } = faults({ slack: { channel: '#re\u202eleases' }, list: ['a\u0000'], 'b\u200b': 1 })
    expect(problems.map(({ path, rule }) => [path, rule])).toEqual(
      expect.arrayContaining([
        [['slack', 'channel'], 'unseen-character'],
        [['list', 0], 'unseen-character'],
        [[], 'unseen-character'],
      ]),
    )
    expect(problems.map(({ received }) => received)).toContain('#re<U+202E>leases')
  })

  it('has no key that reaches into the program, at any level', () => {
    const value: unknown = JSON.parse('{"a":[{"__proto__":{}}],"constructor":{"prototype":{}},"toString":1}')
    expect(faults(value).problems.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        ['a', 0, '__proto__'],
        ['constructor', 'prototype'],
      ]),
    )
    expect(faults(value).problems).toHaveLength(2)
  })
})
