import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { settlingOf } from '../../../src/analysis/calibration/settling.ts'
import { createRandom, type Random } from '../../../src/analysis/statistics/random.ts'
import type { ArmCounts } from '../../../src/domain/observation.ts'
import type { Action } from '../../../src/domain/plan/actions.ts'
import type { RecordedPair, RecordedRelease } from '../../../src/domain/release/past-release.ts'

const STEP = 10_000
const START = 1_700_000_000_000
const BOUNDS = [0.05, 0.1, 0.2, 0.4]

interface Life {
  /** Share of failed, and of slow requests, by seconds since the exposure began. */
  readonly errors?: (second: number) => number
  readonly slow?: (second: number) => number
  readonly weights?: readonly number[]
}

function arm(requests: number, errors: number, slow: number, random: Random): ArmCounts {
  const late = random.binomial(requests, slow)
  const latency = { upperBoundsSeconds: BOUNDS, counts: [requests - late, 0, 0, late, 0] }
  return { requests, errors: random.binomial(requests, errors), latency, events: {} }
}

/** A promoted release with ten minutes at each weight, in windows of ten seconds. */
function release(
  { errors = () => 0.005, slow = () => 0.02, weights = [500] }: Life,
  seed = 3,
  more: Partial<RecordedRelease> = {},
): RecordedRelease {
  const random = createRandom(seed)
  const length = 600_000
  const spans = weights.map((weight, index) => ({
    exposure: { weight, cohorts: [] },
    ...{ from: START + index * length, until: START + (index + 1) * length },
  }))
  const value = spans.flatMap(({ from }) =>
    Array.from({ length: length / STEP }, (_, index): RecordedPair => {
      const second = (index * STEP) / 1_000
      return {
        ...{ start: from + index * STEP, end: from + (index + 1) * STEP },
        canary: arm(random.poisson(400), errors(second), slow(second), random),
        stable: null,
      }
    }),
  )
  return {
    ...{ releaseId: `release/shop/production/${seed}`, version: '2.4.0', replaces: null, outcome: 'promoted' },
    ...{
      abandoned: null,
      roles: { stable: 'blue', canary: 'green' },
      spans,
      windows: { store: { kind: 'value', value } },
    },
    ...more,
  }
}

const warm = (seconds: number, times: number, usual: number) => (second: number) =>
  second < seconds ? times * usual : usual
const WITH: { actions: readonly Action[] } = {
  actions: [{ kind: 'expose', step: 1, label: '', exposure: { weight: 500, cohorts: [] }, warmsUpFor: 60_000 }],
}

/** Of one release the median is its own. */
const settlingTime = (one: RecordedRelease) => settlingOf(WITH, [one])?.median ?? null

describe('the time that a release took to settle', () => {
  it('is until its errors are those of the end of its exposure', () => {
    expect(settlingTime(release({ errors: warm(90, 8, 0.005) }))).toBe(90_000)
  })

  it('is until it is as fast as at the end of its exposure', () => {
    expect(settlingTime(release({ slow: warm(40, 5, 0.04) }))).toBe(40_000)
  })

  it('is the longest of its jumps in load; a step that is none is not looked at', () => {
    const atSecond = (from: number) => ({ ...release({ errors: warm(120, 8, 0.005), weights: [500, from] }) })
    expect(settlingTime(atSecond(800))).toBe(120_000)
    const quietFirst = release({ weights: [500, 800], errors: () => 0.005 })
    expect(settlingTime(quietFirst)).toBe(0)
  })

  it('is not known of a release that was rolled back, without a recording, or with too few windows', () => {
    expect(settlingTime(release({}, 1, { outcome: 'rolled-back' }))).toBeNull()
    expect(settlingTime(release({}, 1, { windows: { store: { kind: 'noData', reason: 'gone' } } }))).toBeNull()
    const [first] = release({}).spans
    if (first === undefined) throw new Error('a release has a span')
    expect(settlingTime(release({}, 1, { spans: [{ ...first, until: first.from + 5 * STEP }] }))).toBeNull()
  })

  it('is seldom put off by chance', () => {
    const times = Array.from({ length: 200 }, (_, seed) => settlingTime(release({}, seed + 1)) ?? -1)
    expect(times.filter((time) => time === 0).length).toBeGreaterThan(180)
    expect(Math.max(...times)).toBeLessThanOrEqual(2 * STEP)
  })

  it('does not depend on the order of the windows, and lies within the exposure', () => {
    const life = release({ errors: warm(60, 6, 0.005) })
    const windows = life.windows['store']
    if (windows?.kind !== 'value') throw new Error('this release is recorded')
    fc.assert(
      fc.property(fc.shuffledSubarray([...windows.value], { minLength: windows.value.length }), (value) => {
        const shuffled = { ...life, windows: { store: { kind: 'value', value } } } as const
        expect(settlingTime(shuffled)).toBe(settlingTime(life))
      }),
      { numRuns: 20 },
    )
  })
})

describe('how long the releases of a target take to settle', () => {
  const many = (...seconds: number[]) =>
    seconds.map((second, index) => release({ errors: warm(second, 10, 0.005) }, index + 1))

  it('is told as a median and a p90, with the warm-up to write', () => {
    const settling = settlingOf({ actions: [] }, many(0, 0, 30, 60, 60, 60, 60, 90, 90, 120))
    expect(settling).toMatchObject({ releases: 10, median: 60_000, p90: 90_000, proposed: 90_000 })
    expect(settling?.summary).toBe(
      'settling: half of 10 promoted releases did as at the end of their exposure within 1m, nine of ten within 1m 30s; the plan has no warm-up: write warmUp: 90s',
    )
  })

  it('proposes nothing where the plan waits as long already, or where too few have been seen', () => {
    expect(settlingOf(WITH, many(30, 30, 60))).toMatchObject({ p90: 60_000, proposed: null })
    const few = settlingOf(WITH, many(90, 90))
    expect(few?.proposed).toBeNull()
    expect(few?.summary).toContain("the plan's warm-up is up to 1m, and fewer than 3 releases propose none")
    expect(settlingOf(WITH, many(0, 0, 0))?.summary).toContain('at once, nine of ten at once')
    expect(settlingOf(WITH, [])).toBeNull()
  })
})
