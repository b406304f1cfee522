import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  confidenceText,
  durationText,
  nameText,
  quantileText,
  ratioText,
  shareText,
  weightText,
} from '../../../src/domain/plan/plan-values.ts'

const ALL = { weightText, durationText, ratioText, confidenceText, shareText, quantileText }

function read(schema: z.ZodType, value: unknown) {
  const parsed = schema.safeParse(value)
  return parsed.success ? parsed.data : parsed.error.issues.map(({ message }) => message).join('; ')
}

/** What the schema says of the text as people write it. */
function written(schema: z.ZodType) {
  return z.toJSONSchema(schema, { io: 'input' }) as { pattern: string; examples: string[] }
}

describe.each([
  ['weightText', weightText, { '5%': 500, '0.25%': 25, '100%': 10_000 }],
  ['durationText', durationText, { '90s': 90_000, '10m': 600_000 }],
  ['ratioText', ratioText, { '1.5x': 1.5, '0.9x': 0.9, '2x': 2 }],
  ['confidenceText', confidenceText, { '99%': 0.99, '99.9%': 0.999, '50%': 0.5 }],
  ['shareText', shareText, { '2%': 0.02, '0%': 0, '100%': 1, '0.5%': 0.005 }],
  ['quantileText', quantileText, { p95: 0.95, 'p99.9': 0.999, p5: 0.05 }],
] as const)('%s', (_, schema, values) => {
  it.each(Object.entries(values))('reads %s', (text, value) => {
    expect(read(schema, text)).toBeCloseTo(value as number, 12)
  })

  it('refuses everything that is not text, with a sentence that shows how to write it', () => {
    for (const value of [5, 0x5, Number.NaN, null, true, [], {}, ['5%'], Number.POSITIVE_INFINITY, undefined]) {
      expect(read(schema, value)).toMatch(/^expected .*such as/)
    }
  })

  it('never gives anything but a finite number, whatever the text', () => {
    const texts = fc.oneof(fc.string(), fc.stringMatching(/^[p0-9.%xsmhd -]{0,9}$/))
    fc.assert(
      fc.property(texts, (text) => {
        const parsed = schema.safeParse(text)
        expect(!parsed.success || Number.isFinite(parsed.data)).toBe(true)
      }),
    )
  })

  it('carries for editors a pattern that its own examples fit', () => {
    const { pattern, examples } = written(schema)
    for (const example of examples) {
      expect(example).toMatch(new RegExp(pattern))
      expect(schema.safeParse(example).success).toBe(true)
    }
  })
})

it.each([
  [ratioText, ['1.5', 'x', '0x', '0x5', '-1x', '1.5 x', '1.5X', '99999x', '1.23456x']],
  [confidenceText, ['100%', '49%', '99', '0.99', '99.99999%', '1%']],
  [shareText, ['101%', '2', '-1%', '1000%', '2 %']],
  [quantileText, ['95', 'p0', 'p100', 'P95', 'p', 'p95%', 'p-5']],
] as const)('refuses what only looks like it: %#', (schema, texts) => {
  for (const text of texts) expect(read(schema, text), text).toMatch(/^expected /)
})

describe('the patterns for editors', () => {
  it('let through whatever the parser takes', () => {
    const texts = fc.stringMatching(/^[p0-9.%xsmhd ]{1,7}$/)
    fc.assert(
      fc.property(texts, (text) => {
        for (const [name, schema] of Object.entries(ALL)) {
          if (!schema.safeParse(text).success) continue
          expect(new RegExp(written(schema).pattern).test(text), `${name} ${text}`).toBe(true)
        }
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('nameText', () => {
  it.each(['a', '7', 'checkout', 'eu-west-1', 'a'.repeat(63), 'constructors'])('takes %s', (name) => {
    expect(nameText.safeParse(name).success).toBe(true)
  })

  it.each([
    ...[
      '',
      'A',
      'a_b',
      '-a',
      'a-',
      'a.b',
      'a b',
      ' a',
      'a\n',
      'ä',
      'a/b',
      'a'.repeat(64),
      '__proto__',
      '<script>',
      7,
      null,
    ],
    'constructor',
  ])('refuses %j', (name) => {
    expect(read(nameText, name)).toMatch(/expected/)
  })

  it('takes no word that an empty object already answers to', () => {
    for (const key of Object.getOwnPropertyNames(Object.prototype)) expect(nameText.safeParse(key).success).toBe(false)
  })
})
