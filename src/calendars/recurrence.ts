import { RRuleTemporal } from 'rrule-temporal'
import { Temporal } from 'temporal-polyfill'
import type { Span } from '../domain/calendar/spans.ts'
import { SluiceError } from '../domain/errors.ts'
import type { Instant } from '../domain/units.ts'
import { instantOf, wallOf } from './wall-time.ts'

/** A rule of RFC 5545 by the clocks of a zone. */
interface Recurrence {
  readonly rrule: string
  readonly start: Temporal.PlainDateTime
  readonly zone: string
}

/** Periods of a rule that are looked at: bounds what a rule that hardly ever happens, or every second, costs. */
const MOST_PERIODS = 40_000

/**
 * When a rule happens in a stretch. It is worked out on the clock's face and put into the zone afterwards: a time that the
 * clocks skip must not be left out, as RFC 5545 has it, since a freeze would be missing on that day.
 * @throws SluiceError `config.invalid` for a rule that cannot be read or happens too often
 */
export function occurrences({ rrule, start, zone }: Recurrence, { from, until }: Span): readonly Instant[] {
  try {
    const rule = new RRuleTemporal({
      ...{ rruleString: onTheFace(rrule, zone), dtstart: start.toZonedDateTime('UTC'), tzid: 'UTC' },
      ...{ temporal: Temporal, strict: true, maxIterations: MOST_PERIODS, cache: false },
    })
    const [first, last] = [faceOf(from, zone) - DAY, faceOf(until, zone) + DAY]
    return rule
      .between(new Date(first), new Date(last), true)
      .map((at) => instantOf(at.toPlainDateTime(), zone))
      .filter((at) => from <= at && at < until)
  } catch (cause) {
    throw new SluiceError('config.invalid', {
      message: `this recurrence rule cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`,
      received: rrule,
      expected: 'a rule of RFC 5545, such as FREQ=WEEKLY;BYDAY=FR',
      fix: 'write another rule, or a coarser one',
      cause,
    })
  }
}

const DAY = 86_400_000

function faceOf(at: Instant, zone: string): Instant {
  return wallOf(at, zone).toZonedDateTime('UTC').epochMilliseconds
}

/** The rule's own end as what the clocks show then; it is written in UTC wherever the start has a zone. */
function onTheFace(rrule: string, zone: string): string {
  return rrule
    .trim()
    .replace(/^RRULE:/i, '')
    .replace(
      /UNTIL=(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(Z?)/i,
      (_, year, month, day, hour, minute, second, isUtc) => {
        const written = `${year}-${month}-${day}T${hour}:${minute}:${second}`
        const face = isUtc === '' ? Temporal.PlainDateTime.from(written) : wallOf(Date.parse(`${written}Z`), zone)
        return `UNTIL=${face.toString({ smallestUnit: 'second' }).replaceAll(/[-:]/g, '')}Z`
      },
    )
}
