import { openSpans, type WindowProblem, type WindowRule } from '../domain/calendar/window-rule.ts'
import { SluiceError } from '../domain/errors.ts'
import type { Instant } from '../domain/units.ts'
import { AHEAD, type Calendars } from './calendars.ts'

/** What is wrong with a rule from this moment on: a name that is not there, a calendar that cannot be read, no opening. */
export function problemOfRule(rule: WindowRule, calendars: Calendars, now: Instant): WindowProblem | null {
  try {
    const opens = openSpans(calendars.pagesOf(rule, now)).some(({ until }) => until > now)
    if (opens) return null
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    const { message, received = '', expected = '', fix = '' } = error
    return { message, received, expected, fix }
  }
  const { only, freeze } = rule
  return {
    message: 'this never opens, so the release would wait for ever',
    received: [...only, ...freeze.map((name) => `the freeze ${name}`)].join(', '),
    expected: `an opening within ${AHEAD / 86_400_000} days`,
    fix: 'name another window, or ask an administrator to extend this one',
  }
}
