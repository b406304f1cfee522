import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isRaise, isSameExposure, NO_FLAGS, wayBack, withFlags, withoutFlags } from '../../src/domain/exposure.ts'
import { areSameFlags, FLAG_OFF, flagsText, isSameReach, isWider, reachText } from '../../src/domain/flag-reach.ts'

const reaches = fc.record({
  weight: fc.integer({ min: 0, max: 10_000 }),
  cohorts: fc.uniqueArray(fc.constantFrom('beta', 'eu', 'internal')).map((names) => names.toSorted()),
})
const ON = { weight: 10_000, cohorts: [] }

describe('who has a flag', () => {
  it('is said in the words of a plan', () => {
    expect([ON, FLAG_OFF, { weight: 2_500, cohorts: [] }].map(reachText)).toEqual(['on', 'off', '25%'])
    expect(reachText({ weight: 0, cohorts: ['beta'] })).toBe('beta')
    expect(reachText({ weight: 100, cohorts: ['beta', 'eu'] })).toBe('1%, beta and eu')
    expect(flagsText({ banner: FLAG_OFF, 'new-checkout': ON })).toBe('flag banner off, flag new-checkout on')
  })

  it('is wider only where somebody has it who had not', () => {
    expect(isWider({ weight: 100, cohorts: [] }, { weight: 100, cohorts: ['beta'] })).toBe(true)
    expect(isWider(ON, { weight: 10_000, cohorts: ['beta'] })).toBe(false)
    expect(isWider({ weight: 200, cohorts: ['beta'] }, { weight: 100, cohorts: ['beta'] })).toBe(false)
  })

  it('never is wider than itself, and off is wider than nothing', () => {
    fc.assert(
      fc.property(reaches, (reach) => {
        expect(isWider(reach, reach)).toBe(false)
        expect(isWider(reach, FLAG_OFF)).toBe(false)
        expect(isSameReach(reach, { ...reach, cohorts: reach.cohorts.toReversed() })).toBe(true)
      }),
    )
  })
})

describe('an exposure of flags alone', () => {
  const some = fc.dictionary(fc.constantFrom('a', 'b', 'c'), reaches)

  it('has the weight and the cohorts of its flags, whatever is set, taken back or left out', () => {
    fc.assert(
      fc.property(some, some, (first, second) => {
        const before = withFlags(NO_FLAGS, first)
        const wanted = withFlags(before, second)
        for (const one of [before, wanted, wayBack(before, wanted)]) {
          const { flags = {}, ...users } = one
          expect(withFlags(NO_FLAGS, flags)).toEqual({ ...users, ...(Object.keys(flags).length > 0 && { flags }) })
          expect(Object.values(flags).every(({ weight }) => weight <= one.weight)).toBe(true)
        }
        expect(withoutFlags(wanted)).toEqual(NO_FLAGS)
      }),
    )
  })
})

describe('an exposure with flags', () => {
  const plain = { weight: 1_000, cohorts: [] }

  it('is another one when a flag is, whatever the order of the names', () => {
    const flags = { a: ON, b: FLAG_OFF }
    expect(isSameExposure(withFlags(plain, flags), withFlags(plain, { b: FLAG_OFF, a: ON }))).toBe(true)
    expect(isSameExposure(plain, withFlags(plain, flags))).toBe(false)
    expect(areSameFlags({ a: ON }, { b: ON })).toBe(false)
    expect(areSameFlags(undefined, {})).toBe(true)
  })

  it('is a raise when a flag goes wider, and none when it goes off', () => {
    expect(isRaise(plain, withFlags(plain, { a: ON }))).toBe(true)
    expect(isRaise(withFlags(plain, { a: ON }), withFlags(plain, { a: FLAG_OFF }))).toBe(false)
  })

  it('is right about flags that are called as what every object answers to', () => {
    const named = (name: string) => withFlags(plain, { [name]: ON })
    for (const name of ['toString', 'valueOf', 'hasOwnProperty']) {
      expect(isRaise(plain, named(name))).toBe(true)
      expect(isRaise(withFlags(plain, { a: ON }), named(name))).toBe(true)
      expect(wayBack({ weight: 0, cohorts: [], flags: { a: ON } }, named(name)).flags).toEqual({ [name]: FLAG_OFF })
    }
  })

  it('goes back to what those flags were that the release has set, and knows nothing of the others', () => {
    const baseline = { weight: 0, cohorts: [], flags: { a: { weight: 2_500, cohorts: [] }, b: ON } }
    expect(wayBack(baseline, plain)).toEqual({ weight: 0, cohorts: [] })
    expect(wayBack(baseline, withFlags(plain, { a: ON }))).toEqual({
      ...{ weight: 0, cohorts: [] },
      flags: { a: { weight: 2_500, cohorts: [] } },
    })
  })
})
