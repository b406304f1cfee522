import { describe, expect, it } from 'vitest'
import { learnScale, rememberSent, type SentSample, scaleOf, sentWithin } from '../../../src/analysis/traffic/sent.ts'

const sample = (at: number, canary: number, stable = canary): SentSample => ({ at, canary, stable })
const remembered = (samples: readonly SentSample[], needed = 0) =>
  samples.reduce<readonly SentSample[]>((known, one) => rememberSent(known, one, needed), [])

describe('what a router has sent', () => {
  it('is known for the windows of a source that lags behind, between two readings as well', () => {
    const samples = remembered([sample(0, 0, 100), sample(10, 10, 200), sample(20, 40, 300)])
    expect(sentWithin(samples, { start: 0, end: 20 })).toEqual({ canary: 40, stable: 200 })
    expect(sentWithin(samples, { start: 5, end: 15 })).toEqual({ canary: 20, stable: 100 })
  })

  it('is not known before the first reading and after the last', () => {
    const samples = remembered([sample(10, 0), sample(20, 10)])
    expect(sentWithin(samples, { start: 5, end: 15 })).toBeNull()
    expect(sentWithin(samples, { start: 15, end: 25 })).toBeNull()
  })

  it('begins anew when the router does', () => {
    expect(remembered([sample(0, 50), sample(10, 60), sample(20, 3)])).toEqual([sample(20, 3)])
  })

  it('is kept as long as a window needs it, and no longer', () => {
    const samples = Array.from({ length: 500 }, (_, index) => sample(index * 1_000, index))
    expect(remembered(samples, 497_500).map(({ at }) => at)).toEqual([497_000, 498_000, 499_000])
    expect(remembered(samples, 0).length).toBeLessThanOrEqual(60)
  })
})

describe('the scale between a router and a source', () => {
  it('is what the source counts per request of the router', () => {
    expect(scaleOf(learnScale({ sent: 0, ended: 0 }, { sent: 100, ended: 70 }))).toBe(0.7)
    expect(scaleOf({ sent: 100, ended: 120 })).toBe(1)
  })

  it.each([
    ['of which too little is known', { sent: 10, ended: 10 }],
    ['that counts other traffic', { sent: 1_000, ended: 100 }],
    ['that was passed by', { sent: 0, ended: 1_000 }],
  ])('is not known of a router %s', (_, scale) => {
    expect(scaleOf(scale)).toBeNull()
  })
})
