import { describe, expect, it } from 'vitest'
import type { CalibrationReport } from '../../src/analysis/calibrate.ts'
import { proposedLine } from '../../src/analysis/proposed-line.ts'
import type { Check } from '../../src/domain/checks.ts'

const at = (notWorseThan: number, alpha: number) => ({ notWorseThan, alpha, falseAlarms: 0, likelyFalseAlarms: 0 })
const reportWith = (own: Partial<CalibrationReport>): CalibrationReport => ({
  ...{ replays: 100, current: at(1.5, 0.005), effects: [], proposed: at(2, 0.005), proposedEffects: [] },
  ...{ minRequests: 300, summary: '' },
  ...own,
})
const errors: Check = {
  ...{ kind: 'errorRate', name: 'errors', source: 'proxy' },
  rule: { judge: 'sequential', notWorseThan: 1.5, alpha: 0.005, minRequests: 50 },
}
const orders: Check = {
  ...{ kind: 'rate', name: 'orders', source: 'proxy', of: 'orders', notBelow: 0.8, notAbove: 1.5 },
  ...{ alpha: 0.005, minRequests: 50 },
}

describe('the proposed line', () => {
  it('keeps what was written and replaces the ratio and the minimum', () => {
    const written = { checks: { errors: { errorRate: { notWorseThan: '1.5x', confidence: '99.5%' } } } }
    expect(proposedLine(errors, written, reportWith({}))).toBe(
      'errors: { errorRate: { notWorseThan: 2x, confidence: 99.5%, minRequests: 300 } }',
    )
  })

  it('finds the check of an analysis', () => {
    const checks = { errors: { errorRate: { source: 'other', notWorseThan: '1.5x' } } }
    const written = { checks: {}, steps: [{ weight: '5%' }, { analyse: { for: '1h', checks } }] }
    expect(proposedLine(errors, written, reportWith({ minRequests: null }))).toBe(
      'errors: { errorRate: { source: other, notWorseThan: 2x } }',
    )
  })

  it('claims a confidence of its own only when the budget must be smaller', () => {
    const line = proposedLine(errors, null, reportWith({ proposed: at(5, 0.00005) }))
    expect(line).toBe(
      'errors: { errorRate: { source: proxy, notWorseThan: 5x, minRequests: 300, confidence: 99.995% } }',
    )
    expect(proposedLine(errors, null, reportWith({ proposed: at(5, 1e-9) }))).toContain('confidence: 99.9999%')
  })

  it('moves both sides of a rate together', () => {
    const written = { checks: { orders: { rate: { of: 'orders', notBelow: '0.8x', notAbove: '1.5x' } } } }
    expect(proposedLine(orders, written, reportWith({ minRequests: null }))).toBe(
      'orders: { rate: { of: orders, notBelow: 0.5x, notAbove: 2x } }',
    )
  })

  it('never makes a tolerance tighter than the team has it', () => {
    expect(proposedLine(errors, null, reportWith({ proposed: at(1, 0.005) }))).toContain('notWorseThan: 1.5x')
  })

  it('is nothing when nothing was proposed', () => {
    expect(proposedLine(errors, null, reportWith({ proposed: null }))).toBeNull()
  })
})
