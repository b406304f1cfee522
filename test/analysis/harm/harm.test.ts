import { describe, expect, it } from 'vitest'
import { type HarmEvidence, NOTHING_SEEN, priceOf, spentSoFar } from '../../../src/analysis/harm/harm.ts'
import { addToRatio, NO_RATIO } from '../../../src/analysis/judges/sequential/ratio-evidence.ts'
import { effectOfRecord } from '../../../src/analysis/judges/sequential/record-effect.ts'
import { createRandom, type Random } from '../../../src/analysis/statistics/random.ts'
import type { RecordedEvents } from '../../../src/domain/recorded-noise.ts'

const LOOK = 10_000
const LOOKS_PER_MINUTE = 6

/** What is not the version's own: how many come, how many of them fail on both, and noise of each version by itself. */
interface World {
  readonly requests: (look: number) => number
  readonly share: (look: number) => number
  /** Coefficient of variation by the minute, with a record of it. */
  readonly noise?: number
}

const STEADY: World = { requests: () => 1_000, share: () => 0.005 }

/** Looks at a canary that fails so many times as many requests as stable, at the weights that `weightAt` says. */
function* looks(world: World, ratio: number, random: Random, weightAt: () => number): Generator<HarmEvidence> {
  const { requests, share, noise = 0 } = world
  const spread = Math.sqrt(Math.log1p(noise ** 2))
  const draw = () => random.logNormal(-(spread ** 2) / 2, spread)
  const record: RecordedEvents = { share: share(0), noise: [{ lasting: 60_000, variation: noise ** 2 }] }
  let seen = NOTHING_SEEN
  let [onCanary, onStable] = [1, 1]
  for (let look = 0; ; look += 1) {
    if (look % LOOKS_PER_MINUTE === 0) [onCanary, onStable] = [draw(), draw()]
    const weight = weightAt() / 10_000
    const canaryTrials = random.poisson(requests(look) * weight)
    const stableTrials = random.poisson(requests(look) * (1 - weight))
    const canaryEvents = random.binomial(canaryTrials, share(look) * ratio * onCanary)
    const stableEvents = random.binomial(stableTrials, share(look) * onStable)
    const counts = { canaryTrials, canaryEvents, stableTrials, stableEvents }
    const effect = effectOfRecord(record, counts, LOOK, look * LOOK)
    seen = { ratio: addToRatio(seen.ratio, counts, effect), canaryRequests: seen.canaryRequests + canaryTrials }
    yield seen
  }
}

const WEIGHTS = [100, 200, 500, 1_000, 2_500, 5_000]
const SPEND = 0.5
/** A quarter of an hour, after which a ramp that is held is given up. */
const LONGEST = 90

/** The highest weight of one release that is raised as soon as it is affordable, without a stay at any weight. */
function highestOf(world: World, ratio: number, seed: number): number {
  let index = 0
  const weightAt = () => WEIGHTS[index] ?? 0
  let look = 0
  for (const seen of looks(world, ratio, createRandom(seed), weightAt)) {
    const to = WEIGHTS[index + 1]
    look += 1
    if (to === undefined || look > LONGEST) break
    const price = priceOf({ from: weightAt(), to, end: 5_000, spend: SPEND }, seen)
    if (price !== null && price.average <= SPEND) index += 1
  }
  return weightAt()
}

function evidence(counts: readonly (readonly [number, number, number, number])[]): HarmEvidence {
  return counts.reduce(
    ({ ratio, canaryRequests }, [canaryEvents, canaryTrials, stableEvents, stableTrials]) => ({
      ratio: addToRatio(ratio, { canaryEvents, canaryTrials, stableEvents, stableTrials }),
      canaryRequests: canaryRequests + canaryTrials,
    }),
    NOTHING_SEEN,
  )
}

const RAISE = { from: 1_000, to: 2_500, end: 5_000, spend: SPEND }

describe('the price of a raise', () => {
  const worlds: readonly (readonly [string, World])[] = [
    ['a steady service', STEADY],
    ['a busy one', { ...STEADY, requests: () => 10_000 }],
    ['drift of both', { ...STEADY, share: (look) => 0.005 * (1 + 0.8 * Math.sin(look / 30)) }],
    ['an incident of both', { ...STEADY, share: (look) => (look < 20 ? 0.005 : 0.03) }],
    ['a rush hour', { ...STEADY, requests: (look) => 300 * (1 + look / 10) }],
    ['noise of each by itself, with a record', { ...STEADY, noise: 0.5 }],
  ]
  const releases = 40

  it.each(worlds)('is never more than the budget on average, whatever the ratio, at any weight: %s', (_name, world) => {
    for (const ratio of [1.8, 2.5, 4, 10]) {
      const highest = Array.from({ length: releases }, (_, seed) => highestOf(world, ratio, seed * 97 + ratio))
      for (const weight of WEIGHTS.slice(1)) {
        const raised = highest.filter((one) => one >= weight).length / releases
        expect(raised * (weight / 10_000) * (ratio - 1)).toBeLessThanOrEqual(SPEND)
      }
    }
  })

  it('lets nearly every canary through that is as good', () => {
    const highest = Array.from({ length: releases }, (_, seed) => highestOf(STEADY, 1, seed))
    expect(highest.filter((weight) => weight === 5_000).length).toBeGreaterThan(0.9 * releases)
  })

  it('is unknown while nothing bounds it', () => {
    expect(priceOf(RAISE, NOTHING_SEEN)).toBeNull()
    expect(priceOf(RAISE, evidence([[0, 100, 0, 900]]))).toBeNull()
    expect(priceOf(RAISE, evidence([[2, 100, 0, 900]]))).toBeNull()
  })

  it('is that of the dearest canary which the end of the ramp cannot afford', () => {
    const seen = evidence([[30, 6_000, 270, 54_000]])
    const price = priceOf(RAISE, seen)
    if (price === null) throw new Error('no price')
    expect(price.ratio).toBeGreaterThanOrEqual(2)
    expect(price.cost).toBeCloseTo(0.25 * (price.ratio - 1), 9)
    expect(price.atEnd).toBeCloseTo(0.5 * (price.ratio - 1), 9)
    expect(price.average).toBeCloseTo(price.cost / Math.exp(price.logOdds), 9)
  })

  it('goes by the next weight where a plan of an older version does not say how the ramp ends', () => {
    const seen = evidence([[30, 6_000, 270, 54_000]])
    const { end: _, ...older } = RAISE
    expect(priceOf(older, seen)).toEqual(priceOf({ ...RAISE, end: 2_500 }, seen))
    expect(priceOf(older, seen)?.ratio).toBeCloseTo(3, 9)
  })

  it('does not depend on how much fails on both: ten times the requests at a tenth of the rate say the same', () => {
    const few = priceOf(RAISE, evidence([[6, 1_000, 40, 9_000]]))
    const many = priceOf(RAISE, evidence([[6, 10_000, 40, 90_000]]))
    expect(few).not.toBeNull()
    expect(many?.average).toBeCloseTo(few?.average ?? 0, 6)
  })
})

describe('what a canary has cost so far', () => {
  it('is unknown while nothing bounds it', () => {
    expect(spentSoFar(NOTHING_SEEN)).toBeNull()
    expect(spentSoFar(evidence([[0, 100, 0, 900]]))).toBeNull()
  })

  it('is bounded at all looks of a ramp together, over all its weights, in at least 95 of 100 releases', () => {
    const releases = 40
    for (const ratio of [1, 2, 4]) {
      let broken = 0
      for (let seed = 0; seed < releases; seed += 1) {
        let look = 0
        const weightAt = () => WEIGHTS[Math.floor(look / 5)] ?? 0
        let isBroken = false
        for (const seen of looks(STEADY, ratio, createRandom(seed * 31 + ratio), weightAt)) {
          const spent = spentSoFar(seen)
          const usual = 0.005 * seen.canaryRequests
          // Stable's share is an estimate: so far off it may be by chance.
          if (spent !== null && spent < 0.8 * usual * (ratio - 1)) isBroken = true
          look += 1
          if (look >= 25) break
        }
        if (isBroken) broken += 1
      }
      expect(broken).toBeLessThanOrEqual(0.05 * releases)
    }
  })

  it('is never below nothing', () => {
    expect(spentSoFar(evidence([[0, 60_000, 5_000, 540_000]]))).toBe(0)
    expect(spentSoFar({ ratio: NO_RATIO, canaryRequests: 100 })).toBeNull()
  })
})
