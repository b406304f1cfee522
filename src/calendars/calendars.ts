import { parseWeekly } from '../domain/calendar/weekly.ts'
import type { CalendarPage, RulePages, WindowRule } from '../domain/calendar/window-rule.ts'
import { SluiceError } from '../domain/errors.ts'
import { useOneOr } from '../domain/problems.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'
import { type Calendar, type CalendarForm, openCalendar, type ReadBeside } from './calendar.ts'

/** How far ahead calendars are read: a year and a month, so that what comes once a year is seen. */
export const AHEAD: Milliseconds = 400 * 86_400_000
/** How far back, so that the beginning of what is going on is known. */
const BACK: Milliseconds = 35 * 86_400_000

/** The windows and freezes of an installation. */
export interface Calendars {
  readonly windows: readonly string[]
  readonly freezes: readonly string[]
  /**
   * What the calendars of a rule say around a moment.
   * @throws SluiceError `config.invalid` for a name that is not there any more and for a file that cannot be read
   */
  readonly pagesOf: (rule: WindowRule, at: Instant) => RulePages
}

interface CalendarForms {
  readonly windows: Readonly<Record<string, CalendarForm>>
  readonly freezes: Readonly<Record<string, CalendarForm>>
}

/** The calendars that these forms write, which have been checked. Each is opened when it is first asked for. */
export function createCalendars(forms: CalendarForms, readBeside: ReadBeside): Calendars {
  const opened = new Map<string, Calendar>()

  function calendarOf(kind: 'windows' | 'freezes', name: string): Calendar {
    const key = `${kind} ${name}`
    const known = opened.get(key)
    if (known !== undefined) return known
    const written = Object.hasOwn(forms[kind], name) ? forms[kind][name] : undefined
    const form = written ?? (kind === 'windows' && parseWeekly(name).ok ? name : null)
    if (form === null) throw unknown(kind, name, Object.keys(forms[kind]))
    const calendar = openCalendar(form, readBeside)
    // A weekly text of some plan is no calendar of the installation: it is not kept.
    if (written !== undefined) opened.set(key, calendar)
    return calendar
  }

  return {
    windows: Object.keys(forms.windows),
    freezes: Object.keys(forms.freezes),
    pagesOf({ only, freeze }, at) {
      const whole = { from: at - BACK, until: at + AHEAD }
      const pages = (kind: 'windows' | 'freezes', names: readonly string[]) =>
        names.map((name): CalendarPage => ({ name, spans: calendarOf(kind, name)(whole) }))
      return { whole, only: pages('windows', only), freeze: pages('freezes', freeze) }
    },
  }
}

/** Where no installation is at hand: weekly texts alone. */
export const NO_CALENDARS = createCalendars({ windows: {}, freezes: {} }, (path) => {
  throw new SluiceError('config.invalid', { message: `${path} cannot be read here`, fix: 'name the sluice.yaml' })
})

function unknown(kind: 'windows' | 'freezes', name: string, known: readonly string[]): SluiceError {
  const what = kind === 'windows' ? 'window' : 'freeze'
  const weekly = kind === 'windows' ? ', or a weekly text such as Mon-Fri 09:00-16:00 Europe/Berlin' : ''
  return new SluiceError('config.invalid', {
    message: `there is no ${what} of this name`,
    received: name,
    expected: `a ${what} from sluice.yaml: ${known.length === 0 ? 'none is there' : known.join(', ')}${weekly}`,
    fix: useOneOr(weekly === '' ? known : [weekly], 'ask an administrator to add this one'),
  })
}
