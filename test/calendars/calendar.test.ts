import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CalendarForm, openCalendar } from '../../src/calendars/calendar.ts'
import { merged, spanAt } from '../../src/domain/calendar/spans.ts'

const noFile = (path: string) => {
  throw new Error(`nobody was to read ${path}`)
}
const YEAR = { from: Date.UTC(2026, 0, 1), until: Date.UTC(2027, 0, 1) }
const HOUR = 3_600_000
const utc = (at: number) => new Date(at).toISOString().slice(0, 16)

/** The spans of a calendar that touch a UTC day, as texts. */
function around(form: CalendarForm, day: string) {
  const from = Date.parse(`${day}T00:00Z`)
  const whole = { from: from - 12 * HOUR, until: from + 36 * HOUR }
  return openCalendar(form, noFile)(whole).map((span) => `${utc(span.from)} to ${utc(span.until)}`)
}

describe('a weekly window', () => {
  it.each([
    // The hours of Berlin before and after the change in March, and in October.
    ['Europe/Berlin', '2026-03-28', '2026-03-28T08:00 to 2026-03-28T15:00'],
    ['Europe/Berlin', '2026-03-29', '2026-03-29T07:00 to 2026-03-29T14:00'],
    ['Europe/Berlin', '2026-10-24', '2026-10-24T07:00 to 2026-10-24T14:00'],
    ['Europe/Berlin', '2026-10-25', '2026-10-25T08:00 to 2026-10-25T15:00'],
    ['America/New_York', '2026-03-07', '2026-03-07T14:00 to 2026-03-07T21:00'],
    ['America/New_York', '2026-03-08', '2026-03-08T13:00 to 2026-03-08T20:00'],
    ['America/New_York', '2026-11-01', '2026-11-01T14:00 to 2026-11-01T21:00'],
    ['America/Asuncion', '2026-06-01', '2026-06-01T12:00 to 2026-06-01T19:00'],
    ['Africa/Johannesburg', '2026-03-29', '2026-03-29T07:00 to 2026-03-29T14:00'],
    ['Asia/Kolkata', '2026-03-29', '2026-03-29T03:30 to 2026-03-29T10:30'],
  ])('keeps the hours of %s on %s', (zone, day, expected) => {
    expect(around(`Mon-Sun 09:00-16:00 ${zone}`, day)).toContain(expected)
  })

  it.each([
    ['2026-04-05', '2026-04-04T23:00 to 2026-04-05T06:00'],
    ['2026-04-04', '2026-04-03T22:00 to 2026-04-04T05:00'],
    ['2026-10-04', '2026-10-03T22:00 to 2026-10-04T05:00'],
    ['2026-10-03', '2026-10-02T23:00 to 2026-10-03T06:00'],
  ])('keeps the hours of Sydney on %s, where summer ends in April', (day, expected) => {
    expect(around('Mon-Sun 09:00-16:00 Australia/Sydney', day)).toContain(expected)
  })

  it('that begins in the hour that the clocks skip begins once they have, and one over it is an hour shorter', () => {
    expect(around('Sun 02:30-05:00 Europe/Berlin', '2026-03-29')).toEqual(['2026-03-29T01:00 to 2026-03-29T03:00'])
    expect(around('Sun 01:00-04:00 Europe/Berlin', '2026-03-29')).toEqual(['2026-03-29T00:00 to 2026-03-29T02:00'])
  })

  it.each([
    ['Europe/Berlin', '2026-03-29', '2026-03-29T01:00'],
    ['America/New_York', '2026-03-08', '2026-03-08T07:00'],
  ])('that begins in the hour that the clocks of %s skip, and ends soon after it, is there', (zone, day, begin) => {
    const [hour] = begin.split(':')
    expect(around(`Sun 02:30-03:15 ${zone}`, day)).toEqual([`${begin} to ${hour}:15`])
    expect(around(`Sun 02:30-03:00 ${zone}`, day)).toEqual([])
    expect(around(`Sun 02:15-02:45 ${zone}`, day)).toEqual([`${begin} to ${hour}:45`])
    expect(around({ from: `${day}T02:15`, until: `${day}T03:05`, zone }, day)).toEqual([`${begin} to ${hour}:05`])
  })

  it('over the hour that the clocks show twice is an hour longer, and one that begins in it begins the first time', () => {
    expect(around('Sun 01:00-04:00 Europe/Berlin', '2026-10-25')).toEqual(['2026-10-24T23:00 to 2026-10-25T03:00'])
    expect(around('Sun 02:30-04:00 Europe/Berlin', '2026-10-25')).toEqual(['2026-10-25T00:30 to 2026-10-25T03:00'])
  })

  it('may go over midnight, and the Sunday into the Monday', () => {
    expect(around('Sun 22:00-04:00 UTC', '2026-03-29')).toEqual(['2026-03-29T22:00 to 2026-03-30T04:00'])
  })

  const ZONES = [
    'Europe/Berlin',
    'Europe/London',
    'America/New_York',
    'America/St_Johns',
    'America/Santiago',
    'Australia/Sydney',
    'Australia/Lord_Howe',
    'Pacific/Auckland',
    'Pacific/Chatham',
    'Africa/Casablanca',
    'Asia/Kathmandu',
    'UTC',
  ] as const
  const clocks = new Map(
    ZONES.map((zone) => {
      const parts = { weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
      return [zone, new Intl.DateTimeFormat('en-GB', { ...parts, timeZone: zone })]
    }),
  )
  const offsets = new Map(
    ZONES.map((zone) => [zone, new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: 'longOffset' })]),
  )
  const clock = (zone: (typeof ZONES)[number], at: number) => {
    const [day = '', time = ''] = clocks.get(zone)?.format(at).split(' ') ?? []
    return { day, minutes: Number(time.slice(0, 2)) * 60 + Number(time.slice(3)) }
  }
  const offset = (zone: (typeof ZONES)[number], at: number) => offsets.get(zone)?.format(at).split(' ').at(-1)

  it('is open exactly when the clocks of its zone say so, in every zone and at every hour away from a change', () => {
    const text = (minutes: number) =>
      `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
    fc.assert(
      fc.property(
        fc.constantFrom(...ZONES),
        fc.integer({ min: YEAR.from, max: YEAR.until }).map((at) => at - (at % 60_000)),
        fc.integer({ min: 0, max: 1_438 }),
        fc.integer({ min: 1, max: 1_440 }),
        fc.subarray(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'], { minLength: 1 }),
        (zone, at, from, length, days) => {
          fc.pre([-3, -1, 1, 3].every((hours) => offset(zone, at) === offset(zone, at + hours * HOUR)))
          const until = Math.min(1_440, from + length)
          fc.pre(from < until)
          const open = openCalendar(`${days.join(',')} ${text(from)}-${text(until)} ${zone}`, noFile)
          const spans = open({ from: at - 24 * HOUR, until: at + 24 * HOUR })
          const { day, minutes } = clock(zone, at)
          expect(spanAt(spans, at) !== null).toBe(days.includes(day) && from <= minutes && minutes < until)
        },
      ),
      { numRuns: 400 },
    )
  })

  it('and the rest of the day make up the whole year, over every change', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), fc.integer({ min: 1, max: 95 }), (zone, quarter) => {
        const hour = `${String(Math.floor(quarter / 4)).padStart(2, '0')}:${String((quarter % 4) * 15).padStart(2, '0')}`
        const both = [`Mon-Sun 00:00-${hour} ${zone}`, `Mon-Sun ${hour}-24:00 ${zone}`]
        expect(merged(both.flatMap((form) => openCalendar(form, noFile)(YEAR)))).toEqual([YEAR])
      }),
      { numRuns: 40 },
    )
  })
})

describe('a recurrence rule', () => {
  const night = (rrule: string, more: object = {}): CalendarForm => ({
    ...{ rrule, start: '2026-01-01T02:30', lasts: 4 * HOUR, zone: 'Europe/Berlin' },
    ...more,
  })

  it('happens by the clocks, and is not left out in the night in which its time is skipped', () => {
    expect(around(night('FREQ=DAILY'), '2026-03-28')).toContain('2026-03-28T01:30 to 2026-03-28T05:30')
    expect(around(night('FREQ=DAILY'), '2026-03-29')).toContain('2026-03-29T01:30 to 2026-03-29T05:30')
    expect(around(night('FREQ=DAILY'), '2026-03-30')).toContain('2026-03-30T00:30 to 2026-03-30T04:30')
  })

  it('is seen while it lasts, however long ago it began', () => {
    const form = { rrule: 'FREQ=YEARLY', start: '2024-12-20T18:00', lasts: 16 * 24 * HOUR, zone: 'Europe/Berlin' }
    expect(around(form, '2026-01-03')).toEqual(['2026-01-02T12:00 to 2026-01-04T12:00'])
    expect(around(form, '2026-01-07')).toEqual([])
  })

  it('ends with its UNTIL, which is written in UTC, and with its COUNT', () => {
    const until = 'FREQ=DAILY;UNTIL=20260328T013000Z'
    expect(around(night(until), '2026-03-28')).toContain('2026-03-28T01:30 to 2026-03-28T05:30')
    expect(around(night(until), '2026-03-30')).toEqual([])
    expect(around(night('FREQ=DAILY;COUNT=2'), '2026-01-02')).toEqual(['2026-01-02T01:30 to 2026-01-02T05:30'])
    expect(around(night('FREQ=DAILY;COUNT=2'), '2026-01-04')).toEqual([])
  })

  it('that never comes is no window, and takes no time to find out', () => {
    expect(openCalendar(night('FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30'), noFile)(YEAR)).toEqual([])
  })

  it.each(['FREQ=NOPE', 'hello', 'FREQ=DAILY;INTERVAL=0', 'FREQ=WEEKLY;BYDAY=XX', ''])('%j is refused', (rrule) => {
    expect(() => openCalendar(night(rrule), noFile)).toThrow(/this recurrence rule cannot be used/)
  })

  it('that happens every second is refused instead of worked out', () => {
    expect(() => openCalendar(night('FREQ=SECONDLY'), noFile)(YEAR)).toThrow(/cannot be used/)
  })
})

describe('a calendar that comes once', () => {
  it('goes by the clocks of its zone', () => {
    const form = { from: '2026-11-07T00:00', until: '2026-11-09T06:00', zone: 'Europe/Berlin' }
    expect(openCalendar(form, noFile)(YEAR).map((span) => [utc(span.from), utc(span.until)])).toEqual([
      ['2026-11-06T23:00', '2026-11-09T05:00'],
    ])
  })
})

describe('what is no calendar', () => {
  it.each<readonly [CalendarForm, string]>([
    ['whenever', 'this is no weekly window'],
    ['Mon 09:00-16:00 Europe/Berlinn', 'there is no such time zone'],
    [{ from: '2026-02-30T00:00', until: '2026-03-01T00:00' }, 'this is no time of a clock'],
    [{ from: '2026-03-02', until: '2026-03-01T00:00' }, 'this is no time of a clock'],
    [{ from: '2026-03-02T00:00', until: '2026-03-01T00:00' }, 'until is not after from'],
  ])('%j is refused', (form, message) => {
    expect(() => openCalendar(form, noFile)).toThrow(message)
  })
})
