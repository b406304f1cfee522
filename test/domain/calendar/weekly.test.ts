import { describe, expect, it } from 'vitest'
import { parseWeekly } from '../../../src/domain/calendar/weekly.ts'

const daysOf = (text: string) => {
  const read = parseWeekly(`${text} 09:00-16:00 UTC`)
  return read.ok ? read.value.days : null
}

describe('a weekly window', () => {
  it('is days, times and a zone', () => {
    expect(parseWeekly('Mon-Fri 09:00-16:30 Europe/Berlin')).toEqual({
      ok: true,
      value: { days: [1, 2, 3, 4, 5], from: 540, until: 990, zone: 'Europe/Berlin' },
    })
  })

  it.each([
    ['Mon', [1]],
    ['Sat-Sun', [6, 7]],
    ['Fri-Mon', [1, 5, 6, 7]],
    ['Mon,Wed,Fri', [1, 3, 5]],
    ['Mon-Tue,Sun', [1, 2, 7]],
    ['Mon-Sun', [1, 2, 3, 4, 5, 6, 7]],
  ])('reads the days %s', (text, days) => {
    expect(daysOf(text)).toEqual(days)
  })

  it.each([
    'Mon-Fri',
    'Mon-Fri 9:00-16:00 UTC',
    'Mon-Fri 09:00-16:00',
    'mon-fri 09:00-16:00 UTC',
    'Mon-Wed-Fri 09:00-16:00 UTC',
    'Mon, 09:00-16:00 UTC',
    'Mon 09:00-24:01 UTC',
    'Mon 09:60-10:00 UTC',
    'Mon 24:00-10:00 UTC',
    'Mon 09:00-09:00 UTC',
    '',
    'office-hours',
  ])('is not %j', (text) => {
    expect(parseWeekly(text).ok).toBe(false)
  })

  it('may last until midnight or the next day', () => {
    expect(parseWeekly('Mon 09:00-24:00 UTC').ok).toBe(true)
    expect(parseWeekly('Mon 22:00-04:00 UTC')).toMatchObject({ value: { from: 1_320, until: 240 } })
  })
})
