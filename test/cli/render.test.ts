import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { renderCard } from '../../src/cli/render.ts'
import { clean, columnsOf, wrap } from '../../src/cli/text.ts'
import type { ReleaseCard } from '../../src/domain/release/release-card.ts'
import { demoGuard, validPlan } from '../support/demo-installation.ts'
import { createFakeReleases } from '../support/fake-releases.ts'

const NOW = 1_800_000_000_000

async function demoCard(): Promise<ReleaseCard> {
  let now = NOW - 720_000
  const releases = createFakeReleases({ now: () => now })
  const author = { person: 'carol', entrance: 'demo' } as const
  const { releaseId } = await releases.start({
    plan: validPlan(),
    version: 'v2.4.1',
    author,
    reason: '',
    key: 'k',
    whenBusy: 'reject',
  })
  now = NOW - 350_000
  releases.advance(releaseId, 3)
  releases.watch(releaseId, demoGuard(NOW - 3_000))
  now = NOW
  return releases.show(releaseId)
}

describe('renderCard', () => {
  it('reads well at 80 columns', async () => {
    expect(renderCard(await demoCard(), { width: 80, now: NOW, color: false }).join('\n')).toMatchInlineSnapshot(`
      "checkout v2.4.1 → production                               checkout/production/1
      baking · 4m 10s of 10m left · started 12m ago by carol

        canary    ██░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  5%
                  and the cohort internal

        steps     ✓ 1  cohort internal
                  ✓ 2  weight 5%
                  ▶ 3  bake 10m
                    4  approve by checkout-owners within 4h
                    5  weight 100%
                    6  bake 30m

        last look            requests     errors        p95        p99
                  canary        1,240      0.24%      81 ms     120 ms
                  stable       23,410      0.21%      79 ms     118 ms
                  3s ago

        checks    ? errors  inconclusive: canary 0.24% of 1,240 requests failed,
                            stable 0.21% of 23,410; not yet enough to tell

        story     5m 50s ago   0% and internal requested
                  5m 50s ago   0% and internal confirmed by the router
                  5m 50s ago   5% and internal requested
                  5m 50s ago   5% and internal confirmed by the router

        now       pause, promote, abort, extend"
    `)
  })

  it('never leaves its width nor lets a control character through', async () => {
    const card = await demoCard()
    const nasty = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 120 }),
      fc.constant('\u001b[2J\u009b31m\u202Eabc\r\n'),
      fc.constant('日本語'.repeat(30)),
    )
    fc.assert(
      fc.property(nasty, nasty, nasty, fc.integer({ min: 60, max: 140 }), (first, second, third, width) => {
        const odd: ReleaseCard = {
          ...card,
          service: first,
          version: second,
          replaces: first,
          author: third,
          phase: `paused ${first}`,
          reason: second,
          cohorts: [first, third],
          verdicts: [{ check: first, outcome: 'fail', reason: second }],
          notices: [first, third],
          ledger: [
            {
              ...{ check: first, only: 'warn', since: NOW, until: null, reason: third, would: 'pause', step: 1 },
              text: second,
            },
          ],
          steps: [{ number: 1, label: third, mark: '▶' }],
          approval: { by: second, need: 1, given: [third], deadline: NOW },
          trail: [{ at: NOW - 5_000, text: first }],
        }
        for (const line of renderCard(odd, { width, now: NOW, color: false })) {
          expect(columnsOf(line)).toBeLessThanOrEqual(width)
          expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cf}]/u)
        }
      }),
    )
  })

  it('shows the newest entries of the ledger, and how old they are', async () => {
    const card = await demoCard()
    const ledger = Array.from({ length: 7 }, (_, index) => ({
      ...{ check: 'orders', only: 'warn', since: NOW - 60_000, until: null, reason: '', would: 'rollback', step: 2 },
      text: `would have rolled back at step 2: orders fell, entry ${index}`,
    })) as NonNullable<typeof card.ledger>
    const text = renderCard({ ...card, ledger }, { width: 100, now: NOW, color: false }).join('\n')
    expect(text).toContain('\n  ledger    … 2 before\n')
    expect(text).toContain('would have rolled back at step 2: orders fell, entry 6 (1m ago)')
    expect(text).not.toContain('entry 1')
  })

  it('shows notices, and errors that nobody knows as unknown', async () => {
    const card = await demoCard()
    const canary = { requests: 1_240, errors: null, p95Seconds: null, p99Seconds: null }
    const odd = { ...card, notices: ['v2 gets 31% of the requests'], latest: { at: NOW, canary, stable: null } }
    const text = renderCard(odd, { width: 80, now: NOW, color: false }).join('\n')
    expect(text).toContain('\n  notices   v2 gets 31% of the requests\n')
    expect(text).toMatch(/canary +1,240 +unknown +– +–/)
    expect(renderCard(card, { width: 80, now: NOW, color: false }).join('\n')).not.toContain('notices')
  })

  it('takes a card of a server that does not know yet what a release replaces', async () => {
    const { replaces: _, ...older } = await demoCard()
    const options = { width: 80, now: NOW, color: false }
    expect(renderCard(older, options)).toEqual(renderCard({ ...older, replaces: null }, options))
    expect(renderCard({ ...older, replaces: 'v2.4.0' }, options).join('\n')).toContain('replaces v2.4.0')
  })

  it('says the same with colour', async () => {
    const card = await demoCard()
    const plain = renderCard(card, { width: 80, now: NOW, color: false })
    const colored = renderCard(card, { width: 80, now: NOW, color: true })
    expect(colored.join('')).toContain('\u001b[')
    // oxlint-disable-next-line no-control-regex -- what is looked for is the escape itself
    const bare = colored.map((line) => line.replace(/\u001b\[\d+m/g, '').trimEnd())
    expect(bare).toEqual(plain)
  })

  it('draws a little as something and almost all as less than all', async () => {
    const card = await demoCard()
    const bar = (weight: number) =>
      renderCard({ ...card, weight }, { width: 80, now: NOW, color: false })
        .join('\n')
        .match(/[█░]+/)?.[0] ?? ''
    expect(bar(0)).not.toContain('█')
    expect(bar(1)).toMatch(/^█░+$/)
    expect(bar(9_999)).toMatch(/^█+░$/)
    expect(bar(10_000)).not.toContain('░')
  })

  it('shows a part of a very long plan, around the step that runs', async () => {
    const card = await demoCard()
    const steps = Array.from({ length: 200 }, (_, index) => ({
      number: index + 1,
      label: `step-${index + 1}`,
      mark: '',
    }))
    const lines = renderCard({ ...card, step: 100, steps }, { width: 80, now: NOW, color: false }).join('\n')
    expect(lines).toContain('step-100')
    expect(lines).toContain('… 92 before')
    expect(lines).toContain('… 93 more')
  })
})

describe('wrap', () => {
  it('loses no letter and leaves no line too long', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.integer({ min: 8, max: 60 }), (raw, columns) => {
        const text = clean(raw)
        const lines = wrap(text, columns)
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''))
        for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(columns)
      }),
    )
  })
})
