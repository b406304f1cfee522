import { describe, expect, it } from 'vitest'
import { isAtLeast, parseVersion } from '../../scripts/lib/versions.mjs'

describe('parseVersion', () => {
  it('finds the first version in what a program says about itself', () => {
    expect(parseVersion('temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)')).toEqual([1, 5, 1])
    expect(parseVersion('openjdk version "17.0.15" 2025-04-15')).toEqual([17, 0, 15])
    expect(parseVersion('prometheus, version 2.42.0+ds (branch: debian/sid)')).toEqual([2, 42, 0])
  })

  it('reads a version without a third part', () => {
    expect(parseVersion('haproxy 2.6-dev')).toEqual([2, 6, 0])
  })

  it('finds none in a text without a version', () => {
    expect(parseVersion('command not found')).toBeNull()
  })
})

describe('isAtLeast', () => {
  it.each([
    ['1.5.0', true],
    ['1.5.1', true],
    ['1.10.0', true],
    ['2.0', true],
    ['1.4.9', false],
    ['0.0.0-DEV', false],
    ['nothing', false],
  ])('compares %s with 1.5.0 by numbers, not by letters', (text, expected) => {
    expect(isAtLeast(text, '1.5.0')).toBe(expected)
  })
})
