import { describe, expect, it } from 'vitest'
import { figuresOf, shareInterval } from '../../src/simulation/figures.ts'
import type { SimulatedRelease } from '../../src/simulation/run-release.ts'
import { trafficWith } from './plans.ts'

const MINUTE = 60_000
const at = (weight: number, from: number, until: number | null) => ({ exposure: { weight, cohorts: [] }, from, until })
const ended = (parts: Partial<SimulatedRelease>): SimulatedRelease => ({
  ...{
    outcome: 'rolled-back',
    took: MINUTE,
    step: 2,
    reason: 'errors 5% on canary',
    spans: [],
    startedAt: 0,
    verdicts: {},
  },
  ...parts,
})

describe('the figures of many releases', () => {
  it('count how they ended, when, and at which step', () => {
    const releases = [
      ended({ took: 3 * MINUTE }),
      ended({ took: MINUTE, step: 4 }),
      ended({ took: 2 * MINUTE, outcome: 'paused' }),
      ended({ took: 9 * MINUTE, outcome: 'promoted' }),
    ]
    expect(figuresOf(releases, trafficWith(), 0)).toMatchObject({
      ...{ releases: 4, promoted: 1, rolledBack: 2, paused: 1, reason: 'errors 5% on canary' },
      promotedAfter: { half: 9 * MINUTE, most: 9 * MINUTE },
      stoppedAfter: { half: 2 * MINUTE, most: 3 * MINUTE },
      stops: [MINUTE, 2 * MINUTE, 3 * MINUTE],
      stoppedAt: { 2: 2, 4: 1 },
    })
  })

  it('count what the new version served until it was stopped, and after its promotion until somebody noticed', () => {
    const traffic = trafficWith({ errors: 0.015 })
    const stopped = ended({ spans: [at(1_000, 0, 30_000), at(5_000, 30_000, MINUTE)] })
    const found = figuresOf([stopped], traffic, 10 * MINUTE)
    expect(found.served).toBeCloseTo(100 * (0.1 * 30 + 0.5 * 30))
    expect(found.extraFailures).toBeCloseTo(0.01 * found.served)
    const promoted = ended({ outcome: 'promoted', spans: [at(10_000, 0, MINUTE)] })
    expect(figuresOf([promoted], traffic, 10 * MINUTE).served).toBeCloseTo(100 * 660)
  })

  it('have nothing to say of times that nothing took', () => {
    const all = figuresOf([ended({ outcome: 'promoted' })], trafficWith(), 0)
    expect(all).toMatchObject({ stoppedAfter: null, reason: null, stops: [], extraFailures: 0 })
  })
})

describe('the interval of a share', () => {
  it('is that of Clopper and Pearson', () => {
    expect(shareInterval(0, 10)).toEqual({ atLeast: 0, atMost: expect.closeTo(0.3085, 4) })
    expect(shareInterval(10, 10)).toEqual({ atLeast: expect.closeTo(0.6915, 4), atMost: 1 })
    expect(shareInterval(1, 20)).toEqual({ atLeast: expect.closeTo(0.00127, 5), atMost: expect.closeTo(0.2487, 4) })
  })
})
