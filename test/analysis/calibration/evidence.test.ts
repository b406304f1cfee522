import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type EvidencePath,
  evidenceOver,
  failsAt,
  tailShare,
  withAlpha,
} from '../../../src/analysis/calibration/evidence.ts'
import type { Tape } from '../../../src/analysis/calibration/replays.ts'
import type { CheckState } from '../../../src/analysis/checks/check-kind.ts'
import { kindOf } from '../../../src/analysis/checks/index.ts'
import { startCheck, stepCheck } from '../../../src/analysis/judges/check-judge.ts'
import { createRandom } from '../../../src/analysis/statistics/random.ts'
import type { Check } from '../../../src/domain/plan/checks.ts'
import { COARSE_BOUNDS, errorCheck, histogram, latencyCheck, ordersCheck } from '../judges/looks.ts'

const MINUTE = 60_000

function tapeOf(seed: number, looks: number, rate: number, factor: number): Tape {
  const random = createRandom(seed)
  const one = (requests: number, share: number, slower: number) => ({
    ...{ requests, errors: random.binomial(requests, share) },
    latency: histogram(COARSE_BOUNDS, requests, () => slower * random.logNormal(-2.3, 0.6)),
    events: { orders: random.binomial(requests, share) },
  })
  return Array.from({ length: looks }, () => ({
    canary: one(60, Math.min(1, rate * factor), factor),
    stable: one(600, rate, 1),
    duration: MINUTE,
  }))
}

/** When a release with this check would have failed. */
function delayInRelease(check: Check, tape: Tape): number | null {
  let state: CheckState = startCheck(check)
  let at = 0
  for (const { canary, stable, duration } of tape) {
    const window = { start: at, end: at + duration }
    at = window.end
    const step = stepCheck(check, state, {
      ...{ at, window, readings: {} },
      ...{ canary: { kind: 'value', value: canary }, stable: { kind: 'value', value: stable } },
    })
    if (step.verdict.outcome === 'fail') return at
    state = step.state
  }
  return null
}

const checks = [
  errorCheck({ notWorseThan: 1.25 }),
  latencyCheck(),
  ordersCheck({ notBelow: 0.8 }),
  ordersCheck({ notBelow: 0.8, notAbove: 1.25 }),
]

describe('the evidence over a replay', () => {
  it.each(checks.map((check, index) => [`${check.kind} ${index}`, check] as const))(
    'crosses ln(1/α) exactly when a release with that α would have failed: %s',
    (_name, check) => {
      let failures = 0
      for (const [seed, factor] of [1, 1.5, 2, 3, 0.4, 0.2].entries()) {
        const tape = tapeOf(seed + 1, 40, 0.1, factor)
        const path = evidenceOver(check, tape)
        for (const alpha of [0.3, 0.05, 0.001, 1e-9]) {
          const expected = delayInRelease(withAlpha(check, alpha), tape)
          expect(failsAt(path, alpha)).toBe(expected)
          if (expected !== null) failures += 1
        }
      }
      expect(failures).toBeGreaterThan(2)
    },
  )

  it('only rises, over time that only goes on', () => {
    const path = evidenceOver(errorCheck(), tapeOf(9, 60, 0.1, 1.3))
    expect(path.length).toBeGreaterThan(3)
    expect(path).toEqual(path.toSorted((left, right) => left.at - right.at))
    expect(path).toEqual(path.toSorted((left, right) => left.log - right.log))
    expect(path.every(({ log }) => log > 0)).toBe(true)
  })

  it('is nothing for checks that weigh none', () => {
    const limit = {
      ...errorCheck(),
      rule: { judge: 'threshold', max: 0.1, failures: 1, of: 1, minRequests: 1 },
    } as const
    expect(kindOf(limit).evidence(startCheck(limit)).strongest).toBe(0)
    expect(evidenceOver(errorCheck(), [])).toEqual([])
    expect(failsAt([], 0.05)).toBeNull()
  })
})

describe('the share of replays that fail', () => {
  const pathsOf = (peaks: readonly number[]): EvidencePath[] => peaks.map((log) => (log > 0 ? [{ at: 1, log }] : []))

  it('is counted where ten do', () => {
    const peaks = Array.from({ length: 100 }, (_, index) => (index < 10 ? 5 : 0))
    expect(tailShare(pathsOf(peaks), 0.01)).toBe(0.1)
    expect(tailShare(pathsOf([5, 0, 0, 0]), 0.01)).toBe(0.25)
    expect(tailShare([], 0.01)).toBe(0)
  })

  it('is estimated beyond them, within a factor of two for exponential peaks of any scale from 1 on', () => {
    for (const scale of [1, 1.5, 3]) {
      const random = createRandom(41)
      const peaks = Array.from({ length: 2_000 }, () => -scale * Math.log(random.uniform()))
      const true_ = Math.exp(Math.log(1e-4) / scale)
      const estimate = tailShare(pathsOf(peaks), 1e-4)
      expect(estimate / true_).toBeGreaterThan(0.5)
      expect(estimate / true_).toBeLessThan(2)
    }
  })

  it('never takes the tail for lighter than chance alone makes it', () => {
    const peaks = Array.from({ length: 400 }, (_, index) => 1 + index / 4_000)
    const edge = peaks[360] ?? 0
    expect(tailShare(pathsOf(peaks), 0.001)).toBeCloseTo(0.1 * Math.exp(edge - Math.log(1_000)), 6)
  })

  it('is never less than what was counted', () => {
    const peaks = Array.from({ length: 400 }, (_, index) => (index < 4 ? 20 : 0))
    expect(tailShare(pathsOf(peaks), 1e-6)).toBe(0.01)
  })

  it('is a share, and falls with α', () => {
    const path = fc.double({ min: 0, max: 50, noNaN: true })
    fc.assert(
      fc.property(
        fc.array(path, { maxLength: 80 }),
        fc.double({ min: 1e-9, max: 0.5, noNaN: true }),
        (peaks, alpha) => {
          const share = tailShare(pathsOf(peaks), alpha)
          expect(share >= 0 && share <= 1).toBe(true)
          expect(tailShare(pathsOf(peaks), alpha / 10)).toBeLessThanOrEqual(share + 1e-12)
        },
      ),
    )
  })
})
