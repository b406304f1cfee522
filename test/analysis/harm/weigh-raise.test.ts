import { describe, expect, it } from 'vitest'
import { kindOf } from '../../../src/analysis/checks/index.ts'
import { type HarmEvidence, NOTHING_SEEN, priceOf } from '../../../src/analysis/harm/harm.ts'
import { harmEvidence } from '../../../src/analysis/harm/of-checks.ts'
import { weighRaise } from '../../../src/analysis/harm/weigh-raise.ts'
import { addToRatio, NO_RATIO } from '../../../src/analysis/judges/sequential/ratio-evidence.ts'
import { armNames } from '../../../src/domain/arm-names.ts'
import { errorCheck } from '../judges/looks.ts'

const NAMES = armNames('2.4.0', '2.3.9')
const RAISE = { from: 1_000, to: 2_500, end: 5_000, spend: 0.5 }

function seen(canaryEvents: number, stableEvents: number): HarmEvidence {
  const counts = { canaryTrials: 6_000, canaryEvents, stableTrials: 54_000, stableEvents }
  return { ratio: addToRatio(NO_RATIO, counts), canaryRequests: 6_000 }
}

describe('a raise that is weighed', () => {
  it('is affordable when what it costs at most on average fits the budget, and says so with the numbers', () => {
    expect(weighRaise(RAISE, [seen(7, 63)], NAMES)).toEqual({
      ...{ to: 2_500, isAffordable: true },
      reason:
        "10% → 25%: it costs at most 0.0454 failed requests for each of 2.3.9's on average, within the budget of 0.5: 0.25 should 2.4.0 fail 2 times as many, at odds of 1 : 5.5; so far at most 12 failed that need not have",
    })
  })

  it('waits while the odds do not make up for the cost, and says what for', () => {
    expect(weighRaise(RAISE, [seen(1, 5)], NAMES)).toEqual({
      ...{ to: 2_500, isAffordable: false },
      reason:
        "25% waits: it costs at most 0.672 failed requests for each of 2.3.9's on average, over the budget of 0.5: 1.09 should 2.4.0 fail 5.33 times as many, at odds of 1 : 1.6; so far at most 10 failed that need not have",
    })
  })

  it('waits while what was seen speaks for a canary that the ramp cannot afford', () => {
    expect(weighRaise(RAISE, [seen(14, 50)], NAMES)).toEqual({
      ...{ to: 2_500, isAffordable: false },
      reason:
        "25% waits: what was seen is likelier if 2.4.0 fails 2.88 times as many requests as 2.3.9 than if it is as good; 50% would then cost 0.942 failed requests for each of 2.3.9's, over the budget of 0.5; so far at most 28 failed that need not have",
    })
  })

  it('is affordable up to the budget, and not beyond', () => {
    const average = priceOf(RAISE, seen(7, 63))?.average ?? 0
    const raiseFor = (spend: number) =>
      weighRaise({ ...RAISE, end: 5_000 * (spend / 0.5), spend }, [seen(7, 63)], NAMES)
    expect(raiseFor(average).isAffordable).toBe(true)
    expect(raiseFor(average * 0.999).isAffordable).toBe(false)
  })

  it('is never affordable where nothing bounds the harm, or one of the checks bounds none', () => {
    for (const evidence of [[], [NOTHING_SEEN], [seen(30, 270), NOTHING_SEEN]])
      expect(weighRaise(RAISE, evidence, NAMES)).toEqual({
        ...{ to: 2_500, isAffordable: false },
        reason: '25% waits: too few requests have failed to say what 2.4.0 costs at most',
      })
  })

  it('goes by the dearest of the checks, whichever comes first', () => {
    for (const evidence of [
      [seen(30, 270), seen(14, 50)],
      [seen(14, 50), seen(30, 270)],
    ])
      expect(weighRaise(RAISE, evidence, NAMES).isAffordable).toBe(false)
  })

  it('says the most that any of the checks has seen fail so far', () => {
    expect(weighRaise(RAISE, [seen(7, 63), seen(30, 270)], NAMES).reason).toMatch(/; so far at most 22 failed /)
  })
})

describe('the evidence of harm', () => {
  const fresh = (check: ReturnType<typeof errorCheck>) => ({ [check.name]: { state: kindOf(check).start(check) } })

  it('is of checks that compare the failed requests of everybody', () => {
    const check = errorCheck({ notWorseThan: 1.5 })
    expect(harmEvidence([check], fresh(check))).toEqual([NOTHING_SEEN])
    expect(harmEvidence([check], {})).toEqual([NOTHING_SEEN])
  })

  it('is not of a cohort, of a check that only warns, or of a fixed limit', () => {
    const check = errorCheck({ notWorseThan: 1.5 })
    const limit = { ...check, rule: { judge: 'threshold', max: 0.01, failures: 1, of: 1, minRequests: 1 } as const }
    expect(harmEvidence([{ ...check, cohort: 'beta' }, { ...check, onFail: 'warn' as const }, limit], {})).toEqual([])
  })
})
