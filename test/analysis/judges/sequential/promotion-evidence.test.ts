import { describe, expect, it } from 'vitest'
import type { ListedCheck as Check } from '../../../../src/analysis/checks/index.ts'
import { startProof, stepProof } from '../../../../src/analysis/judges/check-judge.ts'
import { type ProofStep } from '../../../../src/analysis/judges/sequential/promotion-evidence.ts'
import { createRandom } from '../../../../src/analysis/statistics/random.ts'
import type { CheckInput } from '../../../../src/domain/plan/checks.ts'
import { arm, COARSE_BOUNDS, errorCheck, FINE_BOUNDS, histogram, latencyCheck, look, ordersCheck } from '../looks.ts'

/** The last step and the number of the look at which all was proven (Infinity when never). */
function prove(check: Check, inputs: readonly CheckInput[]): { readonly at: number; readonly last: ProofStep } {
  let last: ProofStep = { state: startProof(check), isProven: false, reason: '' }
  let at = Number.POSITIVE_INFINITY
  for (const [index, input] of inputs.entries()) {
    last = stepProof(check, last.state, input)
    expect(JSON.parse(JSON.stringify(last.state))).toEqual(last.state)
    if (last.isProven) at = Math.min(at, index + 1)
  }
  return { at, last }
}

const random = createRandom(71)
const errors = (looks: number, ratio: number, requests = 1_000) =>
  Array.from({ length: looks }, (_, index) =>
    look(index, arm(requests, random.binomial(requests, 0.01 * ratio)), arm(requests, random.binomial(requests, 0.01))),
  )

describe('the proof that errors are no worse than accepted', () => {
  it('comes for an equal canary, sooner for a better one and for a wider tolerance', () => {
    const check = errorCheck({ notWorseThan: 1.5 })
    const equal = prove(check, errors(400, 1))
    expect(equal.at).toBeLessThan(120)
    expect(equal.last.reason).toMatch(
      /^errors on canary fewer than 1\.5 times as many as on stable: shown, odds of a false proof (less than )?1 : [\d,]+$/,
    )
    expect(prove(check, errors(400, 0.3)).at).toBeLessThan(equal.at)
    expect(prove(errorCheck({ notWorseThan: 3 }), errors(400, 1)).at).toBeLessThan(equal.at)
  })

  it('is given to at most alpha of the canaries that are exactly as bad as is not accepted', () => {
    const proven = Array.from({ length: 100 }, () => prove(errorCheck({ notWorseThan: 1.5 }), errors(100, 1.5)).at)
    expect(proven.filter(Number.isFinite).length / 100).toBeLessThanOrEqual(0.05)
  })

  it('never comes for a worse canary, nor for an equal one when nothing is tolerated', () => {
    expect(prove(errorCheck({ notWorseThan: 1.5 }), errors(300, 2.5)).at).toBe(Number.POSITIVE_INFINITY)
    const strict = prove(errorCheck({ notWorseThan: 1 }), errors(200, 1))
    expect(strict.at).toBe(Number.POSITIVE_INFINITY)
    expect(strict.last.reason).toMatch(
      /^errors on canary fewer than on stable: not yet shown \(false-proof odds 1 : .*, shown at 1 : 20\)$/,
    )
  })

  it('does not move without data', () => {
    const check = errorCheck({ notWorseThan: 1.5 })
    const before = startProof(check)
    const step = stepProof(check, before, look(0, { kind: 'noData', reason: 'gone' }, arm(100)))
    expect(step).toMatchObject({ isProven: false, state: before })
    expect(step.reason).toContain('gone')
  })

  it('is refused for an error budget that is none', () => {
    for (const alpha of [0, 1, 2, Number.NaN])
      expect(prove(errorCheck({ notWorseThan: 3, alpha }), errors(100, 0.2)).last.isProven).toBe(false)
  })
})

describe('the proof of a rate', () => {
  const orders = (looks: number, ratio: number) =>
    Array.from({ length: looks }, (_, index) => {
      const side = (rate: number) => arm(1_000, 0, { events: { orders: random.binomial(1_000, rate) } })
      return look(index, side(0.05 * ratio), side(0.05))
    })

  it('needs every side that the check asks about', () => {
    expect(prove(ordersCheck({ notBelow: 0.8 }), orders(200, 1)).at).toBeLessThan(200)
    expect(prove(ordersCheck({ notBelow: 0.8, notAbove: 1.3 }), orders(200, 1)).at).toBeLessThan(200)
    expect(prove(ordersCheck({ notBelow: 0.8, notAbove: 1.3 }), orders(200, 1.6)).at).toBe(Number.POSITIVE_INFINITY)
    expect(prove(ordersCheck({ notBelow: 0.8 }), orders(200, 0.6)).at).toBe(Number.POSITIVE_INFINITY)
    expect(prove(ordersCheck({ notBelow: null, notAbove: null }), orders(5, 1)).last).toMatchObject({
      isProven: false,
      reason: expect.stringContaining('nothing to prove'),
    })
  })
})

describe('the proof of latency', () => {
  const traffic = (looks: number, factor: number, bounds = FINE_BOUNDS) =>
    Array.from({ length: looks }, (_, index) => {
      const side = (by: number) =>
        arm(300, 0, { latency: histogram(bounds, 300, () => random.logNormal(Math.log(0.1), 0.6) * by) })
      return look(index, side(factor), side(1))
    })

  it('comes for an equal canary and not for one slower than accepted', () => {
    const check = latencyCheck({ notWorseThan: 1.5 })
    const equal = prove(check, traffic(150, 1))
    expect(equal.at).toBeLessThan(150)
    expect(equal.last.reason).toContain(
      'latency p95 and p99 on canary below 1.5 times that of stable: shown, odds of a false proof',
    )
    expect(prove(check, traffic(60, 1.7)).at).toBe(Number.POSITIVE_INFINITY)
  })

  it('starts again with new buckets, and holds without data', () => {
    const check = latencyCheck({ notWorseThan: 2.5 })
    const { last } = prove(check, [...traffic(3, 1), ...traffic(6, 1, COARSE_BOUNDS).slice(3)])
    expect(last.state).toMatchObject({ kind: 'latency', bounds: COARSE_BOUNDS })
    const blind = stepProof(check, last.state, look(9, arm(100), arm(100)))
    expect(blind).toMatchObject({ isProven: false, reason: 'neither canary nor stable reports latency' })
  })
})

describe('checks without a ratio', () => {
  it('are never proven', () => {
    const limit = { judge: 'threshold', max: 0.01, failures: 1, of: 1, minRequests: 1 } as const
    for (const check of [
      { ...errorCheck(), rule: limit },
      { ...latencyCheck(), rule: limit },
      { kind: 'query', name: 'q', source: 's', query: 'up', pass: 'true', fail: null, failures: 1, of: 1 },
    ] satisfies readonly Check[]) {
      expect(startProof(check)).toEqual({ kind: 'none' })
      expect(stepProof(check, { kind: 'none' }, look(0, arm(1), arm(1)))).toMatchObject({ isProven: false })
    }
  })
})
