import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { common, merged, rest, spanAfter, spanAt } from '../../../src/domain/calendar/spans.ts'

const span = fc.tuple(fc.nat(100), fc.nat(30)).map(([from, length]) => ({ from, until: from + length }))
const spans = fc.array(span, { maxLength: 12 })
const moment = fc.nat(140)
const holds = (list: readonly { from: number; until: number }[], at: number) =>
  list.some(({ from, until }) => from <= at && at < until)

describe('spans', () => {
  it('that touch or overlap become one, in order', () => {
    const list = [
      { from: 5, until: 7 },
      { from: 1, until: 3 },
      { from: 3, until: 4 },
      { from: 9, until: 9 },
    ]
    expect(merged(list)).toEqual([
      { from: 1, until: 4 },
      { from: 5, until: 7 },
    ])
  })

  it('keep their moments when merged, and never touch', () => {
    fc.assert(
      fc.property(spans, moment, (list, at) => {
        const one = merged(list)
        expect(holds(one, at)).toBe(holds(list, at))
        for (const [index, { until }] of one.entries()) expect(one[index + 1]?.from ?? until + 1).toBeGreaterThan(until)
      }),
    )
  })

  it('have in common what both hold, and leave what none holds', () => {
    fc.assert(
      fc.property(spans, spans, moment, (left, right, at) => {
        const [one, other] = [merged(left), merged(right)]
        expect(holds(common(one, other), at)).toBe(holds(one, at) && holds(other, at))
        const whole = { from: 10, until: 120 }
        expect(holds(rest(whole, one), at)).toBe(at >= 10 && at < 120 && !holds(one, at))
      }),
    )
  })

  it('are found by a moment: the one that holds it, and the next one', () => {
    const list = merged([
      { from: 1, until: 3 },
      { from: 5, until: 7 },
    ])
    expect([spanAt(list, 1)?.from, spanAt(list, 3), spanAfter(list, 1)?.from, spanAfter(list, 5)]).toEqual([
      1,
      null,
      5,
      null,
    ])
  })
})
