import { describe, expect, it } from 'vitest'
import { planFor, type Stage, stagePerTest } from './harness.ts'

let stage: Stage
stagePerTest((opened) => {
  stage = opened
})

const BUSY = { requestsPerSecond: 4_000, errorRate: 0.05, slowShare: 0 }

function rampPlan(spend: string) {
  return planFor(stage, {
    steps: [{ weight: '1%' }, { ramp: { to: '10%', spend, atLeast: '9s' } }, { bake: '3s' }, { weight: '100%' }],
    checks: { errors: { errorRate: { notWorseThan: '8x', minRequests: 20 } } },
    ...{ warmUp: '0s', onInconclusive: { holdFor: '10s', then: 'pause' } },
  })
}

describe('a ramp with a budget', () => {
  it('raises a healthy version weight by weight, and says of each with its numbers why', async () => {
    stage.script.pools['blue'] = BUSY
    stage.script.pools['green'] = BUSY
    const id = await stage.start(rampPlan('1x'))
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
    const { trail } = await stage.releases.show(id)
    const lines = trail.map(({ text }) => text)
    const confirmed = lines.flatMap((text) => /^(\S+) confirmed by the router/.exec(text)?.[1] ?? [])
    expect(confirmed).toEqual(['1%', '2%', '5%', '10%', '100%'])
    const raises = lines.filter((text) => text.startsWith('raised, '))
    expect(raises).toHaveLength(3)
    expect(raises[2]).toMatch(
      /^raised, 5% → 10%: it costs at most [\d.]+ failed requests for each of stable's on average, within the budget of 1: [\d.]+ should 2\.4\.0 fail [\d.]+ times as many, at odds of .+; so far at most \d+ failed that need not have$/,
    )
    const told = stage.notices.map(({ text }) => text)
    expect(told).toContainEqual(expect.stringMatching(/^2\.4\.0: 10% on canary, 5% → 10%: it costs at most/))
    expect(told).not.toContainEqual(expect.stringMatching(/100% on canary, /))
  })

  it('holds a version that would cost more, says what for, is paused after the hold, and raised by a person alone', async () => {
    stage.script.pools['blue'] = BUSY
    stage.script.pools['green'] = { ...BUSY, errorRate: 0.2 }
    const id = await stage.start(rampPlan('0.2x'))
    const held = await stage.untilCard(id, ({ phase }) => phase === 'paused (baking)')
    expect(held.weight).toBe(100)
    expect(held.reason).toMatch(
      /still inconclusive after 1\ds of holding; 2% waits: what was seen is likelier if 2\.4\.0 fails/,
    )
    expect(held.notices).toContainEqual(expect.stringMatching(/^2% waits: .*, over the budget of 0\.2;/))
    await stage.command(id, 'resume')
    await stage.untilCard(id, ({ phase }) => phase === 'baking')
    await stage.command(id, 'promote')
    await stage.untilCard(id, ({ weight }) => weight === 200)
    const { trail } = await stage.releases.show(id)
    expect(trail.some(({ text }) => text.startsWith('raised, '))).toBe(false)
    await stage.command(id, 'abort')
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
  })
})
