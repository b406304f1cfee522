import { describe, expect, it } from 'vitest'
import { open } from '../support/calls.ts'
import { ERRORS, planFor, type Stage, stagePerTest } from './harness.ts'

let stage: Stage
stagePerTest((opened) => {
  stage = opened
})

const ON = { weight: 10_000, cohorts: [] }
const OFF = { weight: 0, cohorts: [] }
const STEPS = [{ weight: '10%' }, { flag: { 'new-checkout': 'on' } }, { bake: '30s' }, { weight: '100%' }]

async function flagNow(name = 'new-checkout') {
  return (await stage.flagStore.read([name], open())).flags[name]
}

describe('a release that sets a feature flag', () => {
  it('sets it once the version is there, says so on every view, and leaves it on when it is promoted', async () => {
    const steps = [{ weight: '10%' }, { flag: { 'new-checkout': 'on' } }, { bake: '2s' }, { weight: '100%' }]
    const id = await stage.start(planFor(stage, { steps, checks: {} }))
    const card = await stage.untilCard(id, ({ flags }) => flags !== undefined)
    expect(card).toMatchObject({ weight: 1_000, flags: ['new-checkout on'] })
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
    expect(await flagNow()).toEqual(ON)
    expect(await flagNow('banner')).toEqual(OFF)
    const texts = (await stage.releases.show(id)).trail.map(({ text }) => text)
    expect(texts).toContain('10%, flag new-checkout on confirmed by the router and the flag store')
  })

  it('takes it back with the version, to what it was before', async () => {
    const before = { weight: 2_500, cohorts: [] }
    await stage.flagStore.apply({ flags: { 'new-checkout': before }, fence: { release: 1, epoch: 1 } }, open())
    const id = await stage.start(planFor(stage, { steps: STEPS, checks: {} }))
    await stage.untilCard(id, ({ flags }) => flags !== undefined)
    await stage.command(id, 'abort')
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
    expect(await flagNow()).toEqual(before)
    expect(stage.router.observe().split).toEqual({ blue: 10_000, green: 0 })
  })

  it('has users back on stable while the flag store is away, and ends once the flag is off too', async () => {
    const id = await stage.start(planFor(stage, { steps: STEPS, checks: {} }))
    await stage.untilCard(id, ({ flags }) => flags !== undefined)
    stage.flags.isDown = true
    await stage.command(id, 'abort')
    await stage.untilCard(id, ({ rollback }) => (rollback?.tries ?? 0) > 0)
    expect(stage.router.observe().split).toEqual({ blue: 10_000, green: 0 })
    expect(await flagNow()).toEqual(ON)
    stage.flags.isDown = false
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
    expect(await flagNow()).toEqual(OFF)
  })

  it('is put right when another hand sets the flag', async () => {
    const id = await stage.start(planFor(stage, { steps: STEPS, checks: {} }))
    await stage.untilCard(id, ({ flags }) => flags !== undefined)
    const fence = (await stage.flagStore.read(['new-checkout'], open())).fence ?? { release: 0, epoch: 0 }
    await stage.flagStore.apply({ flags: { 'new-checkout': OFF }, fence }, open())
    await stage.untilCard(id, ({ trail }) =>
      trail.some(({ text }) => text.includes('flag new-checkout off instead of')),
    )
    expect(await flagNow()).toEqual(ON)
    await stage.command(id, 'abort')
    await stage.result(id)
  })

  it('goes off with its release when that is terminated, whoever did it', async () => {
    const id = await stage.start(planFor(stage, { steps: STEPS, checks: {} }))
    await stage.untilCard(id, ({ flags }) => flags !== undefined)
    await stage.env.client.workflow.getHandle(id).terminate('test')
    await stage.untilLane(({ keeper, running }) => running === null && keeper.state !== 'recovering')
    expect(await flagNow()).toEqual(OFF)
    expect(stage.router.observe().split).toEqual({ blue: 10_000, green: 0 })
  })

  it('goes off with its release when somebody recovers the target from one that hangs', async () => {
    const id = await stage.start(planFor(stage, { steps: STEPS, checks: {} }))
    await stage.untilCard(id, ({ flags }) => flags !== undefined)
    stage.flags.isDown = true
    await stage.command(id, 'abort')
    await stage.untilCard(id, ({ rollback }) => (rollback?.tries ?? 0) > 0)
    await stage.releases.recover(
      { service: stage.service, environment: 'production' },
      { by: 'bob', reason: 'it hangs' },
    )
    stage.flags.isDown = false
    await stage.untilLane(({ keeper, running }) => running === null && keeper.state === 'holding')
    expect(await flagNow()).toEqual(OFF)
    expect(stage.router.observe().split).toEqual({ blue: 10_000, green: 0 })
  })
})

describe('a check that a flag answers for', () => {
  it('has the feature set off and the version promoted', async () => {
    const checks = { errors: { ...ERRORS.errors, onFail: { flag: 'new-checkout', set: 'off' } } }
    const steps = [
      { weight: '50%' },
      { flag: { 'new-checkout': 'on' } },
      { bake: '8s' },
      { flag: { 'new-checkout': 'on' } },
      { weight: '100%' },
    ]
    const bad = { requestsPerSecond: 400, errorRate: 0.3, slowShare: 0 }
    const id = await stage.start(planFor(stage, { steps, checks, warmUp: '0s', floor: { errors: '90%' } }))
    await stage.untilCard(id, ({ flags }) => flags?.[0] === 'new-checkout on')
    stage.script.pools['green'] = bad
    await stage.untilCard(id, ({ flags }) => flags?.[0] === 'new-checkout off')
    stage.script.pools['green'] = { ...bad, errorRate: 0.005 }
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
    expect(await flagNow()).toEqual(OFF)
    const texts = (await stage.releases.show(id)).trail.map(({ text }) => text).join('\n')
    expect(texts).toMatch(/flag new-checkout goes off and stays off: errors /)
  })

  it('rolls the version back when it fails with the feature off as well', async () => {
    const checks = { errors: { ...ERRORS.errors, onFail: { flag: 'new-checkout', set: 'off' } } }
    const steps = [{ weight: '50%' }, { flag: { 'new-checkout': 'on' } }, { bake: '1m' }, { weight: '100%' }]
    stage.script.pools['green'] = { requestsPerSecond: 400, errorRate: 0.3, slowShare: 0 }
    const id = await stage.start(planFor(stage, { steps, checks, warmUp: '0s', floor: { errors: '90%' } }))
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
    expect(await flagNow()).toEqual(OFF)
  })

  it('takes the version back where the plan rolls back and the store does not set the feature off', async () => {
    const checks = { errors: { ...ERRORS.errors, onFail: { flag: 'new-checkout', set: 'off' } } }
    const steps = [{ weight: '50%' }, { flag: { 'new-checkout': 'on' } }, { bake: '1m' }, { weight: '100%' }]
    const id = await stage.start(planFor(stage, { steps, checks, warmUp: '0s', floor: { errors: '90%' } }))
    await stage.untilCard(id, ({ flags }) => flags?.[0] === 'new-checkout on')
    stage.flags.isDown = true
    stage.script.pools['green'] = { requestsPerSecond: 400, errorRate: 0.3, slowShare: 0 }
    await stage.untilCard(id, ({ rollback }) => (rollback?.tries ?? 0) > 0)
    expect(stage.router.observe().split).toEqual({ blue: 10_000, green: 0 })
    stage.flags.isDown = false
    expect(await stage.result(id)).toMatchObject({
      outcome: 'rolled-back',
      reason: 'flag new-checkout has failed and could not be set off within 10s',
    })
    expect(await flagNow()).toEqual(OFF)
  })
})
