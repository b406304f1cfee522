import { describe, expect, it } from 'vitest'
import { ADAPTERS } from '../../src/catalog.ts'
import { readInstallation } from '../../src/config/installation.ts'
import { formatProblem } from '../../src/domain/problems.ts'
import { boundInSeconds } from '../../src/metrics/latency-unit.ts'

const scrape = {
  kind: 'scrape',
  urls: ['http://127.0.0.1:1/metrics'],
  requests: { metric: 'requests_total' },
  errors: { metric: 'requests_total', label: 'code', match: { prefix: '5' } },
}
const prometheus = {
  kind: 'prometheus',
  url: 'http://127.0.0.1:1',
  poolLabel: 'pool',
  scrapeInterval: '5s',
  requests: { metric: 'requests_total' },
  errors: { label: 'code', regex: '5..' },
}

/** The problems of a sluice.yaml with such a histogram. */
function problemsOf(source: object, latency: object): readonly string[] {
  const target = {
    service: 'shop',
    environment: 'production',
    pools: ['blue', 'green'],
    router: { kind: 'memory', world: 'w' },
    metrics: { main: { ...source, latency } },
  }
  const read = readInstallation(JSON.stringify({ targets: [target] }), 'sluice.yaml', ADAPTERS)
  return 'problems' in read ? read.problems.map(formatProblem) : []
}

describe.each([
  ['scrape', scrape],
  ['prometheus', prometheus],
])('the unit of a histogram of %s', (_, source) => {
  it.each(['request_duration_milliseconds', 'response_latency_ms', 'rt_millis'])(
    'must be said where the name %s says milliseconds',
    (metric) => {
      const [problem, ...others] = problemsOf(source, { metric })
      expect(problem).toContain('unit: milliseconds beside it')
      expect(others).toEqual([])
      expect(problemsOf(source, { metric, unit: 'milliseconds' })).toEqual([])
      expect(problemsOf(source, { metric, unit: 'seconds' })).toEqual([])
    },
  )

  it('is seconds for every other name', () => {
    for (const metric of ['http_seconds', 'items', 'programs', 'ms_orders_seconds'])
      expect(problemsOf(source, { metric })).toEqual([])
  })

  it('is one of two', () => {
    expect(problemsOf(source, { metric: 'rt', unit: 'minutes' })).toHaveLength(1)
  })
})

describe('a bound', () => {
  it('is a number in seconds', () => {
    expect(boundInSeconds(250, 'milliseconds')).toBe(0.25)
    expect(boundInSeconds(0.25)).toBe(0.25)
    expect(boundInSeconds(Number.POSITIVE_INFINITY, 'milliseconds')).toBe(Number.POSITIVE_INFINITY)
    expect(boundInSeconds(null)).toBeNaN()
  })
})
