import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  clumpedGains,
  type DesignEffect,
  designEffectOf,
  designEffectOver,
  EFFECTS,
  learnDesignEffect,
  startDesignEffect,
} from '../../../../src/analysis/judges/sequential/design-effect.ts'
import { splitGains, WORSE_BETS } from '../../../../src/analysis/judges/split-test.ts'
import { createRandom } from '../../../../src/analysis/statistics/random.ts'

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

describe('what one look teaches', () => {
  const usual = { events: 5, trials: 950 }

  it('is kept until a minute is over, whatever the clock does', () => {
    const open = (looks: number, duration = EVERY) => {
      let effect = startDesignEffect()
      for (let index = 0; index < looks; index += 1) effect = learnDesignEffect(effect, usual, duration)
      return effect.open
    }
    expect(open(5)).toEqual({ events: 25, trials: 4_750, duration: 50_000 })
    expect(open(6)).toEqual({ events: 0, trials: 0, duration: 0 })
    expect(open(2, -EVERY)).toEqual({ events: 10, trials: 1_900, duration: 0 })
  })

  it('is bounded for a burst, and counts half after some time', () => {
    const once = learnDesignEffect(startDesignEffect(), usual, EVERY)
    const burst = learnDesignEffect(once, { events: 900, trials: 950 }, EVERY)
    expect(burst.looks.squares).toBe(10 + 32)
    expect(burst.looks.parts).toBe(11)
    // Nothing where nothing was before either: it is no part, and the past has half as much after six looks.
    const none = learnDesignEffect(startDesignEffect(), { events: 0, trials: 950 }, EVERY)
    expect(learnDesignEffect(none, { events: 0, trials: 950 }, EVERY).looks.parts).toBe(10)
    let later = burst
    for (let index = 0; index < 6; index += 1) later = learnDesignEffect(later, { events: 0, trials: 950 }, EVERY)
    expect(later.looks.past.events).toBeCloseTo(burst.looks.past.events / 2, 9)
    expect(later.looks.parts).toBeGreaterThan(16)
    expect(later.looks.parts).toBeLessThan(17)
  })

  it('never rules a size out, and takes the likeliest as 0', () => {
    const random = createRandom(9)
    for (const effect of [taught(400, () => random.poisson(50)), taught(400, () => 64 * random.poisson(0.2))]) {
      expect(Math.max(...effect.logs)).toBe(0)
      expect(Math.min(...effect.logs)).toBe(-8)
      expect(effect.logs).toHaveLength(EFFECTS.length)
    }
  })

  it('leaves it open how events come where one look has all the requests, or none has an event', () => {
    const start = startDesignEffect()
    const none = learnDesignEffect(start, { events: 0, trials: 950 }, EVERY)
    expect(learnDesignEffect(none, { events: 0, trials: 950 }, EVERY).logs).toEqual(start.logs)
    expect(learnDesignEffect(start, usual, EVERY).logs).toEqual(start.logs)
    expect(learnDesignEffect(none, usual, EVERY).logs).not.toEqual(start.logs)
  })
})

describe('the design effect of a whole record', () => {
  it('is 1 where nothing can be told, and about the size of its clumps else', () => {
    expect(designEffectOver([])).toBe(1)
    expect(designEffectOver([{ events: 3, trials: 950 }])).toBe(1)
    const random = createRandom(8)
    const record = (size: number) =>
      Array.from({ length: 1_000 }, () => ({ events: size * random.poisson(4.75 / size), trials: 950 }))
    expect(designEffectOver(record(1))).toBeLessThan(1.2)
    const clumped = designEffectOver(record(8))
    expect(clumped).toBeGreaterThan(6)
    expect(clumped).toBeLessThan(10)
    // Nothing of it fades: two halves weigh the same in either order.
    const [even, uneven] = [record(1).slice(0, 300), record(8).slice(0, 300)]
    const ratio = designEffectOver([...even, ...uneven]) / designEffectOver([...uneven, ...even])
    expect(Math.abs(Math.log(ratio))).toBeLessThan(0.2)
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

  it('goes on smoothly between whole events and parts of one, few and many', () => {
    const effect = taught(30, (index) => index % 7)
    for (const events of [1, 12, 40, 47, 48, 49, 200]) {
      const at = (more: number) =>
        clumpedGains({ ...burst, canaryEvents: events + more, stableEvents: 30 }, 1, [1.5, 4], effect)
      for (const [index, gain] of at(0).entries()) expect(at(1e-9)[index]).toBeCloseTo(gain, 6)
    }
  })

  it('is finite for more events than anybody has', () => {
    for (const stableEvents of [1e6, 5e7, 1e12]) {
      const many = { canaryEvents: 48, canaryTrials: 1e13, stableEvents, stableTrials: 1e13 }
      for (const gain of clumpedGains(many, 1, [1.5, 4], startDesignEffect())) expect(Number.isFinite(gain)).toBe(true)
      const worse = { canaryEvents: stableEvents, canaryTrials: 1e13, stableEvents: 48, stableTrials: 1e13 }
      for (const gain of clumpedGains(worse, 1, [1.5, 4], startDesignEffect())) expect(gain).toBeGreaterThan(0)
    }
  })

  it('is divided by what lasts, or by what the record knows, whichever is more', () => {
    const effect = startDesignEffect()
    const [alone = 0] = clumpedGains(burst, 1, [4], effect)
    expect(clumpedGains(burst, 1, [4], effect, 4)[0]).toBeCloseTo(alone / 4, 12)
    expect(clumpedGains(burst, 1, [4], effect, 0.5)[0]).toBeCloseTo(alone, 12)
    const lost = { ...burst, canaryEvents: 0 }
    expect(clumpedGains(lost, 1, [4], effect, 4)[0]).toBeCloseTo((splitGains(lost, 1, [4])[0] ?? 0) / 4, 12)
  })
})
