import { describe, expect, it } from 'vitest'
import { errorSight } from '../../../src/analysis/power/event-power.ts'
import { describeLowTraffic } from '../../../src/analysis/power/low-traffic.ts'
import type { BakePlan } from '../../../src/analysis/power/power.ts'
import { errorCheck } from '../judges/looks.ts'

const check = errorCheck({ notWorseThan: 1.5, alpha: 0.01 })
const sight = errorSight(check, check.rule, 0.005)
const bake: BakePlan = { requestsPerSecond: 1, weight: 500, bake: 1_800_000, interval: 10_000 }

describe('what low traffic means', () => {
  it('is how long it takes here, and the smallest weight that would do', () => {
    expect(describeLowTraffic('errors', sight, bake, 0.05)).toMatch(
      /^errors: at 1 requests\/s and a weight of 5% it takes about [45]\dm( \d+s)? to see a rise from 0\.5% to 5%, and the bake has 30m; at 10% about 2\dm( \d+s)?$/,
    )
  })

  it('is what the largest weight would do, where none does within the bake', () => {
    expect(describeLowTraffic('errors', sight, { ...bake, bake: 60_000 }, 0.05)).toMatch(
      /, and the bake has 1m; even at 50% about 1\dm( \d+s)?$/,
    )
  })

  it('has no other weight to offer at half of the traffic, and says when nothing helps', () => {
    expect(describeLowTraffic('errors', sight, { ...bake, weight: 5_000, bake: 60_000 }, 0.05)).toMatch(/has 1m$/)
    const blind = { ...sight, power: () => 0 }
    expect(describeLowTraffic('errors', blind, bake, 0.05)).toBe(
      'errors: at 1 requests/s and a weight of 5% a rise from 0.5% to 5% would hardly be seen within 30d, nor at 50%',
    )
  })
})
