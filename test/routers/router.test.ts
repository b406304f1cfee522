import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isRoutedAs, type ObservedRouting, pinsOf, routingText, splitOf } from '../../src/routers/router.ts'

const ROLES = { stable: 'blue', canary: 'green' }

function observed(change: Partial<ObservedRouting> = {}): ObservedRouting {
  return {
    ...{ split: { blue: 9_500, green: 500 }, cohorts: { beta: 'green' } },
    ...{ fence: null, flaw: null, incarnation: '1', served: null },
    ...change,
  }
}

const WISH = { roles: ROLES, exposure: { weight: 500, cohorts: ['beta'] } }

describe('a routing', () => {
  it('is the one of the wish whatever its fence, its incarnation and what it has served', () => {
    const other = { fence: { release: 9, epoch: 9 }, incarnation: '2', served: { blue: 1, green: 2 } }
    expect(isRoutedAs(observed(other), WISH)).toBe(true)
    expect(isRoutedAs(observed({ split: { blue: 9_500, green: 500, teal: 0 } }), WISH)).toBe(true)
  })

  it.each<[string, Partial<ObservedRouting>, string]>([
    ['another share', { split: { blue: 0, green: 10_000 } }, '100% and beta'],
    ['no share of the stable pool', { split: { green: 500 } }, 'green 5%, beta'],
    ['shares that do not sum up to everybody', { split: { blue: 9_000, green: 500 } }, 'blue 90%, green 5%, beta'],
    ['a share of a third pool', { split: { blue: 9_500, green: 500, teal: 500 } }, 'blue 95%, green 5%, teal 5%, beta'],
    ['a share that is no number', { split: { blue: 9_500, green: Number.NaN } }, 'blue 95%, green NaN%, beta'],
    ['a cohort too many', { cohorts: { beta: 'green', staff: 'green' } }, '5% and beta, staff'],
    ['a cohort too few', { cohorts: {} }, '5%'],
    ['a cohort that is pinned to stable', { cohorts: { beta: 'green', staff: 'blue' } }, '5% and beta, staff on blue'],
    ['a cohort that is pinned to a third pool', { cohorts: { beta: 'teal' } }, '5%, beta on teal'],
    ['a cohort of a strange name', { cohorts: { beta: 'green', constructor: 'green' } }, '5% and beta, constructor'],
    ['what another hand has left', { flaw: 'the map holds a key twice' }, '5% and beta, the map holds a key twice'],
  ])('is not the one of the wish with %s, and is told as it is', (_, change, text) => {
    expect(isRoutedAs(observed(change), WISH)).toBe(false)
    expect(routingText(observed(change), ROLES)).toBe(text)
  })

  it('is the one of the wish exactly when it has its split and its pins', () => {
    const exposures = fc.record({
      weight: fc.constantFrom(0, 1, 500, 10_000),
      cohorts: fc.uniqueArray(fc.constantFrom('beta', 'staff', '__proto__', 'toString')),
    })
    fc.assert(
      fc.property(exposures, exposures, fc.boolean(), (live, wanted, isSwapped) => {
        const roles = isSwapped ? { stable: 'green', canary: 'blue' } : ROLES
        const is = observed({ split: splitOf({ roles, exposure: live }), cohorts: pinsOf({ roles, exposure: live }) })
        const isSame =
          !isSwapped &&
          live.weight === wanted.weight &&
          live.cohorts.toSorted().join() === wanted.cohorts.toSorted().join()
        const isSameByChance =
          isSwapped && live.weight === 10_000 - wanted.weight && [...live.cohorts, ...wanted.cohorts].length === 0
        expect(isRoutedAs(is, { roles: ROLES, exposure: wanted })).toBe(isSame || isSameByChance)
      }),
    )
  })
})
