import { describe, expect, it } from 'vitest'
import { kindOf } from '../../../src/analysis/checks/index.ts'
import { type HarmEvidence, NOTHING_SEEN } from '../../../src/analysis/harm/harm.ts'
import { harmEvidence } from '../../../src/analysis/harm/of-checks.ts'
import { weighRaise } from '../../../src/analysis/harm/weigh-raise.ts'
import { addToRatio, NO_RATIO } from '../../../src/analysis/judges/sequential/ratio-evidence.ts'
import { armNames } from '../../../src/domain/arm-names.ts'
import { errorCheck } from '../judges/looks.ts'

const NAMES = armNames('2.4.0', '2.3.9')
const RAISE = { from: 1_000, to: 2_500, spend: 0.5 }

function seen(canaryEvents: number, stableEvents: number): HarmEvidence {
  const counts = { canaryTrials: 6_000, canaryEvents, stableTrials: 54_000, stableEvents }
  return { ratio: addToRatio(NO_RATIO, counts), canaryRequests: 6_000 }
}

describe('a raise that is weighed', () => {
  it('is affordable when the most that it may cost fits the budget, and says so with the numbers', () => {
    const { isAffordable, reason, to } = weighRaise(RAISE, [seen(30, 270)], NAMES)
    expect({ isAffordable, to }).toEqual({ isAffordable: true, to: 2_500 })
    expect(reason).toMatch(
      /^10% → 25%: 2\.4\.0 fails at most 1\.\d+ times as many requests as 2\.3\.9 \(95% sure at every look\); 25% then costs at most 0\.\d+ failed requests for each of 2\.3\.9's, within the budget of 0\.5; so far at most \d+ failed that need not have$/,
    )
  })

  it('waits while it may cost more, and says what for', () => {
    const { isAffordable, reason } = weighRaise(RAISE, [seen(8, 20)], NAMES)
    expect(isAffordable).toBe(false)
    expect(reason).toMatch(
      /^25% waits: 2\.4\.0 fails at most .* failed requests for each of 2\.3\.9's, over the budget of 0\.5;/,
    )
  })

  it('is never affordable where nothing bounds the harm, or one of the checks bounds none', () => {
    for (const evidence of [[], [NOTHING_SEEN], [seen(30, 270), NOTHING_SEEN]])
      expect(weighRaise(RAISE, evidence, NAMES)).toEqual({
        ...{ to: 2_500, isAffordable: false },
        reason: '25% waits: too few requests have failed to say what 2.4.0 may cost at most',
      })
  })

  it('goes by the worst of the checks', () => {
    expect(weighRaise(RAISE, [seen(30, 270), seen(8, 20)], NAMES).isAffordable).toBe(false)
  })

  it('is not told cheaper than it is', () => {
    const { isAffordable, reason } = weighRaise({ ...RAISE, spend: 0.25 }, [seen(30, 270)], NAMES)
    const [, cost] = /costs at most ([\d.]+)/.exec(reason) ?? []
    expect(Number(cost) <= 0.25).toBe(isAffordable)
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
