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

/** What the clocks of a zone show. */
export function wallOf(at: Instant, zone: string): Temporal.PlainDateTime {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDateTime()
}
