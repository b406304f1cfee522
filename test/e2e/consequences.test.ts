import { describe, expect, it } from 'vitest'
import { planFor, type Stage, stagePerTest } from './harness.ts'

let stage: Stage
stagePerTest((opened) => {
  stage = opened
  stage.script.pools['blue'] = GOOD
  stage.script.pools['green'] = GOOD
})

const GOOD = { requestsPerSecond: 400, errorRate: 0.02, slowShare: 0 }
const DIP = { ...GOOD, errorRate: 0.08 }
const BAD = { ...GOOD, errorRate: 0.3 }
/** Stands for a business metric: it sees the dip that the errors accept. */
const BUSINESS = { errorRate: { max: '5%', failures: 1, of: 1 } }
const LIMIT = { errorRate: { max: '20%', failures: 1, of: 1 } }
const STEPS = [{ weight: '50%' }, { bake: '4s' }, { weight: '100%' }]

describe('a business metric that dips', () => {
  it('holds the release, which goes on by itself once it has passed again', async () => {
    stage.script.pools['green'] = DIP
    const checks = { errors: LIMIT, business: { ...BUSINESS, onFail: 'hold' } }
    const id = await stage.start(planFor(stage, { steps: STEPS, checks, warmUp: '0s' }))
    const card = await stage.untilCard(id, ({ reason }) => reason !== null)
    expect(card.reason).toMatch(/^held: business/)
    expect(card.ledger).toMatchObject([{ check: 'business', only: 'hold', until: null }])
    expect(card.weight).toBe(5_000)
    stage.script.pools['green'] = GOOD
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
    const { ledger, trail } = await stage.releases.show(id)
    expect(ledger).toHaveLength(1)
    expect(ledger?.[0]?.until).not.toBeNull()
    expect(trail.map(({ text }) => text).join('\n')).toMatch(/held: business[^]*passes again, so it no longer holds/)
    expect(stage.notices.filter(({ text }) => text.includes('2.4.0: held, business'))).toHaveLength(1)
  })

  it('that only warns is kept in the ledger, touches nothing, and is known to calibrations', async () => {
    stage.script.pools['green'] = DIP
    const checks = { errors: LIMIT, business: { ...BUSINESS, onFail: 'warn' } }
    const id = await stage.start(planFor(stage, { steps: STEPS, checks, warmUp: '0s' }))
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
    const { ledger } = await stage.releases.show(id)
    expect(ledger).toMatchObject([
      {
        check: 'business',
        only: 'warn',
        text: expect.stringMatching(/^would have rolled back at step [123]: business/),
      },
    ])
    expect(stage.notices.map(({ text }) => text).join('\n')).toMatch(/2\.4\.0: would have rolled back, business/)
  })

  it('that pauses is told once while a person has paused the release already', async () => {
    const id = await stage.start(
      planFor(stage, { steps: STEPS, checks: { errors: LIMIT }, onFail: 'pause', warmUp: '0s' }),
    )
    await stage.untilCard(id, ({ phase }) => phase === 'baking')
    await stage.command(id, 'pause')
    stage.script.pools['green'] = BAD
    const told = () => stage.notices.filter(({ text }) => text.includes('paused, errors'))
    await expect.poll(told).not.toEqual([])
    // The guard goes on looking after the router, and says nothing of the check any more.
    stage.router.meddle({ split: { blue: 0, green: 10_000 } })
    const card = await stage.untilCard(id, ({ repairs }) => repairs > 0)
    expect(card.reason).toMatch(/^errors/)
    expect(told()).toHaveLength(1)
    await stage.command(id, 'abort')
  })

  it('does not keep the errors from rolling back, not even while a person decides about it', async () => {
    stage.script.pools['green'] = DIP
    const checks = { business: { ...BUSINESS, onFail: 'pause' }, errors: { ...LIMIT, onFail: 'rollback' } }
    const id = await stage.start(planFor(stage, { steps: STEPS, checks, warmUp: '0s' }))
    await stage.untilCard(id, ({ phase }) => phase.startsWith('paused'))
    stage.script.pools['green'] = BAD
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back', reason: expect.stringMatching(/^errors/) })
  })
})
