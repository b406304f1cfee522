import { describe, expect, it } from 'vitest'
import { ERRORS, planFor, type Stage, stagePerTest } from './harness.ts'

let stage: Stage
stagePerTest((opened) => {
  stage = opened
})

const BAD = { requestsPerSecond: 400, errorRate: 0.3, slowShare: 0 }
const STEPS = [{ weight: '50%' }, { bake: '20s' }, { weight: '100%' }]
const QUICK = [{ weight: '100%' }]
const target = () => ({ service: stage.service, environment: 'production' })
const isFree = ({ running }: { readonly running: string | null }) => running === null

async function failsACheck(): Promise<string> {
  stage.script.pools['green'] = BAD
  const id = await stage.start(planFor(stage, { steps: STEPS, checks: ERRORS, warmUp: '0s' }))
  expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back', cause: 'failed-check' })
  await stage.untilLane(isFree)
  return id
}

describe('a version that a check has rolled back', () => {
  it('is refused with the reason, also by a lane that was lost, until somebody allows it', async () => {
    await failsACheck()
    const refusal = {
      code: 'lane.vetoed',
      message: expect.stringMatching(/^2\.4\.0, rolled back by shop-\d+\/production\/1: errors/),
    }
    await expect(stage.start(planFor(stage, { steps: QUICK }))).rejects.toMatchObject(refusal)
    await stage.env.client.workflow.getHandle(`lane/${stage.service}/production`).terminate('lost')
    await expect(stage.start(planFor(stage, { steps: QUICK }))).rejects.toMatchObject(refusal)
    const lane = await stage.releases.allow(target(), { version: '2.4.0', by: 'carol', reason: 'it was the database' })
    expect(lane.vetoes).toEqual([])
    expect(await stage.result(await stage.start(planFor(stage, { steps: QUICK })))).toMatchObject({
      outcome: 'promoted',
    })
    await expect
      .poll(() => stage.notices.map(({ text }) => text).join('\n'))
      .toContain('2.4.0 may be started again, allowed by carol: it was the database')
  })

  it('leaves the queue, so that nobody is asked about it', async () => {
    stage.script.pools['green'] = BAD
    const id = await stage.start(planFor(stage, { steps: STEPS, checks: ERRORS, warmUp: '0s' }))
    await stage.start(planFor(stage, { steps: QUICK }), { whenBusy: 'queue' })
    await stage.result(id)
    const lane = await stage.untilLane(({ running, queue }) => running === null && queue.length === 0)
    expect(lane.vetoes).toMatchObject([{ version: '2.4.0', releaseId: id }])
  })

  it('is another matter than one that a person has aborted', async () => {
    const id = await stage.start(planFor(stage, { steps: STEPS }))
    await stage.untilCard(id, ({ phase }) => phase === 'baking')
    await stage.command(id, 'abort', { reason: 'not today' })
    await stage.result(id)
    expect((await stage.untilLane(isFree)).vetoes).toEqual([])
    expect(await stage.result(await stage.start(planFor(stage, { steps: QUICK })))).toMatchObject({
      outcome: 'promoted',
    })
  })
})

describe('a target that is pinned', () => {
  it('starts nothing until it is unpinned, also after its lane was lost', async () => {
    expect(await stage.result(await stage.start(planFor(stage, { steps: QUICK })))).toMatchObject({
      outcome: 'promoted',
    })
    await stage.untilLane(isFree)
    const { pin } = await stage.releases.pin(target(), { by: 'carol', reason: 'holidays' })
    expect(pin).toMatchObject({ version: '2.4.0', by: 'carol' })
    await stage.env.client.workflow.getHandle(`lane/${stage.service}/production`).terminate('lost')
    await expect(stage.start(planFor(stage, { steps: QUICK }), { version: '2.5.0' })).rejects.toMatchObject({
      code: 'lane.pinned',
      message: 'this target is pinned to 2.4.0 by carol: holidays',
    })
    await stage.releases.unpin(target(), { by: 'bob' })
    const id = await stage.start(planFor(stage, { steps: QUICK }), { version: '2.5.0' })
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
  })
})
