import { describe, expect, it } from 'vitest'
import type { Plan } from '../../src/domain/plan/plan.ts'
import type { ReadinessItem } from '../../src/domain/readiness/answers.ts'
import type { Rehearsal } from '../../src/domain/readiness/rehearsal.ts'
import { NOTHING_OUTSIDE } from '../../src/hooks/create-outside.ts'
import { ERRORS, planFor, type Stage, stagePerTest } from './harness.ts'

let stage: Stage
/** Whose tickets were let in when the version was asked for through the router. */
let seenTickets: (string | null | undefined)[]

stagePerTest(
  (opened) => {
    stage = opened
    seenTickets = []
  },
  {
    outside: {
      ...NOTHING_OUTSIDE,
      async reached({ testerOf }) {
        const { tickets } = stage.router.observe()
        seenTickets.push(tickets)
        const isLetIn = testerOf !== null && tickets === testerOf
        return { instance: 'shop.example', says: isLetIn ? '2.4.0' : '2.3.9', fault: null }
      },
      versionsOf: async () => [{ instance: '10.0.0.7', says: '2.4.0', fault: null }],
    },
  },
)

const STEPS = [{ weight: '10%' }, { bake: '30m' }, { weight: '100%' }, { bake: '30m' }]
const WAITING = [{ weight: '10%' }, { approve: { by: 'owners', within: '4h' } }, { weight: '100%' }]
const plan = () => planFor(stage, { steps: STEPS, checks: ERRORS }, { proof: { within: 60_000 } })

async function outcomes(of: Plan): Promise<Readonly<Partial<Record<ReadinessItem, string>>>> {
  const { lines } = await stage.releases.ready({ plan: of, version: '2.4.0', author: 'alice' })
  return Object.fromEntries(lines.map(({ item, outcome }) => [item, outcome]))
}

const REHEARSAL: Omit<Rehearsal, 'planHash'> = {
  ...{ configHash: '', at: Date.now(), by: 'alice', leftOut: [] },
  runs: [{ name: 'healthy', expected: 'promoted', came: 'promoted', isRight: true }],
}

describe('a question about readiness', () => {
  it('is answered by probes that leave the router as it was, with the fence of the lane', async () => {
    await stage.releases.rehearsed(plan(), REHEARSAL)
    expect(await outcomes(plan())).toEqual({
      ...{ routing: 'pass', metrics: 'pass', traffic: 'pass', 'way-back': 'pass', capacity: 'pass', undo: 'pass' },
      ...{ names: 'pass', version: 'pass', background: 'pass', automatic: 'pass', rehearsal: 'pass' },
    })
    const lane = `lane/${stage.service}/production`
    expect(seenTickets).toEqual([null, lane])
    expect(
      stage.router.landed.map(({ exposure, releaseId }) => [exposure.weight, exposure.tickets, releaseId]),
    ).toEqual([
      [0, undefined, lane],
      [0, true, lane],
      [0, undefined, lane],
    ])
    expect(stage.router.observe()).toMatchObject({ split: { blue: 10_000, green: 0 }, tickets: null })
    expect(stage.notices).toEqual([])
  })

  it('writes nothing where the router is not at rest, and says so', async () => {
    stage.router.meddle({ cohorts: { internal: 'green' } })
    expect(await outcomes(plan())).toMatchObject({ 'way-back': 'fail', routing: 'unknown', rehearsal: 'fail' })
    expect(stage.router.landed).toEqual([])
  })

  it('writes nothing while a release has the router, and does not disturb it', async () => {
    const id = await stage.start(planFor(stage, { steps: WAITING }))
    await stage.untilCard(id, ({ approval }) => approval !== null)
    const before = stage.router.landed.length
    expect(await outcomes(plan())).toMatchObject({ 'way-back': 'unknown', background: 'unknown', metrics: 'pass' })
    expect(stage.router.landed).toHaveLength(before)
    await stage.command(id, 'abort')
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
  })

  it('makes way for a release that starts meanwhile', async () => {
    const asked = outcomes(plan())
    const id = await stage.start(planFor(stage, { steps: WAITING }))
    await stage.untilCard(id, ({ approval }) => approval !== null)
    expect(await asked).toMatchObject({ 'way-back': 'unknown', metrics: 'pass' })
    expect(stage.router.observe().split).toEqual({ blue: 9_000, green: 1_000 })
    await stage.command(id, 'abort')
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
  })
})

describe('a gate for readiness', () => {
  const gated = () =>
    planFor(
      stage,
      { steps: [{ gate: 'readiness' }, ...STEPS.slice(0, 1), ...STEPS.slice(2, 3)], checks: ERRORS },
      { proof: { within: 60_000 } },
    )

  it('waits with what is missing, keeps the answers, and goes on once they are all a yes', async () => {
    // A plan without bakes sees nothing in time, which is not what this is about.
    const steps = [{ gate: { readiness: { without: ['traffic'] } } }, { weight: '100%' }]
    const own = planFor(stage, { steps, checks: ERRORS }, { proof: { within: 60_000 } })
    const id = await stage.start(own)
    const waiting = await stage.untilCard(id, ({ readiness }) => readiness !== undefined)
    expect(waiting.readiness).toMatchObject({ version: '2.4.0', configHash: '' })
    const card = await stage.untilCard(id, ({ reason }) => reason !== null)
    expect([card.phase, card.reason, card.weight]).toEqual(['waiting', 'it is not ready: rehearsal', 0])
    expect(stage.router.landed.every(({ exposure }) => exposure.weight === 0)).toBe(true)
    await stage.releases.rehearsed(own, REHEARSAL)
    await stage.command(id, 'pause')
    await stage.command(id, 'resume')
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
    const { trail } = await stage.releases.show(id)
    expect(trail.map(({ text }) => text)).toContain('it is ready, the plan does without traffic')
  })

  it('never holds the way back up', async () => {
    const id = await stage.start(gated())
    await stage.untilCard(id, ({ reason }) => reason !== null)
    await stage.command(id, 'abort')
    expect(await stage.result(id)).toMatchObject({ outcome: 'refused' })
    expect(stage.router.observe()).toMatchObject({ split: { blue: 10_000, green: 0 }, tickets: null })
  })

  it('does what the plan says when it is not ready in time', async () => {
    const steps = [{ gate: { readiness: { without: ['traffic'] }, within: '5s', onFail: 'pause' } }, { weight: '100%' }]
    const id = await stage.start(planFor(stage, { steps, checks: ERRORS }))
    const card = await stage.untilCard(id, ({ phase }) => phase.startsWith('paused'))
    expect(card.reason).toContain('it is not ready: ')
    await stage.command(id, 'abort')
    expect(await stage.result(id)).toMatchObject({ outcome: 'refused' })
  })
})
