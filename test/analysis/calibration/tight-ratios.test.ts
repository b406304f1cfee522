import { describe, expect, it } from 'vitest'
import { tightRatioWarnings } from '../../../src/analysis/calibration/tight-ratios.ts'
import { planWith } from '../../simulation/plans.ts'

const STEPS = [{ weight: '50%' }, { bake: '10m' }, { weight: '100%' }]

describe('the warning of a ratio that accepts nothing', () => {
  it('names each check that compares with 1x, whatever it counts', () => {
    const { checks } = planWith({
      steps: STEPS,
      checks: {
        errors: { errorRate: { notWorseThan: '1x' } },
        wide: { errorRate: { notWorseThan: '1.25x' } },
        orders: { rate: { of: 'orders', notBelow: '1x' } },
        ceiling: { errorRate: { max: '5%' } },
      },
    })
    expect(tightRatioWarnings(checks).map((text) => text.split(' ')[0])).toEqual(['errors', 'orders'])
    expect(tightRatioWarnings(checks)[0]).toContain('sluice calibrate')
  })
})
