import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  clumpedGains,
  designEffectOf,
  learnDesignEffect,
  startDesignEffect,
} from '../../../../src/analysis/judges/sequential/design-effect.ts'
import { effectOfRecord } from '../../../../src/analysis/judges/sequential/record-effect.ts'
import type { RecordedEvents } from '../../../../src/domain/recorded-noise.ts'

interface Golden {
  readonly name: string
  readonly every: number
  readonly record: RecordedEvents
  readonly multiples: readonly number[]
  readonly looks: readonly (readonly [number, number, number, number])[]
  readonly told: readonly {
    readonly look: number
    readonly lasting: number
    readonly ofRecord: number
    readonly without: readonly number[]
    readonly with: readonly number[]
  }[]
}

const FILE = new URL('../../golden/clumps.json', import.meta.url)
const cases = JSON.parse(readFileSync(FILE, 'utf8')) as readonly Golden[]

describe('what bets win when events may come in clumps', () => {
  it.each(cases)('is that of a second implementation: $name', ({ every, record, multiples, looks, told }) => {
    let effect = startDesignEffect()
    for (const [index, [canaryEvents, canaryTrials, stableEvents, stableTrials]] of looks.entries()) {
      const counts = { canaryEvents, canaryTrials, stableEvents, stableTrials }
      const ofRecord = effectOfRecord(record, counts, every, index * every)
      const seen = [
        ...Object.values(designEffectOf(effect)),
        ofRecord,
        ...clumpedGains(counts, 1, multiples, effect),
        ...clumpedGains(counts, 1, multiples, effect, ofRecord),
      ]
      const golden = told[index]
      const known = [
        golden?.look,
        golden?.lasting,
        golden?.ofRecord,
        ...(golden?.without ?? []),
        ...(golden?.with ?? []),
      ]
      for (const [place, value] of seen.entries()) expect(value).toBeCloseTo(known[place] ?? Number.NaN, 7)
      effect = learnDesignEffect(effect, { events: stableEvents, trials: stableTrials }, every)
    }
  })
})

describe('a look that cannot be counted', () => {
  it('teaches nothing, and every other one is counted', () => {
    const start = startDesignEffect()
    const bad = [
      [Number.NaN, 10],
      [-1, 10],
      [1, 0],
      [1, -10],
      [Number.POSITIVE_INFINITY, 10],
      [1, Number.POSITIVE_INFINITY],
      [1, Number.NaN],
      [1e308, 1e308],
    ] as const
    for (const [events, trials] of bad) expect(learnDesignEffect(start, { events, trials }, 10_000)).toBe(start)
    const once = learnDesignEffect(start, { events: 0, trials: 10 }, 10_000)
    expect([start.learned, once.learned]).toEqual([0, 1])
    // Without an event, and without a look before, there is nothing to compare.
    expect(once.logs).toEqual(start.logs)
    expect(learnDesignEffect(once, { events: 0, trials: 10 }, 10_000).logs).toEqual(start.logs)
    expect(learnDesignEffect(start, { events: 5, trials: 10 }, 10_000).logs).toEqual(start.logs)
  })
})
