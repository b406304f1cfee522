import ICAL from 'ical.js'
import { Temporal } from 'temporal-polyfill'
import type { Span } from '../domain/calendar/spans.ts'
import { SluiceError } from '../domain/errors.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'
import { occurrences } from './recurrence.ts'
import { instantOf, isZone } from './wall-time.ts'

const MOST_CHARACTERS = 1_048_576
const MOST_EVENTS = 5_000

/**
 * The events of an iCalendar file (RFC 5545) in a stretch, with their recurrences, exceptions and moved occurrences. Times
 * without a zone, and whole days, are by the clocks of `zone`. What is cancelled or marked as free time is left out.
 * @throws SluiceError `config.invalid`
 */
export function readIcs(text: string, zone: string, whole: Span): readonly Span[] {
  const events = eventsOf(text)
  const movedFrom = new Map<string, Set<Instant>>()
  for (const event of events) {
    const original = event.getFirstProperty('recurrence-id')
    if (original === null) continue
    const uid = uidOf(event)
    movedFrom.set(uid, (movedFrom.get(uid) ?? new Set()).add(momentOf(timesOf(original)[0], original, zone)))
  }
  return events.flatMap((event) => {
    if (textOf(event, 'status') === 'CANCELLED' || textOf(event, 'transp') === 'TRANSPARENT') return []
    const isMoved = event.getFirstProperty('recurrence-id') !== null
    return spansOf(event, isMoved ? new Set() : (movedFrom.get(uidOf(event)) ?? new Set()), zone, whole)
  })
}

function eventsOf(text: string): readonly ICAL.Component[] {
  if (text.length > MOST_CHARACTERS) throw unreadable(`it has more than ${MOST_CHARACTERS} characters`)
  let root: unknown
  try {
    root = ICAL.parse(text)
  } catch (cause) {
    throw unreadable(cause instanceof Error ? cause.message : String(cause))
  }
  if (!Array.isArray(root) || root[0] !== 'vcalendar') throw unreadable('it holds no calendar, or more than one')
  const events = new ICAL.Component(root).getAllSubcomponents('vevent')
  if (events.length > MOST_EVENTS) throw unreadable(`it has more than ${MOST_EVENTS} events`)
  return events
}

function spansOf(event: ICAL.Component, moved: ReadonlySet<Instant>, zone: string, whole: Span): readonly Span[] {
  const property = event.getFirstProperty('dtstart')
  const [start] = property === null ? [] : timesOf(property)
  if (property === null || start === undefined) throw unreadable(`the event ${uidOf(event)} has no start`)
  const clocks = zoneOf(property, start, zone)
  const first = momentOf(start, property, zone)
  const lasts = lengthOf(event, start, first, zone)
  const wide = { from: whole.from - lasts, until: whole.until }
  const rules = event.getAllProperties('rrule').map((rule) => String(rule.getFirstValue()))
  const repeated = rules.flatMap((rrule) => occurrences({ rrule, start: wallOf(start), zone: clocks }, wide))
  const further = event.getAllProperties('rdate').flatMap((one) => timesOf(one).map((at) => momentOf(at, one, zone)))
  const left = event.getAllProperties('exdate').flatMap((one) => timesOf(one).map((at) => momentOf(at, one, zone)))
  const begins = new Set([first, ...repeated, ...further])
  return [...begins]
    .filter((at) => !moved.has(at) && !left.includes(at))
    .map((at) => ({ from: at, until: start.isDate ? wholeDays(at, lasts, clocks) : at + lasts }))
}

/** Whole days end at midnight, also those that have 23 or 25 hours. */
function wholeDays(at: Instant, lasts: Milliseconds, zone: string): Instant {
  const days = Math.max(1, Math.round(lasts / 86_400_000))
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).add({ days }).epochMilliseconds
}

function lengthOf(event: ICAL.Component, start: ICAL.Time, first: Instant, zone: string): Milliseconds {
  const end = event.getFirstProperty('dtend')
  const [over] = end === null ? [] : timesOf(end)
  if (end !== null && over !== undefined) return Math.max(0, momentOf(over, end, zone) - first)
  const duration = event.getFirstPropertyValue('duration')
  if (duration instanceof ICAL.Duration) return Math.max(0, duration.toSeconds() * 1_000)
  return start.isDate ? 86_400_000 : 0
}

function timesOf(property: ICAL.Property): readonly ICAL.Time[] {
  return property.getValues().flatMap((value: unknown) => {
    if (value instanceof ICAL.Time) return [value]
    return value instanceof ICAL.Period && value.start !== null ? [value.start] : []
  })
}

function momentOf(time: ICAL.Time | undefined, property: ICAL.Property, zone: string): Instant {
  if (time === undefined) throw unreadable(`${property.name} has no time`)
  return instantOf(wallOf(time), zoneOf(property, time, zone))
}

/** The zone by its own name where this machine knows it; names that only the file explains are refused. */
function zoneOf(property: ICAL.Property, time: ICAL.Time, zone: string): string {
  if (time.zone === ICAL.Timezone.utcTimezone) return 'UTC'
  const named: unknown = property.getParameter('tzid')
  if (typeof named !== 'string' || time.isDate) return zone
  if (isZone(named)) return named
  throw unreadable(`it names the time zone ${named}, which is none of the IANA database`)
}

function wallOf({ year, month, day, hour, minute, second, isDate }: ICAL.Time): Temporal.PlainDateTime {
  const clock = isDate ? {} : { hour, minute, second }
  return Temporal.PlainDateTime.from({ year, month, day, ...clock }, { overflow: 'reject' })
}

function textOf(event: ICAL.Component, name: string): string {
  return String(event.getFirstPropertyValue(name) ?? '').toUpperCase()
}

function uidOf(event: ICAL.Component): string {
  return String(event.getFirstPropertyValue('uid') ?? '')
}

function unreadable(why: string): SluiceError {
  return new SluiceError('config.invalid', {
    message: `the calendar file cannot be read: ${why}`,
    expected: 'an iCalendar file of RFC 5545, as calendar programs export it',
    fix: 'export it again, or name another file',
  })
}
