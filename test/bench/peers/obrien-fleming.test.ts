import { describe, expect, it } from 'vitest'
import { obrienFlemingConstant } from '../../../bench/decisions/peers/obrien-fleming.ts'

describe("the O'Brien-Fleming constant", () => {
  // Two-sided .05 in the tables of Jennison and Turnbull; one-sided .025 agrees to the digits given.
  it.each([
    [1, 1.96],
    [2, 1.977],
    [5, 2.04],
    [10, 2.087],
    [20, 2.126],
  ])('for %i looks is the tabulated one', (looks, expected) => {
    expect(Math.abs(obrienFlemingConstant(looks, 0.025) - expected)).toBeLessThan(0.0011)
  })

  it('stays below the bound for looking all the time', () => {
    const constant = obrienFlemingConstant(60, 0.05)
    expect(constant).toBeGreaterThan(obrienFlemingConstant(20, 0.05))
    expect(constant).toBeLessThan(1.96)
  })
})
