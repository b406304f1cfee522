import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type CohortRule,
  matchedBy,
  matcherOf,
  ruleText,
  type Visitor,
} from '../../../src/domain/cohorts/cohort-rule.ts'
import { usersIn } from '../../../src/domain/cohorts/cohort-values.ts'

const word = fc.stringMatching(/^[a-z]{1,6}$/)
const words = fc.array(word, { minLength: 1, maxLength: 5 })
const rule: fc.Arbitrary<CohortRule> = fc.oneof(
  fc.record({ kind: fc.constant('header' as const), name: word, values: words }),
  fc.record({ kind: fc.constant('cookie' as const), name: word, values: words }),
  fc.record({ kind: fc.constant('user' as const), values: words }),
  fc.record({
    kind: fc.constant('address' as const),
    ranges: fc.constantFrom(['10.0.0.0/8'], ['2001:db8::/32', '10.1.0.0/16']),
    header: fc.constantFrom(null, 'x-forwarded-for'),
  }),
  fc.constant({ kind: 'gateway' as const }),
)

const NOBODY: Visitor = { user: '', header: () => null, cookie: () => null, address: null }
const from = (address: string): Visitor => ({ ...NOBODY, address })
const behind = (list: string): Visitor => ({ ...NOBODY, header: (name) => (name === 'x-forwarded-for' ? list : null) })

describe('a cohort', () => {
  it('has who sends one of its values in its field, and nobody by another field', () => {
    fc.assert(
      fc.property(word, words, word, word, (name, values, other, value) => {
        const header: Visitor['header'] = (asked) => (asked === other ? value : null)
        const isOne = name === other && values.includes(value)
        expect(matcherOf({ kind: 'header', name, values })({ ...NOBODY, header })).toBe(isOne)
        expect(matcherOf({ kind: 'cookie', name, values })({ ...NOBODY, cookie: header })).toBe(isOne)
        expect(matcherOf({ kind: 'cookie', name, values })({ ...NOBODY, header })).toBe(false)
        expect(matcherOf({ kind: 'user', values })({ ...NOBODY, user: value })).toBe(values.includes(value))
      }),
    )
  })

  it('has nobody of whom nothing is known', () => {
    fc.assert(
      fc.property(rule, (one) => {
        expect(matcherOf(one)(NOBODY)).toBe(false)
      }),
    )
  })

  it('goes by the address of the connection, or by the last one of a header', () => {
    const office = matcherOf({ kind: 'address', ranges: ['10.0.0.0/8', '2001:db8::/32'], header: null })
    const seen = ['10.9.8.7', '::ffff:10.9.8.7', '2001:db8:1::1', '11.0.0.1', '2001:db9::1', 'nonsense']
    expect(seen.map((address) => office(from(address)))).toEqual([true, true, true, false, false, false])
    const proxied = matcherOf({ kind: 'address', ranges: ['10.0.0.0/8'], header: 'x-forwarded-for' })
    expect(proxied(behind('1.2.3.4, 10.0.0.1'))).toBe(true)
    expect(proxied(behind('10.0.0.1, 1.2.3.4'))).toBe(false)
    expect(proxied(from('10.0.0.1'))).toBe(false)
  })

  it('has one text whatever order its values were written in, and another cohort has another', () => {
    fc.assert(
      fc.property(words, (values) => {
        const one = ruleText({ kind: 'user', values })
        expect(ruleText({ kind: 'user', values: [...values.toReversed(), ...values] })).toBe(one)
        expect(ruleText({ kind: 'user', values: [...values, 'someone-else'] })).not.toBe(one)
      }),
    )
  })

  it('is left to the gateway where that says who is of it', () => {
    const rules: Record<string, CohortRule> = { vip: { kind: 'gateway' }, beta: { kind: 'user', values: ['ada'] } }
    expect(matchedBy(rules, ['vip', 'beta', 'constructor', 'gone'])).toEqual({ beta: rules['beta'] })
  })
})

describe('a file of users', () => {
  it('has one on each line, comments and empty lines aside', () => {
    expect(usersIn('# pilots\nada\r\n\n grace \nada\n')).toEqual({ users: ['ada', 'grace'] })
  })

  it('names the line that is no user', () => {
    expect(usersIn('ada\ngrace hopper\n')).toEqual({ line: 2, received: 'grace hopper' })
  })
})
