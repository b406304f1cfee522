import { describe, expect, it } from 'vitest'
import { filledCells, stepsAround } from '../../../src/domain/release/release-drawing.ts'

describe('the bar of a weight', () => {
  it.each([
    [0, 0],
    [1, 1],
    [2_500, 5],
    [5_000, 10],
    [9_999, 19],
    [10_000, 20],
  ])('fills, at %i basis points, %i of 20 cells', (weight, cells) => {
    expect(filledCells(weight, 20)).toBe(cells)
  })
})

describe('the steps round the one that runs', () => {
  const steps = Array.from({ length: 20 }, (_, index) => index + 1)

  it('are all of them where there are few', () => {
    expect(stepsAround([1, 2, 3], 2, 12)).toEqual({ before: 0, shown: [1, 2, 3], after: 0 })
  })

  it.each([
    [1, 0, 15],
    [3, 0, 15],
    [10, 7, 8],
    [20, 15, 0],
  ])('at step %i leave out %i before and %i after', (current, before, after) => {
    const found = stepsAround(steps, current, 5)
    expect(found).toMatchObject({ before, after })
    expect(found.shown).toHaveLength(5)
    expect(found.shown).toContain(current)
  })
})
