import { describe, expect, it } from 'vitest'
import {
  boundsOf,
  DEFAULT_BOUNDS,
  parseBounds,
  parseQuantilePair,
  shapeThrough,
  slowerThan,
} from '../../../../src/analysis/judges/sequential/latency-shape.ts'

describe('a latency from two quantiles', () => {
  it('goes through both', () => {
    const parsed = parseQuantilePair('p50=80ms,p99=900ms')
    if (!parsed.ok) throw new Error(parsed.expected)
    const shape = shapeThrough(parsed.value)
    expect(slowerThan(shape)(0.08)).toBeCloseTo(0.5, 9)
    expect(slowerThan(shape)(0.9)).toBeCloseTo(0.01, 9)
    expect(slowerThan(shape)(0)).toBe(1)
    expect(boundsOf(shape)).toBe(DEFAULT_BOUNDS)
  })

  it.each([
    'p50=80ms',
    'p99=900ms,p50=80ms',
    'p50=80ms,p99=70ms',
    'p50=80ms,p90=1s,p99=2s',
    'p50=0ms,p99=1s',
    '50=1s,p99=2s',
    'p50=80,p99=1s',
    'p50=1s=2s,p99=3s',
    '',
  ])('is refused as %j', (text) => {
    expect(parseQuantilePair(text)).toMatchObject({ ok: false, expected: expect.stringContaining('p50=80ms') })
  })

  it('is counted in buckets of one’s own', () => {
    expect(parseBounds('10ms,250ms,1s')).toEqual({ ok: true, value: [0.01, 0.25, 1] })
    for (const text of ['', '10ms,5ms', '10', '0s,1s', '10ms,,1s']) expect(parseBounds(text).ok).toBe(false)
  })
})

describe('a measured latency', () => {
  it('has the buckets it was measured in', () => {
    const histogram = { upperBoundsSeconds: [0.1, 1], counts: [50, 40, 10] }
    const shape = { kind: 'measured', histogram } as const
    expect(boundsOf(shape)).toEqual([0.1, 1])
    expect(slowerThan(shape)(0.1)).toBeCloseTo(0.5, 9)
    expect(slowerThan(shape)(1)).toBeCloseTo(0.1, 9)
  })
})
