import { describe, expect, it } from 'vitest'
import { queryTypeOf } from '../../../src/analysis/argo/query-type.ts'

describe('the type of a query', () => {
  it.each([
    'scalar(sum(rate(a{b="c"}[5m])) / sum(rate(d[5m])))',
    '  scalar( up )  # one number',
    '1',
    '-1.5e3',
    'time()',
    'time() - 3600',
    '(scalar(a) + scalar(b{x=")"})) / 2',
    'scalar(a) > bool 5',
    '2 ^ (1 + pi())',
    '0x1f',
    '+Inf',
  ])('is a scalar where it is made of numbers: %s', (query) => {
    expect(queryTypeOf(query)).toBe('scalar')
  })

  it.each([
    'up',
    'sum(rate(a[5m]))',
    'sum(rate(http_requests_total{code=~"5.."}[1m])) / sum(rate(http_requests_total[1m]))',
    'scalar(a) * b',
    'vector(1)',
    '1 + sum(a)',
    'scalar(a) or vector(0)',
    'a[5m]',
    'time',
    'scalar',
    'scalar(a) scalar(b)',
    '(1',
    '1)',
    '1 +',
    '',
    '"text"',
    'max_over_time(scalar(a)[5m:])',
    'timestamp(a)',
  ])('is a vector otherwise: %s', (query) => {
    expect(queryTypeOf(query)).toBe('vector')
  })

  it('is told of any text, however long', () => {
    expect(queryTypeOf('('.repeat(100_000))).toBe('vector')
    expect(queryTypeOf('1 + '.repeat(100_000))).toBe('vector')
  })
})
