import { describe, expect, it } from 'vitest'
import { open } from '../support/calls.ts'
import { ERRORS, planFor, type Stage, stagePerTest } from './harness.ts'

let stage: Stage
stagePerTest(
  (opened) => {
    stage = opened
  },
  { isFlagOnly: true },
)

const ON = { weight: 10_000, cohorts: [] }
const OFF = { weight: 0, cohorts: [] }
const plan = (source: Record<string, unknown>) =>
  planFor(stage, { warmUp: '0s', ...source }, { router: null, cohorts: ['beta'] })
const STEPS = [{ flag: { 'new-checkout': ['beta', '25%'] } }, { bake: '30s' }, { flag: { 'new-checkout': 'on' } }]

async function flagNow() {
  return (await stage.flagStore.read(['new-checkout'], open())).flags['new-checkout']
}

describe('a target without a router', () => {
  it('has a feature go on by its shares, compared with who is without it, and promoted when everybody has it', async () => {
    const steps = [
      { flag: { 'new-checkout': ['beta', '25%'] } },
      { bake: '4s' },
      { approve: { by: 'owners' } },
      { flag: { 'new-checkout': 'on' } },
      { bake: '1s' },
    ]
    const id = await stage.start(plan({ steps, checks: ERRORS }))
    const asked = await stage.untilCard(id, ({ approval }) => approval !== null)
    expect(asked).toMatchObject({ weight: 2_500, byFlags: true, flags: ['new-checkout 25% and beta'] })
    expect(await flagNow()).toEqual({ weight: 2_500, cohorts: ['beta'] })
    expect(asked.verdicts).toMatchObject([{ check: 'errors', outcome: 'pass' }])
    await stage.command(id, 'approve')
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
    expect(await flagNow()).toEqual(ON)
    const lane = await stage.untilLane(({ running }) => running === null)
    expect(lane).toMatchObject({ isUnrouted: true, stable: null, promotedVersion: '2.4.0', keeper: { state: 'idle' } })
    const texts = [...(await stage.releases.show(id)).trail, ...stage.notices].map(({ text }) => text).join('\n')
    expect(texts).toContain('flag new-checkout on confirmed by the flag store')
    expect(texts).not.toMatch(/router|canary| on on/)
  })

  it('has it taken back, to what it was, when who has it fares worse', async () => {
    const before = { weight: 0, cohorts: ['beta'] }
    await stage.flagStore.apply({ flags: { 'new-checkout': before }, fence: { release: 1, epoch: 1 } }, open())
    stage.script.pools['on'] = { requestsPerSecond: 400, errorRate: 0.2, slowShare: 0 }
    const id = await stage.start(plan({ steps: STEPS, checks: ERRORS, floor: { errors: '90%' } }))
    expect(await stage.result(id)).toMatchObject({
      outcome: 'rolled-back',
      reason: expect.stringMatching(/^errors [\d.]+% on new-checkout against [\d.]+% on the rest/),
    })
    expect(await flagNow()).toEqual(before)
    // The next one starts from there as well: no pool has changed its role. It is a way back, which nobody can freeze.
    const target = { service: stage.service, environment: 'production' }
    await stage.untilLane(({ running }) => running === null)
    await stage.releases.freeze(target, { by: 'carol', reason: 'holidays' })
    await stage.releases.pin(target, { by: 'carol', reason: 'holidays' })
    await expect(stage.start(plan({ steps: STEPS, checks: {} }), { version: '2.4.2' })).rejects.toThrow(
      'frozen by carol',
    )
    const next = await stage.start(plan({ steps: [{ flag: { 'new-checkout': 'off' } }], checks: {} }), {
      version: '2.4.1',
    })
    expect(await stage.result(next)).toMatchObject({ outcome: 'promoted' })
    expect(await flagNow()).toEqual(OFF)
  })

  it('gives nobody a feature back while its checks fail, and asks once whether it is to', async () => {
    await stage.flagStore.apply({ flags: { 'new-checkout': ON }, fence: { release: 1, epoch: 1 } }, open())
    stage.script.pools['on'] = { requestsPerSecond: 400, errorRate: 0.2, slowShare: 0 }
    const id = await stage.start(plan({ steps: STEPS, checks: ERRORS }))
    const asked = await stage.untilCard(id, ({ phase }) => phase.startsWith('paused'))
    const question = 'a rollback would set flag new-checkout on again, so a person decides'
    expect(asked.reason).toContain(question)
    const fence = (await stage.flagStore.read(['new-checkout'], open())).fence ?? { release: 0, epoch: 0 }
    await stage.flagStore.apply({ flags: { 'new-checkout': ON }, fence }, open())
    await stage.untilCard(id, ({ repairs }) => repairs === 1)
    expect(await flagNow()).toEqual({ weight: 2_500, cohorts: ['beta'] })
    await expect.poll(() => stage.notices.filter(({ text }) => text.includes(question))).toHaveLength(1)
    await stage.command(id, 'abort')
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
    expect(await flagNow()).toEqual(ON)
  })

  it('has it put right when another hand sets it, and by the lane when its release is terminated', async () => {
    const id = await stage.start(plan({ steps: STEPS, checks: {} }))
    await stage.untilCard(id, ({ flags }) => flags !== undefined)
    const fence = (await stage.flagStore.read(['new-checkout'], open())).fence ?? { release: 0, epoch: 0 }
    await stage.flagStore.apply({ flags: { 'new-checkout': ON }, fence }, open())
    const repair = 'the flag store was at flag new-checkout on instead of flag new-checkout 25% and beta; repaired'
    await stage.untilCard(id, ({ trail }) => trail.some(({ text }) => text.includes(repair)))
    await stage.env.client.workflow.getHandle(id).terminate('test')
    const lane = await stage.untilLane(({ keeper, running }) => running === null && keeper.state === 'idle')
    expect(lane.keeper.text).toBe('there is no router, and between releases flags belong to their store')
    expect(await flagNow()).toEqual(OFF)
  })
})
