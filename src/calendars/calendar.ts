import { Temporal } from 'temporal-polyfill'
import { common, merged, type Span } from '../domain/calendar/spans.ts'
import { parseWeekly, type Weekly } from '../domain/calendar/weekly.ts'
import { SluiceError } from '../domain/errors.ts'
import type { Milliseconds } from '../domain/units.ts'
import { readIcs } from './ics.ts'
import { occurrences } from './recurrence.ts'
import { firstAt, instantOf, isZone, wallOf } from './wall-time.ts'

/** A calendar as an administrator writes it: a weekly text, or one of the other forms. */
export type CalendarForm =
  | string
  | {
      readonly weekly?: string | undefined
      readonly rrule?: string | undefined
      /** The first time of the rule by the clocks of the zone, `2026-01-01T22:00`. */
      readonly start?: string | undefined
      readonly lasts?: Milliseconds | undefined
      readonly from?: string | undefined
      readonly until?: string | undefined
      /** A path relative to `sluice.yaml`. */
      readonly ics?: string | undefined
      readonly zone?: string | undefined
    }

/** Says when it is, in any stretch: merged, and cut to the stretch. */
export type Calendar = (whole: Span) => readonly Span[]

/** Reads a file beside `sluice.yaml`. */
export type ReadBeside = (path: string) => string

/**
 * Opens a calendar. A file is read at each look, so that a change needs no restart.
 * @throws SluiceError `config.invalid` for what cannot be a calendar; so does the calendar itself when its file cannot be read
 */
export function openCalendar(form: CalendarForm, readBeside: ReadBeside): Calendar {
  const read = spansOf(form, readBeside)
  return (whole) => common([whole], merged(read(whole)))
}

function spansOf(form: CalendarForm, readBeside: ReadBeside): Calendar {
  if (typeof form === 'string') return weeklySpans(readWeekly(form))
  const { weekly, rrule, ics, from } = form
  if (weekly !== undefined) return weeklySpans(readWeekly(weekly))
  const zone = readZone(form.zone)
  if (ics !== undefined) return (whole) => readIcs(readBeside(ics), zone, whole)
  if (rrule !== undefined) {
    const { start, lasts = 0 } = form
    const rule = { rrule, start: readWall(start), zone }
    // A rule that cannot be read is said at once.
    occurrences(rule, { from: 0, until: 1 })
    return (whole) =>
      occurrences(rule, { from: whole.from - lasts, until: whole.until }).map((at) => ({ from: at, until: at + lasts }))
  }
  const once = { from: firstAt(readWall(from), zone), until: instantOf(readWall(form.until), zone) }
  if (once.from >= once.until)
    throw new SluiceError('config.invalid', { message: 'until is not after from', fix: 'write a later until' })
  return () => [once]
}

function readWeekly(text: string): Weekly {
  const parsed = parseWeekly(text)
  if (!parsed.ok)
    throw new SluiceError('config.invalid', {
      message: 'this is no weekly window',
      received: text,
      expected: parsed.expected,
      fix: 'write it in that form',
    })
  readZone(parsed.value.zone)
  return parsed.value
}

function readZone(zone = 'UTC'): string {
  if (isZone(zone)) return zone
  throw new SluiceError('config.invalid', {
    message: 'there is no such time zone',
    received: zone,
    expected: 'a zone of the IANA database, such as Europe/Berlin or UTC',
    fix: 'use one of these',
  })
}

function readWall(text = ''): Temporal.PlainDateTime {
  try {
    if (/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text)) return Temporal.PlainDateTime.from(text)
  } catch {
    // Falls through: a date that no calendar has.
  }
  throw new SluiceError('config.invalid', {
    message: 'this is no time of a clock',
    received: text,
    expected: 'a date and a time without a zone, such as 2026-12-20T18:00',
    fix: 'write it in that form',
  })
}

function weeklySpans({ days, from, until, zone }: Weekly): Calendar {
  return (whole) => {
    const spans: Span[] = []
    const last = wallOf(whole.until, zone).toPlainDate()
    let day = wallOf(whole.from, zone).toPlainDate().subtract({ days: 2 })
    for (; Temporal.PlainDate.compare(day, last) <= 0; day = day.add({ days: 1 })) {
      if (!days.includes(day.dayOfWeek)) continue
      const midnight = day.toPlainDateTime()
      const end = until <= from ? until + 1_440 : until
      const [begin, over] = [midnight.add({ minutes: from }), midnight.add({ minutes: end })]
      spans.push({ from: firstAt(begin, zone), until: instantOf(over, zone) })
    }
    return spans
  }
}
