import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assign, firstPoolOnly, type Routing, wishSchema } from '../../src/embedded/data-plane/routing.ts'

const pools = ['blue', 'green'] as const
const weight = fc.integer({ min: 0, max: 10_000 })
const bucket = fc.integer({ min: 0, max: 9_999 })

describe('the assignment of a request', () => {
  it('gives each pool exactly its share of the buckets', () => {
    fc.assert(
      fc.property(weight, (green) => {
        const buckets = Array.from({ length: 10_000 }, (_, index) => index)
        const onGreen = buckets.filter((index) => assign(routed(green), pools, index, []).pool === 'green').length
        expect(onGreen).toBe(green)
      }),
      { numRuns: 30 },
    )
  })

  it('never takes a user off a pool whose share grows, whichever it is', () => {
    fc.assert(
      fc.property(weight, weight, bucket, (one, other, user) => {
        const [less, more] = [Math.min(one, other), Math.max(one, other)]
        const before = assign(routed(less), pools, user, []).pool
        const after = assign(routed(more), pools, user, []).pool
        expect([before, after]).not.toEqual(['green', 'blue'])
      }),
    )
  })

  it('follows the first pinned cohort, and the weight when none is pinned', () => {
    const routing: Routing = { ...routed(0), cohorts: { beta: 'green', staff: 'blue' } }
    expect(assign(routing, pools, 0, ['unknown', 'beta', 'staff'])).toEqual({
      pool: 'green',
      why: 'cohort',
      cohort: 'beta',
    })
    expect(assign(routing, pools, 0, ['unknown', 'constructor', '__proto__'])).toEqual({ pool: 'blue', why: 'weight' })
  })

  it('sends everybody to the first pool before anything was set', () => {
    expect(assign(firstPoolOnly(pools), pools, 0, ['beta']).pool).toBe('blue')
  })
})

describe('what may be asked for', () => {
  const fence = { release: 1, epoch: 1 }
  const good = { split: { blue: 9_900, green: 100 }, cohorts: { beta: 'green' }, fence }

  it('takes a whole routing', () => {
    expect(wishSchema(pools).parse(good)).toEqual(good)
  })

  it.each([
    ['a share that does not fit', { ...good, split: { blue: 9_900, green: 200 } }],
    ['one pool only', { ...good, split: { blue: 10_000 } }],
    ['a third pool', { ...good, split: { blue: 9_900, green: 100, red: 0 } }],
    ['a fraction', { ...good, split: { blue: 9_999.5, green: 0.5 } }],
    ['a text for a number', { ...good, split: { blue: '9900', green: 100 } }],
    ['a negative share', { ...good, split: { blue: 10_100, green: -100 } }],
    ['a cohort on an unknown pool', { ...good, cohorts: { beta: 'red' } }],
    ['no fence', { split: good.split, cohorts: {} }],
    ['no cohorts', { split: good.split, fence }],
    ['an unknown key', { ...good, shadow: 1 }],
  ])('refuses %s', (_, wish) => {
    expect(wishSchema(pools).safeParse(wish).success).toBe(false)
  })
})

function routed(green: number): Routing {
  return { split: { blue: 10_000 - green, green }, cohorts: {}, fence: null, seed: null }
}
