import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FAULT_NAMES, namesIn } from '../../../faults/kinds.ts'
import { readOptions } from '../../../faults/options.ts'
import { coveringWaves } from '../../../faults/script/deck.ts'
import { scriptWave, waveOf } from '../../../faults/script/script.ts'

const seeds = fc.integer({ min: 1, max: 99_999 })
const options = (seed: number, parallel = 8) => ({ seed, parallel, only: null })
const kindsOf = ({ releases, acts }: ReturnType<typeof scriptWave>): readonly string[] => [
  ...releases.flatMap((release) => release.acts.map(({ kind }): string => kind)),
  ...acts.map(({ kind }): string => kind),
]

describe('the scripts', () => {
  it('are the same for the same seed, and others for another', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 60 }), (seed, wave) => {
        expect(scriptWave(options(seed), wave)).toEqual(scriptWave(options(seed), wave))
        expect(scriptWave(options(seed), wave)).not.toEqual(scriptWave(options(seed + 1), wave))
      }),
      { numRuns: 30 },
    )
  })

  it('deal every kind of fault in the first waves, few of which are needed', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 4, max: 12 }), (seed, parallel) => {
        const waves = coveringWaves(options(seed, parallel))
        const all = Array.from({ length: waves }, (_, index) => scriptWave(options(seed, parallel), index + 1))
        expect([...new Set(all.flatMap(kindsOf))].sort()).toEqual([...FAULT_NAMES].sort())
      }),
      { numRuns: 30 },
    )
    expect(coveringWaves(options(1))).toBe(3)
  })

  it('have plans that rise to everybody, with a bake after each weight and an approval above the first', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 60 }), (seed, wave) => {
        for (const { plan, acts } of scriptWave(options(seed), wave).releases) {
          const { weights, bakes, approvalBefore } = plan
          expect(weights.at(-1)).toBe(10_000)
          expect([...weights].sort((left, right) => left - right)).toEqual(weights)
          expect(bakes).toHaveLength(weights.length)
          if (approvalBefore !== null) expect(weights[approvalBefore - 1]).toBeGreaterThan(0)
          if (acts.some(({ kind }) => kind === 'forged-approval')) expect(approvalBefore).not.toBeNull()
          expect(acts.filter(({ kind }) => kind.startsWith('canary-')).length).toBeLessThanOrEqual(1)
        }
      }),
      { numRuns: 30 },
    )
  })

  it('never strike everybody with two things at a time', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 10 }), (seed, wave) => {
        const { acts } = scriptWave(options(seed), wave)
        const gaps = acts.slice(1).map(({ at }, index) => at - (acts[index]?.at ?? 0) - (acts[index]?.seconds ?? 0))
        for (const gap of gaps) expect(gap).toBeGreaterThan(2.9)
      }),
      { numRuns: 30 },
    )
  })

  it('freeze one of two workers in every fourth wave, and abort or spoil each release while it is frozen', () => {
    const { acts, releases } = scriptWave(options(5), 8)
    expect(acts.map(({ kind }) => kind)).toEqual(['worker-frozen'])
    expect(new Set(releases.map((release) => release.acts[0]?.when.after))).toEqual(new Set(['frozen']))
    expect(new Set(releases.map((release) => release.acts[0]?.kind))).toEqual(new Set(['abort', 'canary-fails-60']))
    for (const { plan } of releases) expect(plan.bakes[0]).toBeGreaterThan(20)
    // What is dealt to the first waves is not left out for it.
    expect(scriptWave(options(5, 4), 4).acts.map(({ kind }) => kind)).not.toEqual(['worker-frozen'])
  })

  it('keep to one kind where only one is asked for', () => {
    for (const only of FAULT_NAMES) {
      expect(new Set(kindsOf(scriptWave({ ...options(3), only }, 2)))).toEqual(new Set([only]))
    }
    expect(scriptWave({ ...options(3), only: namesIn('world')[0] ?? null }, 1).acts).toHaveLength(1)
  })

  it('number releases over all waves, so that each is found again', () => {
    const numbers = [1, 2, 3].flatMap((wave) => scriptWave(options(5), wave).releases.map(({ number }) => number))
    expect(numbers).toEqual(Array.from({ length: 24 }, (_, index) => index + 1))
    expect([1, 8, 9, 24].map((number) => waveOf(number, { parallel: 8 }))).toEqual([1, 1, 2, 3])
  })
})

describe('the arguments', () => {
  it('have a seed that was drawn, 300 releases, and no end by the clock', () => {
    expect(readOptions([], 42)).toEqual({
      ...{ seed: 42, releases: 300, minutes: null, parallel: 8, rate: 40 },
      ...{ only: null, replay: null, write: false, check: null, keep: false, kinds: false },
    })
  })

  it('name a release to be played again by its seed and number', () => {
    expect(readOptions(['--replay', '7/23b', '--only', 'abort'], 1)).toMatchObject({
      seed: 7,
      replay: 23,
      only: 'abort',
    })
  })

  it.each([
    [['--only', 'meteor'], 'there is no kind of fault meteor'],
    [['--replay', '7'], '--replay takes a seed and a release'],
    [['--seed', 'x'], '--seed takes a whole number above 0, not x'],
    [['--releases', '0'], '--releases takes a whole number above 0, not 0'],
    [['--weeks', '2'], 'weeks'],
  ])('%j are refused with what is wrong', (args, problem) => {
    const read = readOptions(args, 1)
    expect('problem' in read ? read.problem : '').toContain(problem)
  })
})
