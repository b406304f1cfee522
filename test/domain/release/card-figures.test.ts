import { describe, expect, it } from 'vitest'
import { countText, errorsText, latencyText } from '../../../src/domain/release/card-figures.ts'

describe('the figures of a card', () => {
  it('are short where they are large', () => {
    expect([0, 1_240.4, 999_999, 1_240_000, 3e9].map(countText)).toEqual(['0', '1,240', '999,999', '1.24M', '3.00G'])
  })

  it('show a dash where nothing was measured, and what nobody knows as unknown', () => {
    expect([errorsText(0, 0), errorsText(1, Number.NaN), errorsText(null, 7)]).toEqual(['–', '–', 'unknown'])
    expect([errorsText(3, 1_240), errorsText(124, 1_240)]).toEqual(['0.24%', '10.0%'])
    expect([null, 0.0042, 0.0812, 1.25].map(latencyText)).toEqual(['–', '4.2 ms', '81 ms', '1.3 s'])
  })
})
