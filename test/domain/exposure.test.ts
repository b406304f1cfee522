import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareFences, isSameExposure, NO_EXPOSURE, sortedCohorts } from '../../src/domain/exposure.ts'

const names = fc.array(fc.constantFrom('beta', 'internal', 'eu-west', 'constructor'))
const fences = fc.record({ release: fc.nat(3), epoch: fc.nat(3) })

describe('isSameExposure', () => {
  it('looks at the weight and at the set of cohorts, not at their order or repeats', () => {
    expect(isSameExposure({ weight: 5, cohorts: ['b', 'a'] }, { weight: 5, cohorts: ['a', 'b', 'a'] })).toBe(true)
    expect(isSameExposure({ weight: 5, cohorts: ['a'] }, { weight: 5, cohorts: [] })).toBe(false)
    expect(isSameExposure({ weight: 5, cohorts: [] }, NO_EXPOSURE)).toBe(false)
  })

  it('is the same both ways round', () => {
    fc.assert(
      fc.property(names, names, (left, right) => {
        const there = isSameExposure({ weight: 1, cohorts: left }, { weight: 1, cohorts: right })
        expect(isSameExposure({ weight: 1, cohorts: right }, { weight: 1, cohorts: left })).toBe(there)
        expect(there).toBe(sortedCohorts(left).join() === sortedCohorts(right).join())
      }),
    )
  })
})

describe('compareFences', () => {
  it('orders by release first and by epoch then', () => {
    expect(compareFences({ release: 1, epoch: 9 }, { release: 2, epoch: 1 })).toBeLessThan(0)
    expect(compareFences({ release: 2, epoch: 2 }, { release: 2, epoch: 1 })).toBeGreaterThan(0)
    expect(compareFences({ release: 2, epoch: 2 }, { release: 2, epoch: 2 })).toBe(0)
  })

  it('is a total order', () => {
    fc.assert(
      fc.property(fences, fences, fences, (a, b, c) => {
        expect(Math.sign(compareFences(a, b))).toBe(-Math.sign(compareFences(b, a)) + 0)
        const [first, second, third] = [a, b, c].toSorted(compareFences)
        expect([first, second, third].map((fence) => (fence?.release ?? 0) * 10 + (fence?.epoch ?? 0))).toEqual(
          [a, b, c].map(({ release, epoch }) => release * 10 + epoch).sort((left, right) => left - right),
        )
      }),
    )
  })
})

describe('sortedCohorts', () => {
  it('sorts and drops repeats', () => {
    expect(sortedCohorts(['internal', 'beta', 'internal'])).toEqual(['beta', 'internal'])
  })
})
