import { describe, expect, it } from 'vitest'
import { errorSight, eventSight } from '../../../src/analysis/power/event-power.ts'
import {
  type BakePlan,
  bakeForPower,
  describePower,
  powerOfBake,
  type Sight,
} from '../../../src/analysis/power/power.ts'
import { errorCheck, ordersCheck } from '../judges/looks.ts'

const plan: BakePlan = { requestsPerSecond: 100, weight: 500, bake: 60_000, interval: 10_000 }
const sightOf = (from: number, rule: Parameters<typeof errorCheck>[0] = {}): Sight => {
  const check = errorCheck(rule)
  return errorSight(check, check.rule, from)
}
const say = (sight: Sight, bake: BakePlan, size: number) =>
  describePower(sight, bake, size, powerOfBake(sight, bake, size))

describe('advice about a bake', () => {
  const sight = sightOf(0.005)

  it('finds the bake that has 90% power, in whole looks', () => {
    const longer = bakeForPower(sight, plan, 0.02) ?? 0
    expect(longer % plan.interval).toBe(0)
    expect(sight.power({ ...plan, bake: longer }, 0.02)).toBeGreaterThanOrEqual(0.9)
    expect(sight.power({ ...plan, bake: longer * 0.9 - 10_000 }, 0.02)).toBeLessThan(0.9)
    expect(bakeForPower(sight, plan, 0.0051)).toBeNull()
  })

  it('names what would give 90% only where it is missing', () => {
    const weak = powerOfBake(sight, plan, 0.02)
    expect(weak.needs).toBe(bakeForPower(sight, plan, 0.02))
    expect(weak.from).toBeGreaterThan(0.02)
    const strong = powerOfBake(sight, { ...plan, bake: 3_600_000 }, 0.02)
    expect(strong.power).toBeGreaterThan(0.99)
    expect(strong.needs).toBeNull()
    expect(strong.from).toBeLessThan(0.02)
  })

  it('is one sentence', () => {
    const tolerant = sightOf(0.001, { notWorseThan: 1.5, alpha: 0.01 })
    expect(say(tolerant, { requestsPerSecond: 50, weight: 100, bake: 600_000, interval: 10_000 }, 0.01)).toMatch(
      /^at 50 requests\/s and a weight of 1%, this bake of 10m sees a rise from 0\.1% to 1% with \d\d% power; a bake of \d+m( \d+s)? would have 90% power; this one reaches 90% at [\d.]+% or more$/,
    )
    expect(say(sight, { ...plan, bake: 3_600_000 }, 0.02)).toBe(
      'at 100 requests/s and a weight of 5%, this bake of 1h sees a rise from 0.5% to 2% with over 99% power',
    )
    expect(say(sight, { ...plan, requestsPerSecond: 0.001 }, 0.0051)).toMatch(
      /under 1% power; no bake up to 30d would have 90% power$/,
    )
  })

  it('goes down where a fall is looked for', () => {
    const fall = eventSight(ordersCheck({ notBelow: 0.9 }), 'fall', 0.03)
    if (fall === null) throw new Error('a fall is watched')
    expect(say(fall, { ...plan, bake: 600_000 }, 0.7)).toMatch(
      /sees orders falling to 0\.7x of 3% with \d+% power; a bake of .+ would have 90% power; this one reaches 90% at 0\.\d+x or less$/,
    )
  })
})
