import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ReleaseCard } from '../../src/domain/release/release-card.ts'
import { releaseBlocks, releaseText } from '../../src/slack/blocks.ts'
import { clamp, escape } from '../../src/slack/text.ts'

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.constant('<!channel> & <@U1>'),
  fc.constant('&'.repeat(4_000)),
)
const arm = fc.record({
  requests: fc.double({ min: 0, max: 1e9, noNaN: true }),
  errors: fc.option(fc.double({ min: 0, max: 1e9, noNaN: true })),
  p95Seconds: fc.option(fc.double({ min: 0, max: 100, noNaN: true })),
  p99Seconds: fc.option(fc.double({ min: 0, max: 100, noNaN: true })),
})
const time = fc.integer({ min: 0, max: 4e12 })

const card: fc.Arbitrary<ReleaseCard> = fc.record({
  releaseId: fc.constant('release/checkout/production/7'),
  service: text,
  environment: text,
  version: text,
  replaces: fc.option(text),
  author: text,
  phase: fc.constantFrom('baking', 'paused (baking)', 'waiting', 'promoted', 'rolling-back'),
  isEnded: fc.boolean(),
  weight: fc.integer({ min: 0, max: 10_000 }),
  cohorts: fc.array(text, { maxLength: 20 }),
  step: fc.integer({ min: 0, max: 200 }),
  steps: fc.array(fc.record({ number: fc.nat(200), label: text, mark: fc.constantFrom('', '✓', '▶') }), {
    maxLength: 200,
  }),
  reason: fc.option(text),
  outcome: fc.constantFrom('pass', 'fail', 'inconclusive', 'none'),
  verdicts: fc.array(
    fc.record({ check: text, outcome: fc.constantFrom('pass', 'fail', 'inconclusive'), reason: text }),
    { maxLength: 30 },
  ),
  notices: fc.array(text, { maxLength: 5 }),
  ledger: fc.array(
    fc.record({
      ...{ check: text, only: fc.constantFrom('hold', 'warn'), since: time, until: fc.option(time) },
      ...{ reason: text, would: fc.constantFrom('rollback', 'pause'), step: fc.nat(), text },
    }),
    { maxLength: 8 },
  ),
  approval: fc.option(
    fc.record({ by: text, need: fc.nat(20), given: fc.array(text, { maxLength: 20 }), deadline: time }),
  ),
  bakeRemaining: fc.option(time),
  bakeDuration: fc.option(time),
  verbs: fc.subarray(['approve', 'reject', 'pause', 'resume', 'promote', 'abort', 'retry', 'extend']),
  startedAt: time,
  endedAt: fc.option(time),
  latest: fc.option(fc.record({ at: time, canary: fc.option(arm), stable: fc.option(arm) })),
  repairs: fc.nat(5),
  trail: fc.array(fc.record({ at: time, text }), { maxLength: 10 }),
})

const LIMIT: Readonly<Record<string, number>> = { header: 150, section: 3_000, context: 3_000, button: 75 }

describe('releaseBlocks', () => {
  it('keeps every limit of Slack and mentions nobody, whatever the release is called', () => {
    fc.assert(
      fc.property(card, (one) => {
        const blocks = releaseBlocks(one)
        expect(blocks.length).toBeLessThanOrEqual(50)
        const actions = blocks.flatMap((block) => (block.type === 'actions' ? block.elements : []))
        const texts = blocks.flatMap((block) => {
          if (block.type === 'header' || block.type === 'section')
            return [{ kind: block.type, text: block.text?.text ?? '' }]
          if (block.type === 'context')
            return block.elements.map((part) => ({ kind: 'context', text: 'text' in part ? part.text : '' }))
          return []
        })
        for (const { kind, text: shown } of texts) {
          expect(shown.length).toBeGreaterThan(0)
          expect(shown.length).toBeLessThanOrEqual(LIMIT[kind] ?? 0)
          // A header is plain text, in which nothing is a mention.
          const mentions =
            kind === 'header' ? null : shown.match(/<(?!!date\^\d+\^\{date_short_pretty\} \{time\}\|[^>]*>)/)
          expect(mentions).toBeNull()
        }
        expect(actions.length).toBeLessThanOrEqual(5)
        for (const element of actions)
          expect('value' in element && String(element.value).length).toBeLessThanOrEqual(2_000)
        expect(releaseText(one)).not.toContain('<')
      }),
      { numRuns: 200 },
    )
  })

  it('shows the whole sentence of a verdict where there are few, and a part of each where there are many', () => {
    const sentence = `errors 0.5% on 2.4.0 against 0.5% on 2.3.9: ${'no sign of it, '.repeat(25)}the end`.slice(0, 400)
    const [one] = fc.sample(card, { numRuns: 1, seed: 1 })
    if (one === undefined) throw new Error('no card')
    const textOf = (checks: number) => {
      const row = { check: 'errors', outcome: 'pass', reason: sentence } as const
      return JSON.stringify(releaseBlocks({ ...one, verdicts: Array.from({ length: checks }, () => row) }))
    }
    expect(textOf(2)).toContain(sentence)
    expect(textOf(12)).not.toContain(sentence)
    expect(textOf(12).split('*errors* pass').length).toBe(13)
  })
})

describe('clamp and escape', () => {
  it('never cuts an escaped character in two', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 50 }), fc.integer({ min: 2, max: 60 }), (one, most) => {
        const short = clamp(escape(`<&>${one}<&>`), most)
        expect(short.length).toBeLessThanOrEqual(most)
        expect(short.replace(/&(?:amp|lt|gt);/g, '')).not.toContain('&')
      }),
    )
  })
})
