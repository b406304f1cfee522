import { describe, expect, it } from 'vitest'
import {
  beyond,
  describeBursts,
  describeInterval,
  describeSeen,
  isBeyond,
  outlookFigures,
  outlookOf,
} from '../../../../src/analysis/judges/sequential/rate-outlook.ts'
import { addToRatio, NO_RATIO } from '../../../../src/analysis/judges/sequential/ratio-evidence.ts'
import { arm, errorCheck, look, verdictsOver } from '../looks.ts'

/** So many looks with these errors, at a weight of 5%. */
const after = (looks: number, canaryEvents: number, stableEvents: number, scale = 1) =>
  Array.from({ length: looks }, () => 0).reduce(
    (evidence) =>
      addToRatio(evidence, {
        ...{ canaryEvents: canaryEvents * scale, canaryTrials: 50 * scale },
        ...{ stableEvents: stableEvents * scale, stableTrials: 950 * scale },
      }),
    NO_RATIO,
  )
const asked = { notAbove: 1.5, notBelow: null, mostPerRequest: 1, needed: Math.log(300) }

describe('what a verdict says of its power', () => {
  const said = (looks: number, scale = 1) => describeSeen(asked, outlookOf(asked, after(looks, 0.25, 4.75, scale)))

  it('tells a pass of a few requests from one of many', () => {
    expect(said(1, 0.1)).toBe('; no rise would be seen yet')
    expect(said(6, 0.5)).toMatch(/^; no rise below [\d.]+% would be seen yet$/)
    expect(said(60)).toMatch(/^; a rise to [12]\.\d% would be seen by now \(90%\)$/)
    expect(said(360)).toMatch(/^; a rise to 1\.1% would be seen by now \(90%\)$/)
    expect(said(360, 20)).toMatch(/^; a rise to 0\.8\d% would be seen by now \(90%\)$/)
  })

  it('speaks of the side that is asked about', () => {
    const falls = { notAbove: null, notBelow: 0.9, needed: Math.log(20) }
    expect(describeSeen(falls, outlookOf(falls, after(60, 1.5, 28.5)))).toMatch(/^; a fall to [\d.]+% would be seen/)
    expect(describeSeen(falls, outlookOf(falls, after(2, 1.5, 28.5)))).toBe('; no fall would be seen yet')
    const both = { notAbove: 1.2, notBelow: 0.9, needed: Math.log(40) }
    expect(describeSeen(both, outlookOf(both, NO_RATIO))).toBe('; no change would be seen yet')
  })

  it('has figures of all it says, and none of what it does not', () => {
    const figures = outlookFigures(outlookOf(asked, after(60, 0.25, 4.75)))
    expect(Object.keys(figures)).toEqual(['ratioAtLeast', 'ratioAtMost', 'ratioConfidence', 'seenRise', 'seenPower'])
    expect(outlookFigures(outlookOf(asked, NO_RATIO))).toEqual({})
    expect(outlookFigures(null)).toEqual({})
  })
})

describe('what a verdict says of the size', () => {
  it('is an interval, or the end that is known', () => {
    expect(describeInterval({ atLeast: 0.712, atMost: 1.38 })).toBe('; 0.71 to 1.4 times as many (95% sure)')
    expect(describeInterval({ atLeast: 0.9812, atMost: 1.0244 })).toBe('; 0.981 to 1.03 times as many (95% sure)')
    expect(describeInterval({ atLeast: 0.001, atMost: 5.31 })).toBe('; at most 5.4 times as many (95% sure)')
    expect(describeInterval({ atLeast: 11.7, atMost: Number.POSITIVE_INFINITY })).toBe(
      '; at least 11 times as many (95% sure)',
    )
    expect(describeInterval({ atLeast: 0, atMost: Number.POSITIVE_INFINITY })).toBe('')
    expect(describeInterval(null)).toBe('')
  })

  it('is never less than what the judge is surer of', () => {
    expect(beyond({ atLeast: 1.2, atMost: 3 }, 1.5, 'more')).toEqual({ atLeast: 1.5, atMost: 3 })
    expect(beyond({ atLeast: 0.3, atMost: 1 }, 0.9, 'fewer')).toEqual({ atLeast: 0.3, atMost: 0.9 })
    expect(isBeyond({ atLeast: 1.6, atMost: 3 }, { word: 'more', ratio: 1.5 })).toBe(true)
    expect(isBeyond({ atLeast: 1.4, atMost: 3 }, { word: 'more', ratio: 1.5 })).toBe(false)
    expect(isBeyond({ atLeast: 0.3, atMost: 0.8 }, { word: 'fewer', ratio: 0.9 })).toBe(true)
    expect(isBeyond(null, { word: 'fewer', ratio: 0.9 })).toBe(false)
  })

  it('does not contradict a pass: where the interval has seen it, there is a sign of it', () => {
    const looks = Array.from({ length: 40 }, (_, index) => look(index, arm(500, 5), arm(9_500, 48)))
    const reasons = verdictsOver(errorCheck({ notWorseThan: 1.5, alpha: 1e-9 }), looks).map(({ reason }) => reason)
    for (const reason of reasons) {
      const [, low] = /; ([\d.]+) to [\d.]+ times as many/.exec(reason) ?? []
      expect(reason.includes('not yet sure of 1.5 times') || Number(low) <= 1.5 || low === undefined).toBe(true)
    }
    expect(reasons.at(-1)).toContain('not yet sure of 1.5 times as many or more (')
  })
})

describe('errors that one user could have made', () => {
  const quiet = after(50, 0, 4.75)
  const burst = (events: number, trials = 100) => ({
    ...{ canaryEvents: events, canaryTrials: trials, stableEvents: 4, stableTrials: 950 },
  })

  it('are few, and came in one or two looks', () => {
    expect(describeBursts('errors', addToRatio(quiet, burst(20)))).toBe(
      '; 20 errors came in one look: one user could be the cause',
    )
    const two = addToRatio(addToRatio(quiet, burst(20)), burst(15))
    expect(describeBursts('errors', two)).toBe('; 35 errors came in two looks: one user could be the cause')
  })

  it('are not those of a canary that is worse all the time, of many at once, or of nearly everybody', () => {
    const said = (...looks: readonly Parameters<typeof addToRatio>[1][]) =>
      describeBursts(
        'errors',
        looks.reduce((all, one) => addToRatio(all, one), quiet),
      )
    expect(describeBursts('errors', after(20, 2, 4.75))).toBe('')
    expect(said(burst(60))).toBe('')
    expect(said(burst(2), burst(2))).toBe('')
    expect(said(burst(30, 40))).toBe('')
    expect(said(burst(10), burst(10), burst(10), burst(10))).toBe('')
    expect(describeBursts('errors', NO_RATIO)).toBe('')
  })
})
