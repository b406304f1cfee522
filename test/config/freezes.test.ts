import { describe, expect, it } from 'vitest'
import { createCalendars } from '../../src/calendars/calendars.ts'
import { freezeNotes, throughFreezes } from '../../src/config/freezes.ts'
import type { Installation } from '../../src/config/installation.ts'
import { demoInstallation, validPlan } from '../support/demo-installation.ts'

const MARCH = { from: '2026-03-02T00:00', until: '2026-03-04T00:00', override: 'checkout-owners' }
const freezes = {
  company: MARCH,
  audit: { from: '2026-03-03T00:00', until: '2026-03-05T00:00' },
  broken: { ics: 'gone' },
}
const demo = demoInstallation()
const installation: Installation = {
  ...demo,
  people: [...demo.people, { id: 'ci', program: true }],
  groups: { 'checkout-owners': ['alice', 'ci'] },
  freezes,
  calendars: createCalendars({ windows: {}, freezes }, () => 'no calendar'),
}
const day = (text: string) => Date.parse(`2026-03-${text}:00Z`)

function start(at: string, person: string, more: { override?: boolean; reason?: string; freeze?: string[] } = {}) {
  const { override = false, reason = 'hotfix', freeze = ['company'] } = more
  const plan = { ...validPlan(), windows: { only: [], freeze } }
  const actor = { person, entrance: 'cli' } as const
  return throughFreezes(plan, { actor, reason, overridesFreeze: override }, installation, day(at))
}

const refusalOf = (body: () => unknown) => {
  try {
    body()
  } catch (error) {
    return error
  }
  throw new Error('nothing was refused')
}

describe('a start in a freeze', () => {
  it.each(['alice', 'ci'])('is refused with its end and who may override it, asked by %s', (person) => {
    expect(refusalOf(() => start('02T12:00', person))).toMatchObject({
      code: 'lane.frozen',
      message: 'checkout/production is frozen by the freeze company until 2026-03-04 00:00 UTC',
      fix: 'wait for its end, or ask somebody of checkout-owners to start with --override-freeze and a reason',
    })
  })

  it('goes through where the plan only sets flags off: that is a way back', () => {
    const off = { weight: 0, cohorts: [], byFlags: true, flags: { a: { weight: 0, cohorts: [] } } } as const
    const actions = [{ kind: 'expose', step: 1, label: 'flag a off', exposure: off }] as const
    const plan = { ...validPlan(), actions, windows: { only: [], freeze: ['company'] } }
    const wish = { actor: { person: 'ci', entrance: 'cli' }, reason: '', overridesFreeze: false } as const
    expect(throughFreezes(plan, wish, installation, day('02T12:00')).plan).toBe(plan)
    expect(freezeNotes(plan, installation, day('02T12:00'))).toEqual([])
  })

  it('goes through for a person whom the freeze lets, with a reason, and the plan says who left it aside', () => {
    const { plan } = start('02T12:00', 'alice', { override: true, freeze: ['company', 'audit'] })
    expect(plan.windows).toEqual({
      only: [],
      freeze: ['audit'],
      overridden: { by: 'alice', reason: 'hotfix', freezes: ['company'] },
    })
  })

  it('is not overridden without a reason, by a stranger, by a program, or where nobody may', () => {
    const override = true
    expect(refusalOf(() => start('02T12:00', 'alice', { override, reason: '' }))).toMatchObject({
      code: 'request.invalid',
    })
    expect(refusalOf(() => start('02T12:00', 'bob', { override }))).toMatchObject({ code: 'command.forbidden' })
    expect(refusalOf(() => start('02T12:00', 'ci', { override }))).toMatchObject({
      code: 'command.forbidden',
      message: 'a program may not override a freeze',
    })
    expect(refusalOf(() => start('04T12:00', 'alice', { override, freeze: ['audit'] }))).toMatchObject({
      message: 'alice may not override the freeze audit',
      fix: 'wait for its end: sluice.yaml lets nobody override the freeze audit',
    })
  })
})

describe('a start outside a freeze', () => {
  it('goes through unchanged for everybody, also with an override that nobody needs', () => {
    for (const person of ['alice', 'bob', 'ci']) {
      const { plan, notes } = start('01T00:00', person, { override: true, reason: '' })
      expect([plan.windows, notes]).toEqual([{ only: [], freeze: ['company'] }, []])
    }
  })

  it('is told of the freeze that its plan runs into', () => {
    expect(start('01T23:50', 'ci').notes).toEqual([
      'planned to end 2026-03-02 00:30 UTC, but the freeze company begins 2026-03-02 00:00 UTC: what is not done by then waits until 2026-03-04 00:00 UTC',
    ])
  })

  it('goes through where the calendar cannot be read, and is told so: its first raise waits', () => {
    expect(start('01T00:00', 'ci', { freeze: ['broken'] }).notes.join()).toMatch(/the calendar file cannot be read/)
  })

  it('of a plan without windows has nothing to ask', () => {
    const plan = validPlan()
    const wish = { actor: { person: 'ci', entrance: 'http' }, reason: '', overridesFreeze: false } as const
    expect(throughFreezes(plan, wish, installation, day('02T12:00'))).toEqual({ plan, notes: [] })
  })
})

describe('whoever only looks at a plan', () => {
  const notesAt = (at: string, freeze: string[]) =>
    freezeNotes({ ...validPlan(), windows: { only: [], freeze } }, installation, day(at))

  it('is told of a freeze that holds now, of those that the plan runs into, and of a calendar that cannot be read', () => {
    expect(notesAt('02T12:00', ['company'])).toEqual([
      'a start is refused now: the freeze company lasts until 2026-03-04 00:00 UTC',
    ])
    expect(notesAt('01T23:59', ['company'])).toEqual([
      expect.stringMatching(/^planned to end .*, but the freeze company begins 2026-03-02 00:00 UTC/),
    ])
    expect(notesAt('01T12:00', ['company'])).toEqual([])
    expect(notesAt('01T12:00', ['broken'])).toEqual([expect.stringContaining('no calendar')])
    expect(freezeNotes(validPlan(), installation, day('02T12:00'))).toEqual([])
  })
})
