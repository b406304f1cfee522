import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type BasisPoints,
  FULL_WEIGHT,
  formatDuration,
  formatPercent,
  formatWeight,
  type Instant,
  LONGEST_DURATION,
  type Milliseconds,
  parseDuration,
  parseWeight,
  writeDuration,
} from '../../src/domain/units.ts'

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

describe('parseWeight', () => {
  it.each([
    ['5%', 500],
    ['0%', 0],
    ['0.01%', 1],
    ['0.25%', 25],
    ['12.5%', 1_250],
    ['100%', 10_000],
    ['100.00%', 10_000],
    ['5 %', 500],
    ['005%', 500],
  ])('reads %s as %i basis points', (text, value) => {
    expect(parseWeight(text)).toEqual({ ok: true, value })
  })

  it.each([
    ...['', ' ', '5', '0x5', '0x5%', ' 5%', '5% ', '5  %', '1e2%', '１%', '%', '-5%', '+5%', '.5%', '5.%'],
    ...['100.01%', '101%', '999%', '0.001%', '5,5%', '5%%', '5\n%\n', '5% # half', 'NaN%', 'Infinity%', '1_0%', '٥%'],
  ])('does not guess what %j might mean', (text) => {
    expect(parseWeight(text)).toMatchObject({ ok: false, expected: expect.stringContaining('percent sign') })
  })

  it('reads back every weight it writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: FULL_WEIGHT }), (weight) => {
        expect(parseWeight(formatWeight(weight))).toEqual({ ok: true, value: weight })
      }),
    )
  })

  it('gives a whole number of basis points within the range, or nothing, for any text', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[0-9. %xeE+-]{0,8}$/),
      fc.double().map((value) => `${value}%`),
    )
    fc.assert(
      fc.property(texts, (text) => {
        const parsed = parseWeight(text)
        if (!parsed.ok) return
        expect(Number.isInteger(parsed.value) && parsed.value >= 0 && parsed.value <= FULL_WEIGHT).toBe(true)
        expect(parsed.value).toBe(Math.round(Number(text.replace(/\s?%$/, '')) * 100))
      }),
    )
  })
})

describe('parseDuration', () => {
  it.each([
    ['500ms', 500],
    ['90s', 90_000],
    ['10m', 600_000],
    ['4h', 14_400_000],
    ['2d', 172_800_000],
    ['0s', 0],
    ['90d', LONGEST_DURATION],
  ])('reads %s as %i ms', (text, value) => {
    expect(parseDuration(text)).toEqual({ ok: true, value })
  })

  it.each([
    ...['', '10', '10 m', ' 10m', '10m ', '1.5h', '-1h', '1h30m', '10M', '10min', '0x10s', '1e3s', '１m', 'm'],
    ...['PT10M', '9999999999s', 'Infinityd', '10ms10', '5%'],
  ])('does not guess what %j might mean', (text) => {
    expect(parseDuration(text)).toMatchObject({ ok: false })
  })

  it('refuses more than 90 days, whatever the unit', () => {
    for (const text of ['91d', '2161h', '129601m', '7776001s']) {
      expect(parseDuration(text)).toEqual({ ok: false, expected: 'at most 90d' })
    }
  })

  it('multiplies the number by its unit', () => {
    const unit = fc.constantFrom(...(Object.keys(UNITS) as (keyof typeof UNITS)[]))
    fc.assert(
      fc.property(fc.nat(89), unit, (count, named) => {
        expect(parseDuration(`${count}${named}`)).toEqual({ ok: true, value: count * UNITS[named] })
      }),
    )
  })
})

describe('formatDuration', () => {
  it.each([
    [0, '0s'],
    [-5, '0s'],
    [250, '250ms'],
    [999.6, '1000ms'],
    [12_000, '12s'],
    [65_000, '1m 5s'],
    [3_900_000, '1h 5m'],
    [259_200_000, '3d'],
    [93_784_000, '1d 2h'],
  ])('writes %d ms as %s', (duration, text) => {
    expect(formatDuration(duration)).toBe(text)
  })

  it('writes whole counts of one unit in a way that can be read back', () => {
    const counts = { s: 59, m: 59, h: 23, d: 90 } as const
    for (const [unit, most] of Object.entries(counts)) {
      for (let count = 1; count <= most; count += 1) {
        const parsed = parseDuration(`${count}${unit}`)
        expect(parsed.ok && formatDuration(parsed.value)).toBe(`${count}${unit}`)
      }
    }
  })

  it('writes a duration for a plan as one whole number that reads back as the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999_999 }), (duration) => {
        expect(parseDuration(writeDuration(duration))).toEqual({ ok: true, value: duration })
      }),
    )
    expect([5_400_000, 90_000, 172_800_000, 1_500].map(writeDuration)).toEqual(['90m', '90s', '2d', '1500ms'])
  })

  it('names two units at most, the larger one first', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_000, max: LONGEST_DURATION }), (duration) => {
        expect(formatDuration(duration)).toMatch(/^\d+[dhms](?: \d+[hms])?$/)
      }),
    )
  })
})

describe('a percentage', () => {
  it('has no more significant digits than are asked for, and no zeros at its end', () => {
    expect(formatPercent(0.0125, 3)).toBe('1.25%')
    expect([formatPercent(0.0125, 2), formatPercent(0, 3), formatPercent(1, 3)]).toEqual(['1.3%', '0%', '100%'])
  })
})

describe('numbers with a unit', () => {
  const at: Instant = 1_700_000_000_000
  const wait: Milliseconds = 60_000
  const weight: BasisPoints = 500
  const takeInstant = (value: Instant): number => value
  const takeDuration = (value: Milliseconds): number => value
  const takeWeight = (value: BasisPoints): number => value

  it('are refused by the compiler where another unit is asked for', () => {
    const mixedUp = [
      // @ts-expect-error: a duration is no point in time
      takeInstant(wait),
      // @ts-expect-error: nor is a share of traffic
      takeInstant(weight),
      // @ts-expect-error: a point in time is no duration
      takeDuration(at),
      // @ts-expect-error: nor is a share of traffic
      takeDuration(weight),
      // @ts-expect-error: a point in time is no share of traffic
      takeWeight(at),
      // @ts-expect-error: nor is a duration
      takeWeight(wait),
    ]
    // @ts-expect-error: the same where a function or a list is handed on
    const clock: () => Instant = (): Milliseconds => wait
    // @ts-expect-error: and where the value may be missing
    const none: Instant | null = [wait].at(0) ?? null
    expect([...mixedUp, clock(), none]).toHaveLength(8)
  })

  it('are taken where their own unit is asked for, and so are plain numbers and what is calculated', () => {
    expect([takeInstant(at), takeInstant(at + wait), takeDuration(wait), takeDuration(at - at)]).toEqual([
      ...[at, at + wait],
      ...[wait, 0],
    ])
    expect([takeWeight(weight), takeWeight(FULL_WEIGHT - weight), takeWeight(25)]).toEqual([500, 9_500, 25])
  })
})
