import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  clumpedGains,
  type DesignEffect,
  designEffectOf,
  EFFECTS,
  learnDesignEffect,
  startDesignEffect,
} from '../../../../src/analysis/judges/sequential/design-effect.ts'
import {
  effectOnShare,
  type LatencyEffect,
  learnLatencyEffect,
} from '../../../../src/analysis/judges/sequential/latency-effect.ts'
import { splitGains, WORSE_BETS } from '../../../../src/analysis/judges/split-test.ts'
import { createRandom, type Random } from '../../../../src/analysis/statistics/random.ts'
import type { CheckInput } from '../../../../src/domain/plan/checks.ts'
import { arm, errorCheck, look } from '../looks.ts'
import { delay, median, repeat, share } from '../replay.ts'

const EVERY = 10_000
const MULTIPLES = WORSE_BETS.multiples

/** What many looks at stable have taught. */
function taught(looks: number, events: (look: number) => number, trials = 950): DesignEffect {
  let effect = startDesignEffect()
  for (let index = 0; index < looks; index += 1)
    effect = learnDesignEffect(effect, { events: events(index), trials }, EVERY)
  return effect
}

describe('the design effect', () => {
  it('is 1 before anything was seen, and while events come one by one', () => {
    expect(designEffectOf(startDesignEffect())).toEqual({ look: 1, lasting: 1 })
    const random = createRandom(1)
    const { look, lasting } = designEffectOf(taught(200, () => random.poisson(4.75)))
    expect(look).toBeLessThan(1.4)
    expect(lasting).toBeLessThan(2)
  })

  it.each([5, 20])('is about the size of clumps of %d', (size) => {
    const random = createRandom(2)
    const { look } = designEffectOf(taught(400, () => size * random.poisson(4.75 / size)))
    expect(look).toBeGreaterThan(size / 4)
    expect(look).toBeLessThan(size * 2)
  })

  it('is larger over minutes than over looks where a clump takes several looks', () => {
    const random = createRandom(3)
    const open = [0, 0, 0, 0, 0]
    const { look, lasting } = designEffectOf(
      taught(600, () => {
        for (let clump = random.poisson(4.75 / 20); clump > 0; clump -= 1)
          for (let at = 0; at < 5; at += 1) open[at] = (open[at] ?? 0) + 4
        open.push(0)
        return open.shift() ?? 0
      }),
    )
    expect(lasting).toBeGreaterThan(1.5 * look)
  })

  it('takes slow drift of the whole service for what it is', () => {
    const random = createRandom(4)
    const drifting = (index: number) => random.poisson(4.75 * (1 + 0.8 * Math.sin((2 * Math.PI * index) / 360)))
    expect(designEffectOf(taught(360, drifting)).lasting).toBeLessThan(2.5)
  })

  it('forgets a burst within minutes', () => {
    const random = createRandom(5)
    const after = (looks: number) =>
      designEffectOf(taught(60 + looks, (index) => (index === 60 ? 200 : random.poisson(4.75)))).lasting
    expect(after(1)).toBeGreaterThan(1.2)
    expect(after(300)).toBeLessThan(1.6)
  })

  it('learns nothing from what cannot be counted, and stays finite whatever comes', () => {
    const start = startDesignEffect()
    expect(learnDesignEffect(start, { events: Number.NaN, trials: 10 }, EVERY)).toBe(start)
    expect(learnDesignEffect(start, { events: 1, trials: 0 }, EVERY)).toBe(start)
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.double({ min: 0, max: 1e300 }), fc.double({ min: 0, max: 1e300 })), { maxLength: 20 }),
        (looks) => {
          let effect = start
          for (const [events, trials] of looks) effect = learnDesignEffect(effect, { events, trials }, EVERY)
          expect(JSON.parse(JSON.stringify(effect))).toEqual(effect)
          const { look, lasting } = designEffectOf(effect)
          expect(look).toBeGreaterThanOrEqual(1)
          expect(lasting).toBeGreaterThanOrEqual(look)
        },
      ),
    )
  })
})

describe('the gain of a bet when events may come in clumps', () => {
  const burst = { canaryEvents: 20, canaryTrials: 50, stableEvents: 5, stableTrials: 950 }

  it('is never more than that of independent events', () => {
    fc.assert(
      fc.property(
        fc.record({
          canaryEvents: fc.nat(60),
          canaryTrials: fc.integer({ min: 1, max: 5_000 }),
          stableEvents: fc.nat(60),
          stableTrials: fc.integer({ min: 1, max: 5_000 }),
        }),
        fc.constantFrom(1, 1.5, 3),
        fc.array(fc.nat(40), { maxLength: 30 }),
        (counts, ratio, past) => {
          const effect = taught(past.length, (index) => past[index] ?? 0)
          const independent = splitGains(counts, ratio, MULTIPLES)
          for (const [index, gain] of clumpedGains(counts, ratio, MULTIPLES, effect).entries()) {
            expect(Number.isFinite(gain)).toBe(true)
            const alone = independent[index] ?? 0
            expect(gain).toBeLessThanOrEqual((alone > 0 ? alone : alone / designEffectOf(effect).lasting) + 1e-9)
          }
        },
      ),
    )
  })

  it('is small for a burst in the first look, and large once stable has shown that its events come one by one', () => {
    const random = createRandom(6)
    const best = (effect: DesignEffect) => Math.max(...clumpedGains(burst, 1, MULTIPLES, effect))
    expect(Math.max(...splitGains(burst, 1, MULTIPLES))).toBeGreaterThan(25)
    expect(best(startDesignEffect())).toBeLessThan(8)
    expect(best(taught(360, () => random.poisson(4.75)))).toBeGreaterThan(best(startDesignEffect()))
  })

  it('is that of the clumps where all is clumps of one size', () => {
    const random = createRandom(7)
    const effect = taught(600, () => 8 * random.poisson(4.75 / 8))
    const known = { ...effect, logs: EFFECTS.map((size) => (size === 8 ? 0 : -60)) }
    const one = { canaryEvents: 8, canaryTrials: 50, stableEvents: 0, stableTrials: 950 }
    const [gain = 0] = clumpedGains(one, 1, [4], known)
    expect(gain).toBeLessThan(Math.log(4))
    expect(gain).toBeGreaterThan(0)
  })
})

/** An hour at 100 requests/s, 5% of them on the canary, 0.5% errors that come `size` at a time. */
function clumps(random: Random, size: number, canaryTimes = 1): (index: number) => CheckInput {
  return (index) => {
    const [canary, stable] = [random.poisson(50), random.poisson(950)]
    const failing = (requests: number, times: number) =>
      Math.min(requests, size * random.poisson((requests * 0.005 * times) / size))
    return look(index, arm(canary, failing(canary, canaryTimes)), arm(stable, failing(stable, 1)), EVERY)
  }
}

describe('false alarms when a bad user fails again and again, the same on both versions', () => {
  it.each([
    [5, 0.05],
    [20, 0.08],
  ])('are rare with %d failures in a row', (size, most) => {
    const random = createRandom(50 + size)
    expect(share(repeat(150, () => delay(errorCheck(), 360, EVERY, clumps(random, size))))).toBeLessThanOrEqual(most)
  })

  it('do not make the judge blind: four times as many such users are seen within half an hour', () => {
    const random = createRandom(61)
    const delays = repeat(40, () => delay(errorCheck(), 360, EVERY, clumps(random, 5, 4)))
    expect(median(delays)).toBeLessThanOrEqual(30)
  })
})

describe('the design effect of slow requests', () => {
  const bounds = [0.1, 0.5, 1]
  const learned = (size: number) => {
    const random = createRandom(71)
    let [effect, usual] = [null as LatencyEffect | null, [0, 0, 0, 0] as readonly number[]]
    for (let index = 0; index < 90; index += 1) {
      const slow = size * random.poisson(40 / size)
      const counts = [800 - slow, 0, slow, 0]
      usual = usual.map((count, bucket) => count + (counts[bucket] ?? 0))
      const [known, stable] = [usual, counts].map((seen) => ({ upperBoundsSeconds: bounds, counts: seen }))
      if (known !== undefined && stable !== undefined) effect = learnLatencyEffect(effect, known, stable, EVERY)
    }
    return effect
  }

  it('is 1 while they come one by one, and about their number where they come many at once', () => {
    for (const part of [1, 0.1, 0.02]) {
      expect(effectOnShare(null, part)).toBe(1)
      expect(effectOnShare(learned(1), part)).toBeLessThan(1.6)
      expect(effectOnShare(learned(10), part)).toBeGreaterThan(3)
    }
  })
})
