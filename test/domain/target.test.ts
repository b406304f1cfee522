import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { laneIdOf, parseReleaseId, releaseIdOf, targetName } from '../../src/domain/target.ts'

const name = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,20}[a-z0-9])?$/)

describe('ids', () => {
  it('are paths that people can read', () => {
    const target = { service: 'checkout', environment: 'production' }
    expect(targetName(target)).toBe('checkout/production')
    expect(laneIdOf(target)).toBe('lane/checkout/production')
    expect(releaseIdOf(target, 7)).toBe('release/checkout/production/7')
  })

  it('can be read back, with and without the first word', () => {
    fc.assert(
      fc.property(name, name, fc.integer({ min: 1, max: 999_999_999 }), (service, environment, number) => {
        const releaseId = releaseIdOf({ service, environment }, number)
        const expected = { service, environment, number, releaseId }
        expect(parseReleaseId(releaseId)).toEqual(expected)
        expect(parseReleaseId(`${service}/${environment}/${number}`)).toEqual(expected)
      }),
    )
  })

  it.each([
    ...[
      '',
      'checkout',
      'checkout/production',
      'checkout/production/',
      'checkout/production/x',
      '/checkout/production/1',
    ],
    ...['lane/checkout/production', 'Checkout/production/1', 'checkout/production/-1', 'a/b/1\n', ' a/b/1', 'a/b/1.5'],
    ...['-a/b/1', 'a-/b/1', 'a/b/1234567890', 'a/b/c/1', 'a/../1', "a/b' OR '1'='1/1"],
  ])('are not read from %j', (text) => {
    expect(parseReleaseId(text)).toBeNull()
  })
})
