import { describe, expect, it } from 'vitest'
import { createRandom, type Random } from '../../../../src/analysis/statistics/random.ts'
import type { CheckInput } from '../../../../src/domain/plan/checks.ts'
import type { RecordedStable } from '../../../../src/domain/recorded-noise.ts'
import type { Verdict } from '../../../../src/domain/verdict.ts'
import { arm, COARSE_BOUNDS, errorCheck, histogram, latencyCheck, look, ordersCheck, verdictsOver } from '../looks.ts'
import { delay, repeat, share } from '../replay.ts'

const EVERY = 10_000
const MINUTE = 60_000
const UNKNOWN: Verdict = { outcome: 'pass', reason: '', evidence: { judge: 'none', figures: {} } }
const recorded = (more: Partial<RecordedStable>): RecordedStable => ({ errors: null, events: {}, slow: [], ...more })

/** An hour at 100 requests/s, half of them on the canary, each arm with noise of CV .5 of its own every minute. */
function noisyHour(random: Random, times: number, known: RecordedStable | null): (index: number) => CheckInput {
  let [canary, stable] = [1, 1]
  return (index) => {
    if (index % 6 === 0) {
      canary = random.logNormal(-0.11, 0.47)
      stable = random.logNormal(-0.11, 0.47)
    }
    const failing = (factor: number) => random.binomial(500, Math.min(1, 0.005 * factor))
    const input = look(index, arm(500, failing(times * canary)), arm(500, failing(stable)), EVERY)
    return known === null ? input : { ...input, recorded: known }
  }
}

describe('a check that knows the record', () => {
  const own = recorded({ errors: { share: 0.005, noise: [{ lasting: MINUTE, variation: 0.25 }] } })

  it('keeps its budget where each version has noise of its own, and still sees a fourfold rise', () => {
    const random = createRandom(5)
    const check = errorCheck({ minRequests: 50 })
    const falseAlarms = (known: RecordedStable | null) =>
      share(repeat(60, () => delay(check, 360, EVERY, noisyHour(random, 1, known))))
    expect(falseAlarms(null)).toBeGreaterThan(0.15)
    expect(falseAlarms(own)).toBeLessThanOrEqual(0.08)
    expect(share(repeat(30, () => delay(check, 360, EVERY, noisyHour(random, 4, own))))).toBe(1)
  })

  it('tells a wider interval of errors, events and slow requests', () => {
    const noise = [{ lasting: MINUTE, variation: 0.5 }]
    const latency = (index: number) =>
      histogram(COARSE_BOUNDS, 500, () => createRandom(index).logNormal(Math.log(0.1), 0.6))
    const looks = (known: RecordedStable | null) =>
      Array.from({ length: 30 }, (_, index): CheckInput => {
        const both = arm(500, 5, { events: { orders: 50 }, latency: latency(index) })
        return { ...look(index, both, both, EVERY), ...(known !== null && { recorded: known }) }
      })
    const known = recorded({
      ...{ errors: { share: 0.01, noise }, events: { orders: { share: 0.1, noise } } },
      slow: [{ share: 0.05, noise }],
    })
    const last = (verdicts: readonly Verdict[]): Verdict => verdicts.at(-1) ?? UNKNOWN
    const width = ({ evidence: { figures } }: Verdict, name: string) =>
      (figures[`${name}AtMost`] ?? 0) / (figures[`${name}AtLeast`] ?? 1)
    for (const [check, name] of [
      [errorCheck(), 'ratio'],
      [ordersCheck(), 'ratio'],
      [latencyCheck(), 'slowRatio'],
    ] as const)
      expect(width(last(verdictsOver(check, looks(known))), name)).toBeGreaterThan(
        width(last(verdictsOver(check, looks(null))), name),
      )
  })
})
