import { describe, expect, it } from 'vitest'
import { isRecord, parseJson } from '../../src/domain/json.ts'

describe('JSON', () => {
  it('is parsed, and what is none is undefined', () => {
    expect(parseJson('{"a":[1,null]}')).toEqual({ a: [1, null] })
    expect(parseJson('null')).toBeNull()
    for (const text of ['', '{', 'undefined', "{'a':1}"]) expect(parseJson(text)).toBeUndefined()
  })

  it('is a record when it is an object and no list', () => {
    expect([{}, { a: 1 }].every(isRecord)).toBe(true)
    expect([null, undefined, [], [1], 'a', 1, () => 1].some(isRecord)).toBe(false)
  })
})
