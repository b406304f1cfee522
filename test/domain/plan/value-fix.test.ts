import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { reportIssues } from '../../../src/domain/plan/plan-issues.ts'
import {
  budgetText,
  durationText,
  nameText,
  ratioText,
  shareText,
  weightText,
} from '../../../src/domain/plan/plan-values.ts'

function fixOf(schema: z.ZodType, value: unknown): string | undefined {
  const fixes: (string | undefined)[] = []
  const parsed = schema.safeParse(value)
  if (!parsed.success) reportIssues(parsed.error.issues, [], value, ({ fix }) => fixes.push(fix), schema)
  return fixes[0]
}

function expectedOf(schema: z.ZodType, value: unknown): string | undefined {
  const all: (string | undefined)[] = []
  const parsed = schema.safeParse(value)
  if (!parsed.success) reportIssues(parsed.error.issues, [], value, ({ expected }) => all.push(expected), schema)
  return all[0]
}

describe('a zero', () => {
  it('is given no unit that would be refused with it', () => {
    expect(fixOf(budgetText, 0)).toBe('write it as text with its unit, such as 0.5x or 2x')
    expect(fixOf(budgetText, 2)).toBe('write 2x')
  })
})

describe('what is expected instead of a value', () => {
  it('is a form in the words of people', () => {
    const forms = [z.strictObject({}), z.record(z.string(), z.string()), z.array(z.string()), z.string(), z.boolean()]
    expect(forms.map((form) => expectedOf(form, 5))).toEqual([
      ...['keys with values', 'keys with values', 'a list', 'a text', 'true or false'],
    ])
    expect(expectedOf(z.number(), 'a')).toBe('a number')
  })

  it('is the words that may stand there, without quotes', () => {
    expect(expectedOf(z.enum(['rollback', 'pause']), 'stay')).toBe('one of rollback, pause')
    expect(expectedOf(z.literal('off'), 'on')).toBe('off')
  })

  const says = { error: 'expected on, a share or { set: off }' }
  const either = z.union([z.literal('on'), weightText, z.strictObject({ set: z.literal('off') })], says)

  it('is what a union says itself, unless the value came further in one of its forms', () => {
    expect(expectedOf(either, '33.333%')).toBe('on, a share or { set: off }')
    expect(expectedOf(either, ['on'])).toBe('on, a share or { set: off }')
    expect(expectedOf(either, { set: '10%' })).toBe('off')
  })
})

describe('the fix of a value that is not accepted', () => {
  it.each([
    ['10 minutes', '10m'],
    ['10 Min', '10m'],
    ['90 seconds', '90s'],
    ['1 hour', '1h'],
    ['1.5 hours', '90m'],
    ['2 days', '2d'],
    ['500 ms', '500ms'],
    ['1h 30m', '90m'],
  ])('is the duration that %s means', (text, meant) => {
    expect(fixOf(durationText, text)).toBe(`write ${meant}`)
    expect(durationText.safeParse(meant).success).toBe(true)
  })

  it.each(['soon', '10 lightyears', '100 days', '0.0001 seconds', '1 hour and a bit'])(
    'does not guess what %s means, and gives examples',
    (text) => {
      expect(fixOf(durationText, text)).toBe('write it as in 90s, 10m or 4h')
    },
  )

  it('is the share that percent in words means, and never a unit that nobody wrote', () => {
    expect(['5 percent', '0.25 per cent'].map((text) => fixOf(weightText, text))).toEqual(['write 5%', 'write 0.25%'])
    expect(fixOf(weightText, 5)).toBe('write it as text with its unit, such as 5% or 0.25%')
    expect(fixOf(weightText, '500 percent')).toBe('write it as in 5% or 0.25%')
  })

  it('is the ratio and the share that other signs and a space mean', () => {
    expect(['1.5×', '1.5 x', '2X'].map((text) => fixOf(ratioText, text))).toEqual([
      'write 1.5x',
      'write 1.5x',
      'write 2x',
    ])
    expect(fixOf(shareText, '2 %')).toBe('write 2%')
  })

  it('is an example where keys stand in the place of a word', () => {
    const either = z.union([z.literal('all'), z.strictObject({ of: z.string() })], {
      error: 'one such as { of: orders }',
    })
    expect(fixOf(either, ['orders'])).toBe('write it as in { of: orders }')
  })

  it('says what a text must say that is a text already', () => {
    expect(fixOf(z.string().regex(/^a/, { error: 'expected a word with an a' }), 'b')).toBe('write a word with an a')
  })

  it('is not the largest number that JavaScript can count to', () => {
    expect(expectedOf(z.int().min(1).max(10), 1e30)).toBe('a whole number')
  })

  it('is not the key itself where it belongs to another form', () => {
    const either = z.union([z.strictObject({ through: z.string() }), z.strictObject({ to: z.string() })])
    expect(fixOf(either, { to: 'a', through: 'b' })).toBe('remove it, or the keys it excludes')
  })

  it('is a word of the list, the nearest where one is near', () => {
    const policy = z.enum(['rollback', 'pause'])
    expect([fixOf(policy, 'rolback'), fixOf(policy, 'explode')]).toEqual([
      'did you mean rollback?',
      'write rollback or pause',
    ])
  })

  it('is the form of the value where it has no examples', () => {
    expect(fixOf(nameText, 'Not A Name')).toBe('write it as in checkout')
    expect(fixOf(nameText, 5)).toBe('write it as text, in quotes')
    expect(fixOf(z.int().min(1).max(10), 11)).toBe('write a whole number of 1 to 10')
    expect(fixOf(z.int(), 'many')).toBe('write a whole number')
    expect(fixOf(z.array(z.string()).min(1).max(8), 'one')).toBe('write a list of 1 to 8 entries')
    expect(fixOf(z.string().min(1).max(512), '')).toBe('write a text of 1 to 512 characters')
    expect(fixOf(z.boolean(), 'yes')).toBe('write true or false')
    expect(fixOf(z.strictObject({ a: z.string() }), 'a')).toBe('write keys with values, such as { a: … }')
    expect(fixOf(z.record(z.string(), z.string()), 'a')).toBe('write keys with values')
  })
})
