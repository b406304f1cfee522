import { describe, expect, it } from 'vitest'
import {
  type BreachCount,
  failureLimitCheck,
  flaggerCheck,
  NO_BREACH,
} from '../../../bench/decisions/peers/fixed-limits.ts'

/** The number of the check at which the rule is over, or null. */
function overAt(values: readonly (number | null)[], check: (count: BreachCount, value: number | null) => BreachCount) {
  let count = NO_BREACH
  for (const [index, value] of values.entries()) {
    count = check(count, value)
    if (count.isOver) return index + 1
  }
  return null
}

const [GOOD, BAD] = [0.001, 0.5]
const flagger = (threshold: number) => (count: BreachCount, value: number | null) =>
  flaggerCheck(count, value, 0.01, threshold)
const limited = (failureLimit: number) => (count: BreachCount, value: number | null) =>
  failureLimitCheck(count, value, 0.01, failureLimit)

describe("Flagger's count of failed checks", () => {
  it('rolls back one check after the breach that reached the threshold', () => {
    expect(overAt([BAD, GOOD], flagger(1))).toBe(2)
    expect(overAt([BAD], flagger(1))).toBeNull()
    expect(overAt(Array(12).fill(BAD), flagger(10))).toBe(11)
  })

  it('is not reset by good checks', () => {
    expect(overAt([BAD, GOOD, GOOD, GOOD, BAD, GOOD], flagger(2))).toBe(6)
  })

  it('takes a missing number for a breach, and the limit itself for good', () => {
    expect(overAt([null, GOOD], flagger(1))).toBe(2)
    expect(overAt([0.01, GOOD], flagger(1))).toBeNull()
  })
})

describe('a failure limit', () => {
  it('is over with one failure more than it allows, at once', () => {
    expect(overAt([GOOD, BAD], limited(0))).toBe(2)
    expect(overAt([BAD, BAD, GOOD, BAD, BAD], limited(3))).toBe(5)
    expect(overAt([BAD, BAD, BAD], limited(3))).toBeNull()
  })

  it('does not count a missing number', () => {
    expect(overAt([null, null], limited(0))).toBeNull()
  })
})
