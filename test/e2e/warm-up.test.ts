import { describe, expect, it } from 'vitest'
import { ERRORS, planFor, type Stage, stagePerTest } from './harness.ts'

let stage: Stage
stagePerTest((opened) => {
  stage = opened
})

const STEPS = [{ weight: '50%' }, { bake: '40s' }, { weight: '100%' }]
/** So many that each whole look shows the shares to the digits that are told, and the first one, of an instant, too few. */
const REQUESTS = { requestsPerSecond: 4_000, slowShare: 0 }
const CHECKS = { errors: { errorRate: { ...ERRORS.errors.errorRate, minRequests: 1_000 } } }
const COLD = { ...REQUESTS, errorRate: 0.1 }
const WARM = { ...REQUESTS, errorRate: 0.02 }

describe('a canary that fails five times as often while it warms up', () => {
  it('is promoted once it has settled, and every view says meanwhile that it warms up', async () => {
    stage.script.pools['blue'] = WARM
    stage.script.pools['green'] = COLD
    const id = await stage.start(planFor(stage, { steps: STEPS, checks: CHECKS, warmUp: '20s' }))
    const card = await stage.untilCard(id, ({ verdicts }) => verdicts[0]?.reason.includes('errors 10%') === true)
    expect(card.verdicts[0]).toMatchObject({
      outcome: 'inconclusive',
      reason: expect.stringMatching(
        /^2\.4\.0 warms up for 1?\ds more and is not judged yet; meanwhile: errors 10% on 2\.4\.0 against [\d.]+% /,
      ),
    })
    expect(card.warmsUpUntil).toBeGreaterThan(Date.now())
    stage.script.pools['green'] = WARM
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
  })

  it('is rolled back where the check asks for no warm-up', async () => {
    stage.script.pools['blue'] = WARM
    stage.script.pools['green'] = COLD
    const checks = { errors: { ...ERRORS.errors, warmUp: '0s' } }
    const id = await stage.start(planFor(stage, { steps: STEPS, checks, warmUp: '20s' }))
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
  })

  it('is rolled back when it goes on failing after the warm-up, however short the bake', async () => {
    stage.script.pools['blue'] = WARM
    stage.script.pools['green'] = { ...COLD, errorRate: 0.4 }
    const steps = [{ weight: '50%' }, { bake: '2s' }, { weight: '100%' }]
    const id = await stage.start(planFor(stage, { steps, checks: ERRORS, warmUp: '10s' }))
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
    const { trail } = await stage.releases.show(id)
    expect(trail.map(({ text }) => text).join('\n')).toMatch(
      /bake extended by \d+s: the canary still warms up, and the checks need some looks after that/,
    )
  })
})
