import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bucketOf, seededBucketOf } from '../../src/embedded/data-plane/bucket.ts'

describe('the bucket of a user', () => {
  it('is a whole number from 0 to 9999, the same each time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (user) => {
        const bucket = bucketOf(user)
        expect(Number.isInteger(bucket) && bucket >= 0 && bucket < 10_000).toBe(true)
        expect(bucketOf(user)).toBe(bucket)
      }),
    )
  })

  it('stays the same over versions of Sluice, or users would change sides at an upgrade', () => {
    expect(['', 'user-1', 'user-2', 'zoë'].map(bucketOf)).toEqual([8923, 5916, 1105, 9138])
  })

  it.each(['user-', 'aaaaaaaaaaaaaaaaaaaaaaaa', ''])('spreads numbered users after %j evenly', (prefix) => {
    const counts = Array.from({ length: 20 }, () => 0)
    for (let user = 0; user < 20_000; user += 1) {
      const slot = Math.floor(bucketOf(`${prefix}${user}`) / 500)
      counts[slot] = (counts[slot] ?? 0) + 1
    }
    const chiSquare = counts.reduce((sum, count) => sum + (count - 1_000) ** 2 / 1_000, 0)
    // 43.8 is the 0.999 quantile of chi-square with 19 degrees of freedom.
    expect(chiSquare).toBeLessThan(43.8)
  })
})

describe('the seed of the buckets', () => {
  it('gives each user one bucket, the same each time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (user, seed) => {
        const bucket = seededBucketOf(user, seed)
        expect(Number.isInteger(bucket) && bucket >= 0 && bucket < 10_000).toBe(true)
        expect(seededBucketOf(user, seed)).toBe(bucket)
      }),
    )
  })

  it('stays the same over versions of Sluice, or users would change sides at an upgrade', () => {
    expect(['', 'user-1', 'zoë'].map((user) => seededBucketOf(user, 'checkout/production#7'))).toEqual([610, 429, 7700])
  })

  it.each([
    ['shop/production#1', 'shop/production#2'],
    ['a/production', 'b/production'],
    ['shop/production#1', 'shop/production#10'],
    ['a', 'b'],
  ])('makes the first tenth under %s no likelier to be the first under %s', (left, right) => {
    const users = Array.from({ length: 40_000 }, (_, index) => `u${index}`)
    const first = (seed: string) => users.filter((user) => seededBucketOf(user, seed) < 1_000)
    const [lefts, rights] = [first(left), new Set(first(right))]
    const both = lefts.filter((user) => rights.has(user)).length
    // Five standard deviations around the 4,000 and the 400 that chance gives.
    expect(Math.abs(lefts.length - 4_000)).toBeLessThan(300)
    expect(Math.abs(both - 400)).toBeLessThan(100)
  })
})
