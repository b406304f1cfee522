import { describe, expect, it } from 'vitest'
import { createCalendars } from '../../../src/calendars/calendars.ts'
import { problemOfRule } from '../../../src/calendars/rule-problem.ts'
import type { WindowRule } from '../../../src/domain/calendar/window-rule.ts'
import { readPlanText } from '../../../src/domain/plan/plan-text.ts'
import { windowsText } from '../../../src/domain/plan/plan-windows.ts'
import { FACTS, planContext } from './plan-context.ts'

const FACTS_HERE = { ...FACTS, metrics: { proxy: FACTS.metrics['prometheus']! } }
const calendars = createCalendars(
  {
    windows: {
      'office-hours': 'Mon-Fri 09:00-16:00 Europe/Berlin',
      past: { from: '2025-01-01T00:00', until: '2025-01-02T00:00' },
      file: { ics: 'broken.ics' },
    },
    freezes: { company: 'Sat-Sun 00:00-24:00 UTC', always: 'Mon-Sun 00:00-24:00 UTC' },
  },
  () => 'no calendar',
)

function read(text: string, freezes?: readonly string[]) {
  const facts = freezes === undefined ? FACTS_HERE : { ...FACTS_HERE, freezes }
  const now = Date.UTC(2026, 2, 2)
  const context = { ...planContext(facts), windowProblem: (rule: WindowRule) => problemOfRule(rule, calendars, now) }
  return readPlanText(`service: checkout\nenvironment: production\n${text}`, 'plan.yaml', context)
}

function windowsOf(text: string, freezes?: readonly string[]) {
  const result = read(text, freezes)
  if ('problems' in result) throw new Error(JSON.stringify(result.problems))
  return result.plan.windows
}

const FULL = 'steps:\n  - weight: 100%\n'
const gate = (window: string) => `steps:\n  - gate: { window: ${window} }\n  - weight: 100%\n`

describe('the windows of a plan in one line', () => {
  it('say when exposures are raised', () => {
    expect(windowsText({ windows: { only: ['a', 'b'], freeze: ['c', 'd'] } })).toBe(
      'exposures are raised only in a or b, not in the freezes c, d',
    )
    expect(windowsText({})).toBeNull()
  })
})

describe('the windows of a plan', () => {
  it('are absent where neither it nor its target has any', () => {
    expect(windowsOf(FULL)).toBeUndefined()
  })

  it('are names, weekly texts and lists of them, with the freezes of the target first', () => {
    expect(windowsOf(`${FULL}windows: { only: office-hours, freeze: company }\n`)).toEqual({
      only: ['office-hours'],
      freeze: ['company'],
    })
    expect(windowsOf(`${FULL}windows: { only: [office-hours, "Sat 09:00-12:00 UTC"] }\n`, ['company'])).toEqual({
      only: ['office-hours', 'Sat 09:00-12:00 UTC'],
      freeze: ['company'],
    })
    expect(windowsOf(FULL, ['company'])).toEqual({ only: [], freeze: ['company'] })
  })

  it('of a gate are a name or a weekly text', () => {
    expect('plan' in read(gate('office-hours'))).toBe(true)
    expect('plan' in read(gate('"Mon-Fri 09:00-16:00 Europe/Berlin"'))).toBe(true)
  })

  it.each([
    [gate('tea-time'), 4, 'there is no window of this name'],
    [gate('past'), 4, 'this never opens, so the release would wait for ever'],
    [gate('file'), 4, expect.stringMatching(/^the calendar file cannot be read: /)],
    [gate('Mon-Fri'), 4, 'this value is not accepted'],
    [gate('"Mon 09:00-16:00 Mars"'), 4, 'there is no such time zone'],
    [`${FULL}windows: { only: tea-time }\n`, 5, 'there is no window of this name'],
    [`${FULL}windows: { freeze: siesta }\n`, 5, 'there is no freeze of this name'],
    [`${FULL}windows: { freeze: always }\n`, 5, 'this never opens, so the release would wait for ever'],
    [
      `${FULL}windows: { only: "Sat 09:00-12:00 UTC", freeze: company }\n`,
      5,
      'this never opens, so the release would wait for ever',
    ],
  ])('%j is refused with its line and a fix', (text, line, message) => {
    const result = read(text)
    expect('problems' in result ? result.problems : []).toMatchObject([{ line, message, fix: expect.any(String) }])
  })
})
