import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hodgesLehmann, mannWhitney } from '../../../src/analysis/statistics/mann-whitney.ts'
import golden from '../golden/golden.json' with { type: 'json' }

const sample = (maxLength: number) => fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength })

describe('the Mann–Whitney test', () => {
  it('agrees with SciPy, exact and approximate, with and without ties', () => {
    expect(golden.mannWhitney).toHaveLength(7)
    for (const { left, right, u, p, isExact } of golden.mannWhitney) {
      const found = mannWhitney(left, right)
      expect(found.u).toBe(u)
      expect(found.p).toBeCloseTo(p, 11)
      expect(found.isExact).toBe(isExact)
    }
  })

  it('says nothing about empty samples and finds no difference between constant ones', () => {
    expect(mannWhitney([], [1])).toEqual({ u: 0, p: Number.NaN, isExact: false })
    expect(mannWhitney([1], [])).toEqual({ u: 0, p: Number.NaN, isExact: false })
    expect(mannWhitney([2, 2], [2, 2, 2])).toEqual({ u: 3, p: 1, isExact: false })
  })

  it('ends for values that are not numbers', () => {
    expect(mannWhitney([Number.NaN, 1], [2, Number.NaN]).p).toBeGreaterThanOrEqual(0)
  })

  it('is symmetric in its samples', () => {
    fc.assert(
      fc.property(sample(30), sample(30), (left, right) => {
        const forth = mannWhitney(left, right)
        const back = mannWhitney(right, left)
        expect(forth.u + back.u).toBeCloseTo(left.length * right.length, 9)
        expect(forth.p).toBeCloseTo(back.p, 10)
        expect(forth.p).toBeGreaterThanOrEqual(0)
        expect(forth.p).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('does not change when all values go through a rising function', () => {
    fc.assert(
      fc.property(sample(30), sample(30), (left, right) => {
        const bend = (values: readonly number[]) => values.map((value) => Math.exp(value / 7) * 3 - 1)
        expect(mannWhitney(bend(left), bend(right))).toEqual(mannWhitney(left, right))
      }),
    )
  })

  it('switches to the approximation beyond 25 values', () => {
    const ramp = (length: number, offset: number) => Array.from({ length }, (_, index) => index + offset)
    expect(mannWhitney(ramp(25, 0), ramp(25, 0.5)).isExact).toBe(true)
    expect(mannWhitney(ramp(26, 0), ramp(25, 0.5)).isExact).toBe(false)
    expect(mannWhitney(ramp(25, 0), ramp(26, 0.5)).isExact).toBe(false)
    const [exact, approximate] = [mannWhitney(ramp(25, 0), ramp(25, 4.5)).p, mannWhitney(ramp(26, 0), ramp(26, 4.5)).p]
    expect(Math.abs(exact - approximate)).toBeLessThan(0.03)
  })
})

describe('the Hodges–Lehmann estimate', () => {
  it('agrees with a full count over all orders', () => {
    expect(golden.hodgesLehmann).toHaveLength(3)
    for (const { left, right, confidence, estimate, low, high } of golden.hodgesLehmann) {
      const found = hodgesLehmann(left, right, confidence)
      expect(found.estimate).toBeCloseTo(estimate, 12)
      expect(found.low).toBeCloseTo(low, 12)
      expect(found.high).toBeCloseTo(high, 12)
    }
  })

  it('says nothing about empty samples', () => {
    const nothing = { estimate: Number.NaN, low: Number.NaN, high: Number.NaN }
    expect(hodgesLehmann([], [1], 0.9)).toEqual(nothing)
    expect(hodgesLehmann([1], [], 0.9)).toEqual(nothing)
  })

  it('has the exact rank interval for up to 25 values per sample, and the approximate one beyond', () => {
    expect(golden.rankQuantile).toHaveLength(16)
    for (const { at, is: rank } of golden.rankQuantile) {
      const [n = 0, m = 0, confidence = 0] = at
      const left = Array.from({ length: n }, (_, index) => index * m)
      const right = Array.from({ length: m }, (_, index) => index)
      // The differences are the whole numbers from 1 − m on, each once.
      const found = hodgesLehmann(left, right, confidence)
      expect(found.low).toBe(rank - m)
      expect(found.high).toBe(n * m - rank - m + 1)
    }
  })

  it('counts a rank in whose probability is exactly the one asked for', () => {
    // P(U ≤ 1) = 2/6 for two values each; the differences are −3, −1, 1 and 3.
    expect(hodgesLehmann([0, 4], [1, 3], 1 / 3)).toMatchObject({ low: -3, high: 3 })
  })

  it('moves with a shift, turns with an exchange, and lies within its interval', () => {
    fc.assert(
      fc.property(sample(40), sample(40), fc.integer({ min: -50, max: 50 }), (left, right, by) => {
        const found = hodgesLehmann(left, right, 0.95)
        const moved = hodgesLehmann(
          left.map((value) => value + by),
          right,
          0.95,
        )
        const turned = hodgesLehmann(right, left, 0.95)
        expect(moved.estimate).toBeCloseTo(found.estimate + by, 9)
        expect(moved.low).toBeCloseTo(found.low + by, 9)
        expect(turned.estimate).toBeCloseTo(-found.estimate, 9)
        expect(turned.high).toBeCloseTo(-found.low, 9)
        expect(found.low).toBeLessThanOrEqual(found.estimate)
        expect(found.high).toBeGreaterThanOrEqual(found.estimate)
      }),
    )
  })

  it('narrows with less confidence, in small and in large samples', () => {
    for (const size of [20, 60]) {
      const left = Array.from({ length: size }, (_, index) => ((index * 37) % size) / 3)
      const right = Array.from({ length: size }, (_, index) => ((index * 17) % size) / 3 + 0.1)
      const wide = hodgesLehmann(left, right, 0.99)
      const narrow = hodgesLehmann(left, right, 0.5)
      expect(narrow.low).toBeGreaterThan(wide.low)
      expect(narrow.high).toBeLessThan(wide.high)
    }
  })

  it('has the rank interval of the normal approximation in large samples', () => {
    const left = Array.from({ length: 30 }, (_, index) => index * 30)
    const right = Array.from({ length: 30 }, (_, index) => index)
    const found = hodgesLehmann(left, right, 0.95)
    const differences = left.flatMap((a) => right.map((b) => a - b)).toSorted((a, b) => a - b)
    const rank = Math.floor(450 - 1.959963984540054 * Math.sqrt((900 * 61) / 12))
    expect(found.low).toBe(differences[rank - 1])
    expect(found.high).toBe(differences[900 - rank])
  })
})
