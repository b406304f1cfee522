import type { Parsed } from '../units.ts'

/** A window that comes every week: `Mon-Fri 09:00-16:00 Europe/Berlin`. */
export interface Weekly {
  /** ISO weekdays, Monday is 1. */
  readonly days: readonly number[]
  /** Minutes since midnight by the clocks of the zone; `until` at or below `from` is on the next day. */
  readonly from: number
  readonly until: number
  readonly zone: string
}

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
const WEEKLY = /^([A-Za-z,-]{1,40}) (\d\d:\d\d)-(\d\d:\d\d) ([A-Za-z0-9_+/-]{1,64})$/
const EXPECTED = 'days, times and a time zone, such as Mon-Fri 09:00-16:00 Europe/Berlin'

/** Reads the text of a weekly window. Whether there is such a zone is not looked at. */
export function parseWeekly(text: string): Parsed<Weekly> {
  const [, dayText = '', fromText = '', untilText = '', zone = ''] = WEEKLY.exec(text) ?? []
  const [days, from, until] = [daysOf(dayText), minutesOf(fromText), minutesOf(untilText)]
  if (days === null || from === null || until === null || from === 1_440 || from === until)
    return { ok: false, expected: EXPECTED }
  return { ok: true, value: { days, from, until, zone } }
}

function daysOf(text: string): readonly number[] | null {
  const found = text.split(',').map((part) => {
    const [first = 0, last = first, ...more] = part.split('-').map((name) => DAYS.indexOf(name) + 1)
    if (first === 0 || last === 0 || more.length > 0) return null
    const count = ((last - first + 7) % 7) + 1
    return Array.from({ length: count }, (_, index) => ((first - 1 + index) % 7) + 1)
  })
  if (found.includes(null)) return null
  return [...new Set(found.flatMap((days) => days ?? []))].sort((left, right) => left - right)
}

function minutesOf(text: string): number | null {
  const [hours = Number.NaN, minutes = Number.NaN] = text === '' ? [] : text.split(':').map(Number)
  const total = hours * 60 + minutes
  return minutes < 60 && total <= 1_440 ? total : null
}
