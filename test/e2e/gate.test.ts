import { describe, expect, it } from 'vitest'
import type { Notice } from '../../src/activities/activities.ts'
import { merged, type Span } from '../../src/domain/calendar/spans.ts'
import { SluiceError } from '../../src/domain/errors.ts'
import type { ReleaseCard } from '../../src/domain/release/release-card.ts'
import { ERRORS, planFor, type Stage, stagePerTest, until } from './harness.ts'

let stage: Stage
/** What the only window and the only freeze of these tests say; null: cannot be read. */
let windows: readonly Span[] | null
let freezes: readonly Span[]
const DAY = 86_400_000

stagePerTest(
  (opened) => {
    stage = opened
    windows = []
    freezes = []
  },
  {
    pagesOf({ only, freeze }, at) {
      if (windows === null)
        throw new SluiceError('config.invalid', { message: 'the calendar file cannot be read', fix: 'export it' })
      const spans = windows
      return {
        whole: { from: at - DAY, until: at + 400 * DAY },
        only: only.map((name) => ({ name, spans: merged(spans) })),
        freeze: freeze.map((name) => ({ name, spans: merged(freezes) })),
      }
    },
  },
)

const isWaiting = ({ phase, reason }: ReleaseCard) => phase === 'waiting' && reason !== null
const later = (from: number, lasts = DAY) => [{ from: Date.now() + from, until: Date.now() + from + lasts }]
const weights = () => [...new Set(stage.router.landed.map(({ exposure }) => exposure.weight))]
const GATED = [{ weight: '10%' }, { gate: { window: 'office-hours' } }, { weight: '100%' }]
const story = async (id: string) => (await stage.releases.show(id)).trail.map(({ text }) => text)

describe('a gate', () => {
  it('waits, watched, until its window opens, says until when, and goes on by itself', async () => {
    const [first, gate, last] = GATED
    const steps = [first, { approve: { by: 'owners' } }, gate, last]
    const id = await stage.start(planFor(stage, { steps, checks: ERRORS }))
    await stage.untilCard(id, ({ approval }) => approval !== null)
    windows = later(6_000)
    await stage.command(id, 'approve')
    const card = await stage.untilCard(id, isWaiting)
    expect(card).toMatchObject({ weight: 1_000, step: 3 })
    expect(card.reason).toMatch(/^the window office-hours is closed until \d{4}-\d\d-\d\d \d\d:\d\d UTC$/)
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
    expect(weights()).toEqual([1_000, 10_000])
    expect(await story(id)).toContain('the window is open')
  })

  it('does not wait where its window is open', async () => {
    windows = later(-DAY / 2)
    const id = await stage.start(planFor(stage, { steps: GATED }))
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
    expect((await story(id)).join()).not.toContain('waits')
  })

  it('waits while nobody can read its calendar, says so, and reads it anew when somebody resumes', async () => {
    windows = null
    const id = await stage.start(planFor(stage, { steps: GATED }))
    const card = await stage.untilCard(id, isWaiting)
    expect(card.reason).toContain('so it counts as closed: the calendar file cannot be read')
    const isAlarm = ({ text, level }: Notice) => level === 'alarm' && text.includes('cannot be read')
    await until(
      async () => stage.notices,
      (notices) => notices.some(isAlarm),
    )
    windows = later(-DAY / 2)
    await stage.command(id, 'pause')
    await stage.command(id, 'resume')
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
  })

  it('is no obstacle for a rollback: a canary that gets worse goes back while it waits', async () => {
    windows = later(DAY)
    const id = await stage.start(planFor(stage, { steps: GATED, checks: ERRORS }))
    await stage.untilCard(id, isWaiting)
    stage.script.pools['green'] = { requestsPerSecond: 400, errorRate: 0.9, slowShare: 0 }
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
  })
})

describe('a freeze', () => {
  const frozenPlan = () =>
    planFor(stage, { steps: [{ weight: '10%' }, { bake: '2s' }, { weight: '100%' }], windows: { freeze: 'company' } })

  it('keeps a raise waiting, keeps what is live, and lets an abort through at once', async () => {
    const id = await stage.start(frozenPlan())
    await stage.untilCard(id, ({ phase }) => phase === 'baking')
    freezes = later(-DAY / 2)
    const card = await stage.untilCard(id, isWaiting)
    expect(card.reason).toMatch(/^the freeze company lasts until /)
    expect(card).toMatchObject({ weight: 1_000, step: 3 })
    await stage.command(id, 'abort')
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
    expect(weights()).toEqual([1_000, 0])
  })

  it('that begins during a pause holds the raise after it, and no longer once it is lifted', async () => {
    const id = await stage.start(frozenPlan())
    await stage.untilCard(id, ({ phase }) => phase === 'baking')
    await stage.command(id, 'pause')
    freezes = later(-DAY / 2)
    await stage.command(id, 'resume')
    await stage.untilCard(id, isWaiting)
    freezes = []
    await stage.command(id, 'pause')
    await stage.command(id, 'resume')
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
  })

  it('that begins before anybody has the new version leaves everybody where they are', async () => {
    freezes = later(-DAY / 2)
    const id = await stage.start(frozenPlan())
    await stage.untilCard(id, isWaiting)
    expect(stage.router.landed).toEqual([])
    await stage.command(id, 'abort')
    expect(await stage.result(id)).toMatchObject({ outcome: 'refused' })
  })
})

describe('a long wait', () => {
  it('goes on in new runs, tells nothing twice, and ends when the window is open', async () => {
    windows = later(DAY)
    const id = await stage.start(planFor(stage, { steps: GATED }), { longestHistory: 60 })
    await stage.untilCard(id, isWaiting)
    const runs = async () => (await stage.env.client.workflow.getHandle(id).describe()).runId
    const first = await runs()
    for (let round = 0; round < 8; round += 1) {
      await stage.command(id, 'pause')
      await stage.command(id, 'resume')
    }
    await expect.poll(runs).not.toBe(first)
    windows = later(-DAY / 2)
    await stage.command(id, 'pause')
    await stage.command(id, 'resume')
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
    expect((await story(id)).filter((line) => line.startsWith('waits: '))).toHaveLength(1)
  })
})

describe('a freeze that was overridden at the start', () => {
  it('does not hold the release, which says first who overrode it and why', async () => {
    freezes = later(-DAY / 2)
    const plan = planFor(stage, { steps: [{ weight: '100%' }], windows: { freeze: 'company' } })
    const overridden = { by: 'alice', reason: 'hotfix', freezes: ['company'] }
    const id = await stage.start({ ...plan, windows: { only: [], freeze: [], overridden } })
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
    expect((await story(id))[0]).toBe('the freeze company overridden by alice (hotfix)')
  })
})
