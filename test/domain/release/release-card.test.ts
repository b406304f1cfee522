import { describe, expect, it } from 'vitest'
import { renderCard } from '../../../src/cli/render.ts'
import { readPlan } from '../../../src/domain/plan/plan.ts'
import type { NewEvent } from '../../../src/domain/release/command-events.ts'
import type { GuardState } from '../../../src/domain/release/guard.ts'
import { goneCard, releaseCard } from '../../../src/domain/release/release-card.ts'
import { describeForTemporal, markOf, phaseText, weakestOutcome } from '../../../src/domain/release/release-details.ts'
import type { ReleaseEvent } from '../../../src/domain/release/release-events.ts'
import { reduce } from '../../../src/domain/release/release-reducer.ts'
import { beginState, type ReleaseState } from '../../../src/domain/release/release-state.ts'
import type { Verdict } from '../../../src/domain/verdict.ts'
import { releaseBlocks } from '../../../src/slack/blocks.ts'
import { planContext } from '../plan/plan-context.ts'

const read = readPlan(
  {
    service: 'checkout',
    environment: 'production',
    steps: [{ weight: '5%' }, { bake: '10m' }, { approve: { by: 'checkout-owners' } }, { weight: '100%' }],
  },
  planContext(),
)
if ('problems' in read) throw new Error('the plan of this test is not valid')
const source = { plan: read.plan, version: '2.7.0', author: { person: 'dave' }, startedAt: 5 }

function after(...events: readonly NewEvent[]): ReleaseState {
  const begin = beginState('release/checkout/production/7')
  return events.reduce<ReleaseState>(
    (state, event, index) => reduce(state, { ...event, at: 1_000 * (index + 1) } as ReleaseEvent),
    begin,
  )
}

const FIVE = { weight: 500, cohorts: ['internal'] }
const verdict = (outcome: 'pass' | 'fail', reason: string): Verdict => ({
  outcome,
  reason,
  evidence: { judge: 't', figures: {} },
})
const dark: Verdict = { ...verdict('pass', 'dark'), outcome: 'inconclusive', cause: 'blind' }
const BAKING: readonly NewEvent[] = [
  { type: 'baseline-recorded', roles: { stable: 'blue', canary: 'green' }, exposure: { weight: 0, cohorts: [] } },
  { type: 'exposure-wanted', step: 1, exposure: FIVE },
  { type: 'exposure-confirmed', exposure: FIVE },
  { type: 'bake-started', step: 2, duration: 60_000, isAnalysis: false },
  { type: 'judged', verdicts: { errors: verdict('pass', '0.1% against 0.1%') } },
]

const GUARD: GuardState = {
  ...{
    epoch: 1,
    cursors: {},
    lookedAt: 9_000,
    share: null,
    looks: 4,
    blindSince: null,
    blindSpans: [],
    routerFault: null,
  },
  ...{ repairs: ['repaired'], repairCount: 2 },
  checks: { errors: { state: {}, verdict: verdict('fail', '9% against 0.1%') } },
  series: [
    { at: 8_000, canary: null, stable: null },
    { at: 9_000, canary: { requests: 5, errors: 1, p95Seconds: 0.1, p99Seconds: null }, stable: null },
  ],
}

describe('releaseCard', () => {
  it('says that a check holds the release, as its reason and in the ledger', () => {
    const held = {
      type: 'check-troubled',
      only: 'hold',
      since: 3,
      reason: 'orders: too few',
      would: 'rollback',
    } as const
    const state = after(...BAKING, { ...held, check: 'orders' })
    const card = releaseCard(source, state, null, 14_000)
    expect(card).toMatchObject({
      reason: 'held: orders: too few',
      ledger: [{ text: 'held at step 2: orders: too few' }],
    })
    expect(describeForTemporal(source, state)).toContain('- held at step 2: orders: too few')
  })

  it('does not call a release failing for a check that only warns', () => {
    const warned: Verdict = { ...verdict('fail', 'too few'), only: 'warn' } as Verdict
    expect(weakestOutcome({ orders: warned })).toBe('pass')
    expect(weakestOutcome({ orders: warned, errors: dark })).toBe('inconclusive')
  })

  it('says which share of the requests the canary gets copies of, in every view, and none once nobody is at work', () => {
    const mirrored = { weight: 0, cohorts: [], mirror: 1_000 }
    const begun = BAKING.slice(0, 1)
    const state = after(
      ...begun,
      { type: 'exposure-wanted', step: 1, exposure: mirrored },
      { type: 'exposure-confirmed', exposure: mirrored },
    )
    const card = releaseCard(source, state, null, 14_000)
    expect(card).toMatchObject({ weight: 0, mirror: 1_000 })
    expect(describeForTemporal(source, state)).toContain('0% and copies of 10% on canary')
    const page = { width: 80, now: 14_000, color: false }
    expect(renderCard(card, page).join('\n')).toContain('and copies of 10% of the requests of stable')
    expect(JSON.stringify(releaseBlocks(card))).toContain('and copies of 10% of the requests')
    const gone = goneCard(card, {
      keeper: {
        state: 'holding',
        text: 'everybody is on blue',
        recovery: null,
        keeping: { repairs: 0, last: null, fault: null },
      },
    })
    expect(gone).not.toHaveProperty('mirror')
  })

  it('says all there is to know of a release that bakes', () => {
    const card = releaseCard(source, after(...BAKING), null, 14_000)
    expect(card).toMatchObject({
      ...{ releaseId: 'release/checkout/production/7', service: 'checkout', environment: 'production' },
      ...{
        version: '2.7.0',
        replaces: null,
        author: 'dave',
        phase: 'baking',
        isEnded: false,
        weight: 500,
        cohorts: ['internal'],
      },
      ...{ step: 2, reason: null, outcome: 'pass', approval: null, bakeRemaining: 50_000, bakeDuration: 60_000 },
      ...{ verbs: ['pause', 'promote', 'abort', 'extend'], startedAt: 5, endedAt: null, latest: null, repairs: 0 },
    })
    expect(card.verdicts).toEqual([{ check: 'errors', outcome: 'pass', reason: '0.1% against 0.1%', figures: {} }])
    expect(card.steps.map(({ number, mark }) => [number, mark])).toEqual([
      [1, '✓'],
      [2, '▶'],
      [3, ''],
      [4, ''],
    ])
    expect(card.trail.map(({ text }) => text)).toEqual([
      'baseline read: stable is blue, canary is green',
      '5% and internal requested',
      '5% and internal confirmed by the router',
    ])
  })

  it('says which version is replaced, where that is known', () => {
    expect(releaseCard({ ...source, replaces: '2.6.3' }, after(), null, 0).replaces).toBe('2.6.3')
    expect(releaseCard({ ...source, replaces: null }, after(), null, 0).replaces).toBeNull()
    expect(describeForTemporal({ ...source, replaces: '2.6.3' }, after()).split('\n')[0]).toBe(
      '**checkout 2\\.7.0** (replaces 2\\.6.3) to production: **starting**, 0% on canary',
    )
  })

  it('is plain JSON', () => {
    const card = releaseCard(source, after(...BAKING), GUARD, 14_000)
    expect(JSON.parse(JSON.stringify(card))).toEqual(card)
  })

  it('prefers what the running guard knows to what it was told last', () => {
    const card = releaseCard(source, after(...BAKING), GUARD, 14_000)
    expect(card.verdicts).toEqual([{ check: 'errors', outcome: 'fail', reason: '9% against 0.1%', figures: {} }])
    expect(card).toMatchObject({ outcome: 'fail', repairs: 2, latest: { at: 9_000 } })
  })

  it('shows what the guard finds worth knowing, of the guard that runs and else of the last one', () => {
    const judged = { type: 'judged', verdicts: {}, notices: ['2.7.0 has begun anew twice'] } as const
    const notices = ['2.7.0 gets 31% of the requests']
    expect(releaseCard(source, after(...BAKING), null, 0).notices).toEqual([])
    expect(releaseCard(source, after(...BAKING, judged), null, 0).notices).toEqual(judged.notices)
    expect(releaseCard(source, after(...BAKING, judged), { ...GUARD, notices }, 0).notices).toEqual(notices)
    expect(releaseCard(source, after(...BAKING, judged), GUARD, 0).notices).toEqual([])
    expect(describeForTemporal(source, after(...BAKING, judged))).toContain('\n- 2\\.7.0 has begun anew twice')
    const { notices: _, ...older } = after(...BAKING)
    expect(describeForTemporal(source, older)).toBe(describeForTemporal(source, after(...BAKING)))
  })

  it('keeps to the last verdicts of a release that has ended', () => {
    const over = after(
      ...BAKING,
      { type: 'abandoned', cause: 'abort', by: 'bob', reason: 'abort by bob' },
      { type: 'rollback-wanted' },
      { type: 'exposure-confirmed', exposure: { weight: 0, cohorts: [] } },
      { type: 'rolled-back' },
    )
    const card = releaseCard(source, over, GUARD, 20_000)
    expect(card).toMatchObject({
      phase: 'rolled-back',
      isEnded: true,
      outcome: 'pass',
      endedAt: 9_000,
      reason: 'abort by bob',
      verbs: [],
      weight: 0,
    })
  })

  it('shows who is asked and who has approved', () => {
    const request = { by: 'checkout-owners', people: ['alice', 'bob'], need: 2, notAuthor: true, deadline: 99_000 }
    const state = after(
      ...BAKING,
      { type: 'bake-ended' },
      { type: 'approval-asked', step: 3, request },
      { type: 'approved', actor: { person: 'bob', entrance: 'slack' }, key: 'k', reason: '' },
    )
    expect(releaseCard(source, state, null, 14_000)).toMatchObject({
      phase: 'waiting',
      step: 3,
      bakeRemaining: null,
      approval: { by: 'checkout-owners', need: 2, given: ['bob'], deadline: 99_000 },
    })
  })
})

describe('weakestOutcome', () => {
  it('is the worst of all', () => {
    expect(weakestOutcome({})).toBe('none')
    expect(weakestOutcome({ a: verdict('pass', '') })).toBe('pass')
    expect(weakestOutcome({ a: verdict('pass', ''), b: dark })).toBe('inconclusive')
    expect(weakestOutcome({ a: dark, b: verdict('fail', '') })).toBe('fail')
  })
})

describe('the short words', () => {
  const paused = after(...BAKING, { type: 'paused', cause: 'router', by: 'sluice', reason: 'no answer' })
  const leaving = after(...BAKING, { type: 'abandoned', cause: 'abort', by: 'bob', reason: 'abort by bob' })

  it('name the pause and the phase it stands in', () => {
    expect(phaseText(paused)).toBe('paused (baking)')
    expect(phaseText(after(...BAKING))).toBe('baking')
  })

  it('mark each step', () => {
    expect([1, 2, 3].map((step) => markOf(step, paused))).toEqual(['✓', '⏸', ''])
    expect([1, 2, 3].map((step) => markOf(step, leaving))).toEqual(['✓', '✗', ''])
    expect([1, 2, 3].map((step) => markOf(step, { ...paused, phase: 'promoted' }))).toEqual(['✓', '✓', '✓'])
  })

  it('make a page for Temporal in which a bar in a label breaks no table', () => {
    const plan = { ...read.plan, steps: [{ kind: 'weight', label: 'a | b' }, ...read.plan.steps.slice(1)] }
    const text = describeForTemporal({ plan, version: '2.7.0' }, paused)
    expect(text.split('\n').slice(0, 7)).toEqual([
      '**checkout 2\\.7.0** to production: **paused (baking)**, 5% and internal on canary',
      '',
      '> no answer',
      '',
      '| | step | |',
      '|---|---|---|',
      '| ✓ | 1 | a \\| b |',
    ])
    expect(text).toContain('- errors: **pass**, 0\\.1% against 0.1%')
  })
})
