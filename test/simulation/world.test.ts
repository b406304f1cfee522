import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../../src/analysis/statistics/random.ts'
import { canaryShare, ROLES, simulatedTarget } from '../../src/simulation/world.ts'
import { trafficWith } from './plans.ts'

const MINUTE = 60_000
const signal = new AbortController().signal

async function observed(share: number, canary = {}, minutes = 60) {
  const exposure = { weight: share * 10_000, cohorts: [] }
  const target = simulatedTarget(trafficWith(canary), ['shop'], () => exposure, createRandom(7))
  const look = { roles: ROLES, since: null, notBefore: 0, now: minutes * MINUTE }
  const seen = await target.metrics['shop']?.observe(look, signal)
  if (seen?.canary.kind !== 'value' || seen.stable.kind !== 'value') throw new Error('nothing was seen')
  return { canary: seen.canary.value, stable: seen.stable.value, cursor: seen.cursor }
}

describe('the share of the canary', () => {
  it('is that of the cohorts, and the weight of everybody else', () => {
    expect(canaryShare({ weight: 0, cohorts: [] }, trafficWith())).toBe(0)
    expect(canaryShare({ weight: 0, cohorts: ['a', 'b'] }, trafficWith())).toBeCloseTo(0.02)
    expect(canaryShare({ weight: 5_000, cohorts: ['a', 'b'] }, trafficWith())).toBeCloseTo(0.51)
    expect(canaryShare({ weight: 10_000, cohorts: ['a'] }, trafficWith())).toBe(1)
  })
})

describe('the traffic of a simulated target', () => {
  it('has the rates that were asked for, on both sides', async () => {
    const { canary, stable } = await observed(0.25, { errors: 0.02 })
    expect(canary.requests).toBeCloseTo(90_000, -4)
    expect(stable.requests).toBeCloseTo(270_000, -4)
    expect(canary.errors / canary.requests).toBeCloseTo(0.02, 2)
    expect(stable.errors / stable.requests).toBeCloseTo(0.005, 3)
    expect((canary.events['orders'] ?? 0) / canary.requests).toBeCloseTo(0.03, 2)
  })

  it('has latencies of that shape, all of them moved where a version is slower', async () => {
    const { canary, stable } = await observed(0.5, { slower: 2 })
    const slow = ({ latency }: typeof canary, from: number) => {
      const { upperBoundsSeconds = [], counts = [] } = latency ?? {}
      const index = upperBoundsSeconds.indexOf(from)
      return (
        counts.slice(index + 1).reduce((sum, count) => sum + count, 0) / counts.reduce((sum, count) => sum + count, 0)
      )
    }
    expect(slow(stable, 0.1)).toBeCloseTo(0.42, 1)
    expect(slow(canary, 0.1)).toBeCloseTo(0.67, 1)
  })

  it('is counted once: each look goes on where the last one ended, and never before the exposure', async () => {
    const target = simulatedTarget(trafficWith(), ['shop'], () => ({ weight: 5_000, cohorts: [] }), createRandom(1))
    const source = target.metrics['shop']
    const first = await source?.observe({ roles: ROLES, since: null, notBefore: 1_000, now: 5_000 }, signal)
    const second = await source?.observe(
      { roles: ROLES, since: first?.cursor ?? null, notBefore: 1_000, now: 9_000 },
      signal,
    )
    const third = await source?.observe(
      { roles: ROLES, since: second?.cursor ?? null, notBefore: 12_000, now: 15_000 },
      signal,
    )
    const windows = [first, second, third].map((seen) => seen?.window)
    expect(windows).toEqual([
      { start: 1_000, end: 5_000 },
      { start: 5_000, end: 9_000 },
      { start: 12_000, end: 15_000 },
    ])
  })

  it('adds up whatever is drawn: no more errors or slow requests than requests', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0.1, max: 50, noNaN: true }),
        async (errors, slower) => {
          const { canary } = await observed(0.1, { errors, slower }, 1)
          expect(canary.errors).toBeLessThanOrEqual(canary.requests)
          expect(canary.latency?.counts.reduce((sum, count) => sum + count, 0)).toBe(canary.requests)
          expect(canary.latency?.counts.every((count) => count >= 0)).toBe(true)
        },
      ),
      { numRuns: 50 },
    )
  })
})
