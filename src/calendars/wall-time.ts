import { Temporal } from 'temporal-polyfill'
import type { Instant } from '../domain/units.ts'

/** Whether this machine knows a time zone of that name. */
export function isZone(zone: string): boolean {
  try {
    Temporal.Now.zonedDateTimeISO(zone)
    return true
  } catch {
    return false
  }
}

/** The moment of a time by the clocks of a zone. A time that the clocks skip is that much later, one they show twice the first. */
export function instantOf(wall: Temporal.PlainDateTime, zone: string): Instant {
  return wall.toZonedDateTime(zone, { disambiguation: 'compatible' }).epochMilliseconds
}

/** When the clocks of a zone first show a time or a later one: a time that they skip has come once they have. */
export function firstAt(wall: Temporal.PlainDateTime, zone: string): Instant {
  const shown = wall.toZonedDateTime(zone, { disambiguation: 'earlier' })
  const first = shown.toPlainDateTime().equals(wall) ? shown : shown.getTimeZoneTransition('next')
  return (first ?? shown).epochMilliseconds
}

/** What the clocks of a zone show. */
export function wallOf(at: Instant, zone: string): Temporal.PlainDateTime {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDateTime()
}
