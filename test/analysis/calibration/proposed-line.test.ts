import { describe, expect, it } from 'vitest'
import type { CalibrationReport } from '../../../src/analysis/calibration/calibrate.ts'
import { proposedLine } from '../../../src/analysis/calibration/proposed-line.ts'
import type { ListedCheck } from '../../../src/analysis/checks/index.ts'

const at = (notWorseThan: number, alpha: number) => ({ notWorseThan, alpha, falseAlarms: 0, likelyFalseAlarms: 0 })
const reportWith = (own: Partial<CalibrationReport>): CalibrationReport => ({
  ...{ replays: 100, current: at(1.5, 0.005), effects: [], proposed: at(2, 0.005), proposedEffects: [] },
  ...{ isFall: false, minRequests: 300, designEffect: null, summary: '' },
  ...own,
})
const errors: ListedCheck = {
  ...{ kind: 'errorRate', name: 'errors', source: 'proxy' },
  rule: { judge: 'sequential', notWorseThan: 1.5, alpha: 0.005, minRequests: 50 },
}
const orders: ListedCheck = {
  ...{ kind: 'rate', name: 'orders', source: 'proxy', of: 'orders', notBelow: 0.8, notAbove: 1.5 },
  ...{ alpha: 0.005, minRequests: 50 },
}

const lineOf = (
  check: ListedCheck,
  written: unknown,
  report: CalibrationReport,
  more: { minRequests?: number | null; claims?: boolean } = {},
) => proposedLine(check, written, report, { minRequests: null, claims: false, ...more })

describe('the proposed line', () => {
  it('keeps what was written and replaces the ratio and the minimum', () => {
    const written = { checks: { errors: { errorRate: { notWorseThan: '1.5x', confidence: '99.5%' } } } }
    expect(lineOf(errors, written, reportWith({}), { minRequests: 300 })).toBe(
      'errors: { errorRate: { notWorseThan: 2x, confidence: 99.5%, minRequests: 300 } }',
    )
    expect(lineOf(errors, written, reportWith({}))).toBe(
      'errors: { errorRate: { notWorseThan: 2x, confidence: 99.5% } }',
    )
  })

  it('finds the check of an analysis', () => {
    const checks = { errors: { errorRate: { source: 'other', notWorseThan: '1.5x' } } }
    const written = { checks: {}, steps: [{ weight: '5%' }, { analyse: { for: '1h', checks } }] }
    expect(lineOf(errors, written, reportWith({}))).toBe('errors: { errorRate: { source: other, notWorseThan: 2x } }')
  })

  it('claims a confidence of its own when it is to, also where nothing was proposed', () => {
    const smaller = reportWith({ proposed: at(5, 0.00005) })
    expect(lineOf(errors, null, smaller, { minRequests: 300, claims: true })).toBe(
      'errors: { errorRate: { source: proxy, notWorseThan: 5x, minRequests: 300, confidence: 99.995% } }',
    )
    expect(lineOf(errors, null, reportWith({ proposed: at(5, 1e-9) }), { claims: true })).toContain(
      'confidence: 99.9999%',
    )
    expect(lineOf(errors, null, reportWith({ proposed: null }), { claims: true })).toBe(
      'errors: { errorRate: { source: proxy, notWorseThan: 1.5x, confidence: 99.5% } }',
    )
  })

  it('lets a rate fall further, and rise further only where that is not more than it may already', () => {
    const written = { checks: { orders: { rate: { of: 'orders', notBelow: '0.8x', notAbove: '1.5x' } } } }
    const proposing = (ratio: number) => reportWith({ current: at(1.25, 0.005), proposed: at(ratio, 0.005) })
    expect(lineOf(orders, written, proposing(1.4))).toBe(
      'orders: { rate: { of: orders, notBelow: 0.7143x, notAbove: 1.5x } }',
    )
    expect(lineOf(orders, written, proposing(2))).toBe('orders: { rate: { of: orders, notBelow: 0.5x, notAbove: 2x } }')
  })

  it('never makes a tolerance tighter than the team has it', () => {
    const tighter = reportWith({ proposed: at(1, 0.005) })
    expect(lineOf(errors, null, tighter)).toBeNull()
    expect(lineOf(errors, null, tighter, { minRequests: 300 })).toContain('notWorseThan: 1.5x')
  })

  it('is nothing when nothing was proposed', () => {
    expect(lineOf(errors, null, reportWith({ proposed: null }))).toBeNull()
  })
})
