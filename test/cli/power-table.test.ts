import { describe, expect, it } from 'vitest'
import type { StepPower } from '../../src/analysis/power/plan-power.ts'
import { renderPower, renderTraffic } from '../../src/cli/power-table.ts'
import { columnsOf } from '../../src/cli/text.ts'

const row = (more: Partial<StepPower>): StepPower => ({
  ...{ step: 4, label: 'bake 10m', check: 'errors', weight: 100, bake: 600_000 },
  regression: { size: 0.02, text: '2%', said: 'a rise from 0.5% to 2%' },
  ...{
    power: 0.34,
    needs: 1_500_000,
    from: { size: 0.018, text: '1.8%' },
    falseAlarm: null,
    wait: null,
    isWeak: true,
  },
  text: 'at 50 requests/s and a weight of 1%, this bake of 10m sees a rise from 0.5% to 2% with 34% power; a bake of 25m would have 90% power; this one reaches 90% at 1.8% or more',
  ...more,
})
const NO_FIGURE = {
  regression: null,
  power: null,
  needs: null,
  from: null,
  falseAlarm: null,
  wait: null,
  isWeak: false,
}
const strong = { power: 0.999, needs: null, isWeak: false }
const slow = { size: 1.9, text: '1.9x', said: 'all requests 1.9x as slow' }
const lines = (rows: readonly StepPower[], width = 80) => renderPower(rows, 52.34, { width, color: false })

describe('the table of power', () => {
  it('has a row per bake and check, and names the bake once', () => {
    const rows = [
      row({}),
      row({ check: 'latency', regression: slow, ...strong, from: { size: 1.6, text: '1.6x' } }),
      row({ step: 5, weight: 500, power: 0.001, needs: null, from: null }),
    ]
    expect(lines(rows)).toEqual([
      '',
      'power of each bake alone, at 52.3 requests/s',
      '  errors   a rise from 0.5% to 2%',
      '  latency  all requests 1.9x as slow',
      '',
      'STEP  AT  BAKE  CHECK       POWER  90% NEEDS  90% FROM',
      '   4  1%   10m  errors        34%        25m      1.8%',
      '                latency  over 99%                 1.6x',
      '   5  5%   10m  errors   under 1%   over 30d         –',
      '',
      'warning: errors would probably miss this regression in 2 of 2 bakes; step 5:',
      '  at 50 requests/s and a weight of 1%, this bake of 10m sees a rise from 0.5% to',
      '  2% with 34% power; a bake of 25m would have 90% power; this one reaches 90% at',
      '  1.8% or more',
    ])
  })

  it('says what a check accepts, and from where on it sees', () => {
    const accepted = row({ power: null, needs: null, isWeak: false, text: 'accepted' })
    expect(lines([accepted])).toEqual([
      '',
      'power of each bake alone, at 52.3 requests/s',
      '  errors  a rise from 0.5% to 2%, which it accepts',
      '',
      'STEP  AT  BAKE  CHECK   POWER  90% NEEDS  90% FROM',
      '   4  1%   10m  errors      ·                 1.8%',
    ])
  })

  it('warns with the bake that is the farthest from enough, the first of equal ones', () => {
    const rows = [
      row({ step: 1, power: 0.008, needs: 5_000_000, text: 'near' }),
      row({ step: 2, power: 0.0001, needs: 5_000_000, text: 'equal' }),
      row({ step: 3, power: 0.009, needs: null, text: 'never' }),
      row({ step: 4, power: 0.001, needs: null, text: 'later' }),
      row({ step: 5, power: 0.3, needs: null, text: 'better' }),
    ]
    expect(lines(rows).at(-2)).toContain('in 5 of 5 bakes; step 3:')
    expect(lines(rows.slice(0, 2)).at(-1)).toBe('  near')
  })

  it('warns of a limit that would fail a good canary, with the worst bake', () => {
    const quiet = { ...strong, check: 'ceiling' }
    const rows = [
      row({ ...quiet, falseAlarm: 0.02 }),
      row({ ...quiet, step: 11, weight: 2_500, falseAlarm: 0.14 }),
      row({ ...quiet, check: 'slowest', falseAlarm: 0.01 }),
    ]
    expect(lines(rows).slice(-3)).toEqual([
      '',
      'warning: ceiling would fail 14% of canaries that are no worse than stable',
      '  (step 11 at 25%); raise minRequests, failures or the limit',
    ])
  })

  it('warns of a check that waits for requests longer than its bake, with the longest wait', () => {
    const wait = (time: number | null, text: string) => ({ requests: 50, time, isTooLong: true, text })
    const rows = [
      row({ ...strong, wait: wait(1_000, 'errors needs 1s') }),
      row({ ...strong, step: 5, wait: wait(2_000, 'errors needs 2s') }),
      row({ ...strong, step: 6, wait: { ...wait(9_000, 'errors needs 9s'), isTooLong: false } }),
      row({ ...NO_FIGURE, check: 'latency', text: 'not known', wait: wait(null, 'latency never has 50') }),
    ]
    expect(lines(rows).slice(-2)).toEqual(['warning: step 5: errors needs 2s', 'warning: step 4: latency never has 50'])
  })

  it('says that no bake has a figure', () => {
    const rows = [row({ ...NO_FIGURE, text: 'nobody is on the canary' })]
    expect(lines(rows)).toEqual([
      '',
      'at 52.3 requests/s the power of no bake is known',
      '',
      'errors, step 4: nobody is on the canary',
    ])
  })

  it('names the steps of each check when their reasons are the same', () => {
    const rows = [
      row({ check: 'basket', step: 3, ...NO_FIGURE, text: 'a query' }),
      row({ check: 'queue', step: null, ...NO_FIGURE, text: 'a query' }),
      row({ check: 'depth', step: null, ...NO_FIGURE, text: 'a query' }),
    ]
    expect(lines(rows).slice(-2)).toEqual(['basket, step 3: a query', 'queue, depth: a query'])
  })

  it('says once why there is no figure', () => {
    const silent = (check: string, step: number | null, text: string) => row({ check, step, ...NO_FIGURE, text })
    const rows = [
      ...['errors', 'latency'].map((check) => silent(check, 2, 'nobody is on the canary')),
      row({ ...strong }),
      silent('latency', 4, 'not known'),
      silent('queue', null, 'a query'),
      row({ check: 'golden', step: null, ...NO_FIGURE, isWeak: true, text: 'Kayenta recommends 50 points' }),
    ]
    expect(lines(rows).slice(-6)).toEqual([
      '',
      'errors, latency, step 2: nobody is on the canary',
      'latency, step 4: not known',
      'queue: a query',
      '',
      'warning: golden: Kayenta recommends 50 points',
    ])
  })

  it('keeps to the width, with long names and hostile ones', () => {
    const rows = [row({ check: 'a-very-long-name-of-a-check-that-somebody-chose' }), row({ check: 'evil\u001b[2J' })]
    for (const width of [60, 80]) {
      const drawn = lines(rows, width)
      expect(Math.max(...drawn.map(columnsOf))).toBeLessThanOrEqual(width)
      expect(drawn.join('')).not.toContain('\u001b')
    }
  })

  it('paints what is weak, and only on a terminal', () => {
    expect(renderPower([row({})], 50, { width: 80, color: true }).join('\n')).toContain('\u001b[33m')
    expect(lines([])).toEqual([])
  })
})

describe('the line of traffic', () => {
  const measured = {
    ...{ requestsPerSecond: 52.34, errorShare: 0.0048, events: { orders: 0.031, items: 2.5 } },
    latency: { upperBoundsSeconds: [0.08, 0.9], counts: [50, 49, 1] },
  }

  it('says what was measured, and what could not be', () => {
    expect(renderTraffic(86_400_000, measured, ['logs took too long: ask for a shorter time'], { width: 200 })).toEqual(
      [
        '',
        'traffic of the last 1d: 52.3 requests/s, errors 0.48%, p50 80 ms, p99 900 ms, orders 3.1% of requests, items 2.5 per request',
        'not all traffic of the last 1d could be measured: logs took too long: ask for a shorter time',
      ],
    )
    expect(renderTraffic(3_600_000, null, ['a scrape source does not keep the past'], { width: 80 })).toEqual([
      '',
      'no traffic of the last 1h could be measured: a scrape source does not keep the',
      '  past',
    ])
  })

  it('does without latency, and says when a quantile is beyond the buckets', () => {
    expect(renderTraffic(1, { ...measured, latency: null, events: {} }, [], { width: 200 })[1]).toMatch(
      /errors 0\.48%$/,
    )
    const slow = { upperBoundsSeconds: [0.08], counts: [50, 50] }
    expect(renderTraffic(1, { ...measured, latency: slow }, [], { width: 200 })[1]).toContain('p99 over 80 ms')
  })
})
