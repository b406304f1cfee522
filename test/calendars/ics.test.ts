import { describe, expect, it } from 'vitest'
import { readIcs } from '../../src/calendars/ics.ts'

const calendarOf = (...events: readonly (readonly string[])[]) =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//test//test//EN',
    ...events.flatMap((lines, index) => [
      'BEGIN:VEVENT',
      ...(lines.some((line) => line.startsWith('UID:')) ? [] : [`UID:${index}`]),
      'DTSTAMP:20260101T000000Z',
      ...lines,
      'END:VEVENT',
    ]),
    'END:VCALENDAR',
  ].join('\r\n')

const WHOLE = { from: Date.UTC(2026, 0, 1), until: Date.UTC(2027, 0, 1) }
const utc = (at: number) => new Date(at).toISOString().slice(0, 16)
const spansOf = (...events: readonly (readonly string[])[]) =>
  readIcs(calendarOf(...events), 'Europe/Berlin', WHOLE).map((span) => `${utc(span.from)} to ${utc(span.until)}`)

describe('an iCalendar file', () => {
  it('has events in UTC, in a zone of their own, and without one', () => {
    expect(
      spansOf(
        ['DTSTART:20260302T080000Z', 'DTEND:20260302T100000Z'],
        ['DTSTART;TZID=America/New_York:20260302T080000', 'DTEND;TZID=America/New_York:20260302T100000'],
        ['DTSTART:20260302T080000', 'DURATION:PT90M'],
      ),
    ).toEqual([
      '2026-03-02T08:00 to 2026-03-02T10:00',
      '2026-03-02T13:00 to 2026-03-02T15:00',
      '2026-03-02T07:00 to 2026-03-02T08:30',
    ])
  })

  it('has whole days by the clocks, also the one of 23 hours', () => {
    expect(
      spansOf(['DTSTART;VALUE=DATE:20260329'], ['DTSTART;VALUE=DATE:20261224', 'DTEND;VALUE=DATE:20261227']),
    ).toEqual(['2026-03-28T23:00 to 2026-03-29T22:00', '2026-12-23T23:00 to 2026-12-26T23:00'])
  })

  it('repeats over a change of the clocks, leaves exceptions out and moves what was moved', () => {
    const weekly = [
      'UID:weekly',
      'DTSTART;TZID=Europe/Berlin:20260323T090000',
      'DTEND;TZID=Europe/Berlin:20260323T100000',
      'RRULE:FREQ=WEEKLY;COUNT=4',
      'EXDATE;TZID=Europe/Berlin:20260413T090000',
    ]
    const moved = [
      'UID:weekly',
      'RECURRENCE-ID;TZID=Europe/Berlin:20260406T090000',
      'DTSTART;TZID=Europe/Berlin:20260407T120000',
      'DTEND;TZID=Europe/Berlin:20260407T130000',
    ]
    expect(spansOf(weekly, moved).sort()).toEqual([
      '2026-03-23T08:00 to 2026-03-23T09:00',
      '2026-03-30T07:00 to 2026-03-30T08:00',
      '2026-04-07T10:00 to 2026-04-07T11:00',
    ])
  })

  it('says nothing by events that are cancelled or free', () => {
    const day = 'DTSTART;VALUE=DATE:20260302'
    expect(spansOf([day, 'STATUS:CANCELLED'], [day, 'TRANSP:TRANSPARENT'])).toEqual([])
  })

  it.each([
    ['', 'it holds no calendar'],
    ['hello', 'the calendar file cannot be read'],
    ['BEGIN:VCALENDAR\r\nBEGIN:VEVENT', 'the calendar file cannot be read'],
    [calendarOf(['SUMMARY:no start']), 'has no start'],
    [calendarOf(['DTSTART;TZID=Middle Earth:20260302T080000']), 'the time zone Middle Earth'],
    [
      calendarOf(['DTSTART:20260302T080000Z', 'RRULE:FREQ=SECONDLY', 'DURATION:PT1S']),
      'this recurrence rule cannot be used',
    ],
    [`${calendarOf()}\r\n${calendarOf()}`, 'it holds no calendar, or more than one'],
    ['x'.repeat(1_048_577), 'it has more than'],
  ])('%.40j is refused', (text, message) => {
    expect(() => readIcs(text, 'UTC', WHOLE)).toThrow(message)
  })
})
