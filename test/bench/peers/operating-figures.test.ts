import { describe, expect, it } from 'vitest'
import type { ErrorRule } from '../../../bench/decisions/error-rules.ts'
import type { ErrorScenario } from '../../../bench/decisions/error-traffic.ts'
import { summarise } from '../../../bench/decisions/results.ts'
import { simulate } from '../../../bench/decisions/sample.ts'

function figures<Rule extends ErrorRule>(scenario: ErrorScenario, rules: readonly Rule[], runs: number) {
  const alarms = simulate({ scenario, rules, seed: 7, from: 0, to: runs })
  return new Map(rules.map((rule, position) => [rule, summarise(alarms[position] ?? [])]))
}

// Figures that were measured once with another implementation, in another language; loosely, as samples here are small.
describe('the rules of other tools behave as they are known to', () => {
  it('over good releases at one weight', () => {
    const seen = figures('flat', ['flagger-1', 'flagger-10', 'fixed-3', 'z', 'growthbook', 'eppo', 'statsig'], 150)
    const share = (rule: Parameters<typeof seen.get>[0]) => seen.get(rule)?.share ?? Number.NaN
    expect(share('flagger-1')).toBeGreaterThan(0.97)
    expect(Math.abs(share('flagger-10') - 0.19)).toBeLessThan(0.1)
    expect(share('fixed-3')).toBeGreaterThan(0.85)
    expect(Math.abs(share('z') - 0.425)).toBeLessThan(0.12)
    for (const rule of ['growthbook', 'eppo', 'statsig'] as const) expect(share(rule)).toBeLessThan(0.03)
  })

  it('over releases with four times the errors', () => {
    const expected = {
      'flagger-10': 12,
      'fixed-3': 4,
      z: 0.33,
      'obrien-fleming': 5,
      growthbook: 2.5,
      eppo: 2.8,
      statsig: 12.7,
      'lindon-malek': 2.2,
      truncated: 1.33,
      kayenta: 5,
    } as const
    const rules = Object.keys(expected) as (keyof typeof expected)[]
    const seen = figures('flat-to-2', rules, 150)
    const isNear = (rule: keyof typeof expected) =>
      Math.abs((seen.get(rule)?.median ?? Number.NaN) - expected[rule]) < 0.2 * expected[rule] + 0.17
    expect(rules.filter((rule) => !isNear(rule))).toEqual([])
  })

  it('over ramps, where comparing sums of all weights takes a fleet-wide rise for the canary', () => {
    const pooled = ['z', 'growthbook', 'statsig', 'eppo'] as const
    const seen = figures('ramp-incident', pooled, 60)
    expect(pooled.filter((rule) => !((seen.get(rule)?.share ?? 0) > 0.9))).toEqual([])
  })

  it('whatever the batching: release n is the same for every rule', () => {
    const whole = simulate({ scenario: 'flat-to-5', rules: ['growthbook', 'z'], seed: 3, from: 0, to: 6 })
    const part = simulate({ scenario: 'flat-to-5', rules: ['growthbook'], seed: 3, from: 2, to: 4 })
    expect(part[0]).toEqual(whole[0]?.slice(2, 4))
  })
})
