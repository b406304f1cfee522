import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { armNames, flagArmNames, ROLE_NAMES } from '../../src/domain/arm-names.ts'

describe('the names of both sides', () => {
  it('are the versions, and stable where nobody knows what it is', () => {
    expect(armNames('2.4.0', '2.3.9')).toEqual({ canary: '2.4.0', stable: '2.3.9' })
    expect(armNames('2.4.0', null)).toEqual({ canary: '2.4.0', stable: 'stable' })
  })

  it('are the flag and the rest where there is no version', () => {
    expect(flagArmNames(['new-checkout'])).toEqual({ canary: 'new-checkout', stable: 'the rest' })
    expect(flagArmNames(['new-checkout', 'banner']).canary).toBe('the flags')
  })

  it.each([
    ['a version that is released over itself', '2.4.0', '2.4.0'],
    ['a version that is called like the other role', 'stable', null],
    ['a version called stable over a known one', 'stable', '2.3.9'],
    ['an older one called canary', '2.4.0', 'canary'],
    ['nothing but blanks', ' \n', '2.3.9'],
  ])('are the roles for %s', (_what, version, replaces) => {
    expect(armNames(version, replaces)).toBe(ROLE_NAMES)
  })

  it('are shortened in the middle, so that two digests stay apart', () => {
    const digest = (end: string) => `registry/checkout@sha256:${'0'.repeat(50)}${end}`
    expect(armNames(digest('a1'), digest('b2'))).toEqual({
      canary: 'registry/checkou…0000000000000a1',
      stable: 'registry/checkou…0000000000000b2',
    })
  })

  it('are never the same, never empty, on one line and short, whatever the versions are', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.constantFrom('stable', 'canary', ' stable', '', '\n'),
    )
    fc.assert(
      fc.property(text, fc.option(text), (version, replaces) => {
        const { canary, stable } = armNames(version, replaces)
        expect(canary).not.toBe(stable)
        for (const name of [canary, stable]) {
          expect(name.length).toBeGreaterThan(0)
          expect(name.length).toBeLessThanOrEqual(32)
          expect(name).not.toMatch(/[\p{Cc}]/u)
        }
      }),
    )
  })
})
