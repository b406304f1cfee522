import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../../../src/analysis/statistics/random.ts'
import { type FloorStanding, judgeFloor, startFloor } from '../../../src/analysis/traffic/floor.ts'

type FloorLook = Parameters<typeof judgeFloor>[2]

const RULE = { errors: 0.5, requests: 20 }
const NAMES = { canary: '2.4.0', stable: '2.3.9' }
type Counts = readonly [requests: number, errors: number]

interface Look {
  readonly canary: Counts
  readonly stable?: Counts
  readonly past?: Counts | null
  readonly unanswered?: number
}

function standings(looks: readonly Look[], rule = RULE): readonly FloorStanding[] {
  let state = startFloor()
  return looks.map(({ canary, stable = [200, 1], past = null, unanswered = 0 }, index) => {
    const seen: FloorLook = {
      end: (index + 1) * 1_000,
      canary: { requests: canary[0], errors: canary[1], unanswered },
      stable: { requests: stable[0], errors: stable[1] },
      past: past === null ? null : { requests: past[0], errors: past[1] },
      names: NAMES,
    }
    const step = judgeFloor(rule, state, seen)
    state = JSON.parse(JSON.stringify(step.state)) as typeof state
    return step.standing
  })
}

const times = (count: number, look: Look) => Array.from({ length: count }, () => look)
const kinds = (looks: readonly Look[], rule = RULE) => standings(looks, rule).map(({ kind }) => kind)

describe('the floor', () => {
  it('is broken after two looks by a canary that fails all', () => {
    expect(kinds(times(2, { canary: [50, 50] }))).toEqual(['suspected', 'canary'])
  })

  it('is broken at full weight by what stable has shown before', () => {
    const alone = { stable: [0, 0], past: [5_000, 25] } as const
    expect(standings(times(2, { canary: [100, 55], ...alone }))[1]).toEqual({
      kind: 'canary',
      reason:
        'errors 55% (110 of 200) on 2.4.0 against 0.5% (25 of 5,000) on 2.3.9 before: the floor allows less than 50%',
    })
  })

  it('adds up looks with few requests', () => {
    const slow = kinds(times(40, { canary: [1, 1], stable: [9, 0] }))
    expect(slow.indexOf('canary')).toBe(19)
  })

  it('is suspected as soon as the first few requests fail, so that nothing ends before more are known', () => {
    const few = times(3, { canary: [2, 2], stable: [9, 0] })
    expect(kinds(few)).toEqual(['above', 'above', 'suspected'])
    expect(standings(few).at(-1)).toMatchObject({
      reason: expect.stringMatching(/^errors 100% \(6 of 6\).* so far: the floor allows/),
    })
    expect(kinds([...few, { canary: [3, 0], stable: [9, 0] }]).at(-1)).toBe('suspected')
    expect(kinds([...few, ...times(6, { canary: [4, 0], stable: [9, 0] })]).at(-1)).toBe('above')
  })

  it('says how many got no answer', () => {
    const hangs = times(2, { canary: [40, 40], unanswered: 40 })
    expect(standings(hangs)[1]).toMatchObject({
      reason: expect.stringContaining('errors 100% (80 of 80, 80 without an answer) on 2.4.0 against 0.5%'),
    })
  })

  it('is not broken by one bad look, nor by a canary that fails less', () => {
    expect(kinds([{ canary: [100, 60] }, { canary: [100, 1] }, { canary: [100, 60] }])).not.toContain('canary')
    expect(new Set(kinds(times(500, { canary: [100, 35] })))).toEqual(new Set(['above']))
  })

  it('is unclear while stable fails as well, now or before', () => {
    const shared = standings(times(30, { canary: [50, 30], stable: [50, 30] }))
    expect(shared.at(-1)).toEqual({
      kind: 'unclear',
      reason: 'errors 60% (60 of 100) on 2.4.0, but also 60% (60 of 100) on 2.3.9: the floor allows less than 50%',
    })
    expect(kinds(times(30, { canary: [50, 30], stable: [0, 0], past: [500, 300] })).at(-1)).toBe('unclear')
  })

  it('is broken for good by a canary of which nothing else is known', () => {
    expect(kinds(times(4, { canary: [50, 50], stable: [0, 0] }))).toEqual(['suspected', 'unclear', 'unclear', 'canary'])
  })

  it('follows the plan', () => {
    expect(kinds(times(2, { canary: [100, 12] }), { errors: 0.1, requests: 100 }).at(-1)).toBe('canary')
    expect(kinds(times(2, { canary: [100, 12] })).at(-1)).toBe('above')
  })

  it('is never broken by a canary that is as good as stable, whatever its traffic', () => {
    const traffic = fc.record({
      seed: fc.nat(),
      rate: fc.constantFrom(0.05, 1, 20, 500),
      share: fc.constantFrom(0.05, 0.5, 0.95),
      failing: fc.constantFrom(0, 0.005, 0.1),
    })
    fc.assert(
      fc.property(traffic, ({ seed, rate, share, failing }) => {
        const random = createRandom(seed)
        const drawn = Array.from({ length: 400 }, (): Look => {
          const [canary, stable] = [random.poisson(rate * share), random.poisson(rate * (1 - share))]
          const errors = (requests: number) => random.binomial(requests, failing)
          return { canary: [canary, errors(canary)], stable: [stable, errors(stable)], past: [1_000, 1_000 * failing] }
        })
        expect(kinds(drawn)).not.toContain('canary')
      }),
    )
  })
})
