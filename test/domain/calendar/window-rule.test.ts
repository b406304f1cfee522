import { describe, expect, it } from 'vitest'
import { closedText, freezesBetween, windowState } from '../../../src/domain/calendar/window-rule.ts'

const at = (text: string) => Date.parse(`2026-${text}Z`)
const whole = { from: at('01-01T00:00'), until: at('12-31T00:00') }
const days = {
  name: 'days',
  spans: ['03-02', '03-03'].map((day) => ({ from: at(`${day}T08:00`), until: at(`${day}T16:00`) })),
}
const company = { name: 'company', spans: [{ from: at('03-02T12:00'), until: at('03-03T09:00') }] }
const RULE = { only: ['days'], freeze: ['company'] }
const stateAt = (text: string, freeze = [company]) => windowState({ whole, only: [days], freeze }, at(text))

describe('a rule', () => {
  it('is open in its window, closes where a freeze begins, and opens when both allow it', () => {
    expect(stateAt('03-02T09:00')).toEqual({
      isOpen: true,
      frozenBy: [],
      closesAt: at('03-02T12:00'),
      opensAt: at('03-03T09:00'),
    })
  })

  it('says which freeze holds it and until when', () => {
    const state = stateAt('03-02T13:00')
    expect(state).toMatchObject({ isOpen: false, frozenBy: ['company'], opensAt: at('03-03T09:00') })
    expect(closedText(RULE, state)).toBe('the freeze company lasts until 2026-03-03 09:00 UTC')
  })

  it('says which window is closed and until when', () => {
    const state = stateAt('03-02T07:00')
    expect(state).toMatchObject({ isOpen: false, opensAt: at('03-02T08:00'), closesAt: at('03-02T12:00') })
    expect(closedText(RULE, state)).toBe('the window days is closed until 2026-03-02 08:00 UTC')
  })

  it('knows no next opening when there is none in what was read', () => {
    const state = stateAt('03-04T07:00')
    expect(state).toMatchObject({ isOpen: false, opensAt: null, closesAt: null })
    expect(closedText(RULE, state)).toBe('the window days is closed and no end of it is known')
  })

  it('without windows and freezes is always open, and does not take the end of what was read for a closing', () => {
    expect(windowState({ whole, only: [], freeze: [] }, at('03-04T07:00'))).toEqual({
      isOpen: true,
      frozenBy: [],
      opensAt: null,
      closesAt: null,
    })
  })

  it('begins with its first moment and is over with its last', () => {
    expect([stateAt('03-02T08:00', []), stateAt('03-02T16:00', [])].map(({ isOpen }) => isOpen)).toEqual([true, false])
  })
})

describe('the freezes between two moments', () => {
  it('are those that hold or begin there', () => {
    expect(freezesBetween([company], at('03-02T10:00'), at('03-02T13:00'))).toEqual([
      { name: 'company', from: at('03-02T12:00'), until: at('03-02T13:00') },
    ])
    expect(freezesBetween([company], at('03-02T10:00'), at('03-02T12:00'))).toEqual([])
  })
})
