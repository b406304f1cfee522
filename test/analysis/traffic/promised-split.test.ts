import { describe, expect, it } from 'vitest'
import { judgePromisedSplit, startPromisedSplit } from '../../../src/analysis/traffic/promised-split.ts'

const NAMES = { canary: '2.4.0', stable: '2.3.9' }

function faults(weight: number, looks: readonly (readonly [canary: number, stable: number])[]) {
  let state = startPromisedSplit()
  return looks.map(([canary, stable]) => {
    const step = judgePromisedSplit(state, { weight, canary, stable, duration: 1_000, names: NAMES })
    state = step.state
    return step.fault
  })
}

const times = <Value>(count: number, value: Value) => Array.from({ length: count }, () => value)
const firstFault = (weight: number, looks: Parameters<typeof faults>[1]) => {
  const found = faults(weight, looks)
  return found.findIndex((fault) => fault !== null)
}

describe('what a router of users promises', () => {
  it('is kept by any share of the requests', () => {
    expect(firstFault(1_000, times(600, [25, 75]))).toBe(-1)
    expect(firstFault(1_000, times(600, [1, 99]))).toBe(-1)
    expect(firstFault(5_000, times(600, [90, 10]))).toBe(-1)
  })

  it('is broken by a canary that gets next to nothing, also when it got its share before', () => {
    expect(firstFault(1_000, times(60, [0, 100]))).toBe(9)
    expect(firstFault(1_000, [...times(600, [10, 90] as const), ...times(30, [0, 100] as const)])).toBe(609)
    expect(faults(100, times(200, [0, 100])).at(-1)).toMatch(
      /^2\.4\.0 gets next to none of the requests \(0 of 20,000 in 3m 20s\) at 1%: /,
    )
  })

  it('is broken by a canary that gets nearly everything at a small weight', () => {
    expect(faults(500, times(10, [100, 0])).at(-1)).toMatch(
      /^2\.4\.0 gets nearly all of the requests \(1,000 of 1,000 in 10s\) at 5%: /,
    )
    expect(firstFault(9_900, times(60, [100, 0]))).toBe(-1)
  })

  it('says nothing of a quiet service, nor at no weight and at full weight', () => {
    expect(firstFault(1_000, times(600, [0, 0]))).toBe(-1)
    expect(firstFault(1_000, times(30, [0, 10]))).toBe(-1)
    expect(firstFault(0, times(600, [0, 100]))).toBe(-1)
    expect(firstFault(10_000, times(600, [100, 0]))).toBe(-1)
  })
})
