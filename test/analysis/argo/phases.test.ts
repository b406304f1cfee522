import { describe, expect, it } from 'vitest'
import type { MeasurementPhase } from '../../../src/analysis/argo/measurement.ts'
import {
  type Counters,
  counted,
  effectiveCount,
  type MetricLimits,
  type MetricProgress,
  metricPhase,
  NO_MEASUREMENTS,
  type Phase,
} from '../../../src/analysis/argo/metric-phase.ts'
import { assessRun, dryRunMetrics } from '../../../src/analysis/argo/run-phase.ts'

type RunMetric = Parameters<typeof assessRun>[0][number]

const limits: MetricLimits = {
  count: null,
  hasInterval: true,
  failureLimit: 0,
  inconclusiveLimit: 0,
  consecutiveErrorLimit: 4,
  consecutiveSuccessLimit: 0,
}

const LETTERS: Readonly<Record<string, MeasurementPhase>> = {
  S: 'Successful',
  F: 'Failed',
  I: 'Inconclusive',
  E: 'Error',
}

function progress(letters: string, own: Partial<MetricLimits> = {}): MetricProgress {
  let counters: Counters = NO_MEASUREMENTS
  let last: MeasurementPhase | null = null
  for (const letter of letters) {
    last = LETTERS[letter] ?? null
    if (last !== null) counters = counted(counters, last)
  }
  return { limits: { ...limits, ...own }, counters, last, completed: null }
}

describe('the counters of a metric', () => {
  it.each([
    ['S', { successful: 1, count: 1, consecutiveSuccess: 1 }],
    ['F', { failed: 1, count: 1 }],
    ['I', { inconclusive: 1, count: 1 }],
    ['E', { error: 1, consecutiveError: 1 }],
    ['SSE', { successful: 2, error: 1, count: 2, consecutiveError: 1 }],
    ['EES', { successful: 1, error: 2, count: 1, consecutiveSuccess: 1 }],
    ['EF', { failed: 1, error: 1, count: 1 }],
    ['SSI', { successful: 2, inconclusive: 1, count: 3 }],
    ['FSF', { failed: 2, successful: 1, count: 3 }],
  ])('after %s', (letters, changed) => {
    expect(progress(letters).counters).toEqual({ ...NO_MEASUREMENTS, ...changed })
  })
})

describe('the phase of a metric', () => {
  it.each<[string, string, Partial<MetricLimits>, Phase]>([
    ['no measurement', '', {}, 'Pending'],
    ['one failure by default', 'F', {}, 'Failed'],
    ['three failures at failureLimit 3', 'FFF', { failureLimit: 3 }, 'Running'],
    ['four failures at failureLimit 3', 'FFFF', { failureLimit: 3 }, 'Failed'],
    ['failures that are not in a row', 'FSF', { failureLimit: 1 }, 'Failed'],
    ['failures that are switched off', 'FFFFFF', { failureLimit: -1, consecutiveSuccessLimit: 2 }, 'Running'],
    ['one inconclusive by default', 'I', {}, 'Inconclusive'],
    ['inconclusive at its limit', 'SI', { inconclusiveLimit: 1 }, 'Running'],
    ['four errors by default', 'EEEE', {}, 'Running'],
    ['five errors by default', 'EEEEE', {}, 'Error'],
    ['errors that are not in a row', 'EEEESEEEE', {}, 'Running'],
    ['inconclusive beats failed', 'FI', {}, 'Inconclusive'],
    ['error beats inconclusive', 'IE', { consecutiveErrorLimit: 0 }, 'Error'],
    ['no interval, no count', 'S', { hasInterval: false }, 'Successful'],
    ['count 0 without an interval is one', 'S', { hasInterval: false, count: 0 }, 'Successful'],
    ['an error takes no count', 'E', { hasInterval: false }, 'Running'],
    ['count reached', 'SSS', { count: 3 }, 'Successful'],
    ['count not reached', 'SS', { count: 3 }, 'Running'],
    ['count reached with failures within the limit', 'FSF', { count: 3, failureLimit: 2 }, 'Successful'],
    ['no end', 'SSSSSSSS', {}, 'Running'],
    [
      'a row of successes before the count',
      'FSS',
      { count: 9, failureLimit: 5, consecutiveSuccessLimit: 2 },
      'Successful',
    ],
    ['no row until the count', 'SFS', { count: 3, failureLimit: 1, consecutiveSuccessLimit: 2 }, 'Inconclusive'],
    [
      'no row until the count, failures switched off',
      'SFS',
      { count: 3, failureLimit: -1, consecutiveSuccessLimit: 2 },
      'Failed',
    ],
  ])('%s (%s)', (_name, letters, own, phase) => {
    expect(metricPhase(progress(letters, own), false)).toBe(phase)
  })

  it('ends Successful when terminated, but not while a measurement is in flight or a limit is broken', () => {
    expect(metricPhase(progress(''), true)).toBe('Successful')
    expect(metricPhase(progress('S'), true)).toBe('Successful')
    expect(metricPhase({ ...progress('S'), last: 'Running' }, true)).toBe('Running')
    expect(metricPhase(progress('F'), true)).toBe('Failed')
  })

  it('does not change once it has ended', () => {
    expect(metricPhase({ ...progress('FFFF'), completed: 'Successful' }, false)).toBe('Successful')
  })

  it.each([
    [null, false, 1],
    [0, false, 1],
    [null, true, null],
    [0, true, null],
    [7, true, 7],
  ])('count %s with interval %s takes %s measurements', (count, hasInterval, expected) => {
    expect(effectiveCount({ count, hasInterval })).toBe(expected)
  })
})

describe('the phase of a run', () => {
  const metric = (name: string, letters: string, own: Partial<RunMetric> = {}): RunMetric => ({
    ...progress(letters, { count: letters.length === 0 ? 1 : letters.length }),
    name,
    dryRun: false,
    message: `${name} said so`,
    ...own,
  })

  it.each<[string, RunMetric[], Phase, string]>([
    ['all successful', [metric('a', 'S'), metric('b', 'SS')], 'Successful', ''],
    ['failed is worst', [metric('a', 'I'), metric('b', 'F'), metric('c', 'F')], 'Failed', 'b said so'],
    ['inconclusive', [metric('a', 'S'), metric('b', 'I')], 'Inconclusive', 'b said so'],
    ['error is worse than inconclusive', [metric('a', 'I'), metric('b', 'EEEEE')], 'Error', 'b said so'],
    ['still going', [metric('a', 'S'), metric('b', 'E')], 'Running', ''],
    ['not begun', [metric('a', '')], 'Pending', ''],
    ['only dry-run', [metric('a', 'F', { dryRun: true })], 'Successful', ''],
    ['a dry-run failure', [metric('a', 'F', { dryRun: true }), metric('b', 'S')], 'Successful', ''],
    ['a dry-run metric that is not done', [metric('a', 'E', { dryRun: true }), metric('b', 'S')], 'Running', ''],
  ])('%s', (_name, metrics, phase, message) => {
    expect(assessRun(metrics, false)).toMatchObject({ phase, message })
  })

  it('terminates in the pass after a metric has failed, and ends with its phase', () => {
    const going = metric('b', 'S', { limits: { ...limits, count: 9 } })
    const waiting = metric('c', '')
    expect(assessRun([metric('a', 'F'), going, waiting], false)).toMatchObject({ phase: 'Running', terminating: false })
    const next = assessRun([metric('a', 'F', { completed: 'Failed' }), going, waiting], false)
    expect(next).toEqual({
      phase: 'Failed',
      message: 'a said so',
      terminating: true,
      metrics: { a: 'Failed', b: 'Successful', c: 'Successful' },
    })
  })

  it('is not terminated by a dry-run failure', () => {
    const failed = metric('a', 'F', { dryRun: true, completed: 'Failed' })
    expect(assessRun([failed, metric('b', 'S', { limits: { ...limits, count: 9 } })], false).terminating).toBe(false)
  })

  it('ends Successful when terminated before the first measurement', () => {
    expect(assessRun([metric('a', '')], true)).toMatchObject({ phase: 'Successful', message: 'Run Terminated' })
  })
})

describe('dry-run rules', () => {
  it.each([
    [['.*'], ['error-rate', 'latency']],
    [['late'], ['latency']],
    [['^error-[a-z]+$'], ['error-rate']],
    [[], []],
  ])('%o name %o', (rules, names) => {
    expect(dryRunMetrics(['error-rate', 'latency'], rules)).toEqual({ ok: true, names: new Set(names) })
  })

  it.each([
    [['*'], 'not a usable'],
    [['nothing'], 'matches no metric'],
    [['latency', 'latency'], 'twice'],
    [['(a+)+$'], 'not a usable'],
    [['.*.*.*.*x'], 'not a usable'],
  ])('%o cannot be used: %s', (rules, word) => {
    expect(dryRunMetrics(['error-rate', 'latency'], rules)).toEqual({
      ok: false,
      problem: expect.stringContaining(word),
    })
  })
})
