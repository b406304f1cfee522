import { BlockList, isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatAddress,
  formatRange,
  isInRange,
  parseAddress,
  parseRange,
} from '../../../src/domain/cohorts/address-range.ts'

const address = fc.oneof(fc.ipV4(), fc.ipV6())
const cut = (text: string, wanted: number) => {
  const parsed = parseAddress(text)
  if (parsed === null) throw new Error(`${text} is no address`)
  const read = parseRange(`${formatAddress(parsed)}/${Math.min(parsed.bits, wanted)}`)
  const range = 'range' in read ? read : parseRange(read.expected.split(',')[0] ?? '')
  if ('range' in range) return range.range
  throw new Error(`${text}/${wanted} is no range: ${range.expected}`)
}

describe('an address', () => {
  it('is read when Node.js reads it, and written so that it is read as the same one', () => {
    fc.assert(
      fc.property(address, (text) => {
        const parsed = parseAddress(text)
        expect(parsed).not.toBeNull()
        if (parsed !== null) expect(parseAddress(formatAddress(parsed))).toEqual(parsed)
      }),
    )
  })

  it('is none when Node.js takes it for none', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9a-f:./]{0,20}$/), (text) => {
        expect(parseAddress(text) === null).toBe(isIP(text) === 0)
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['::', '::'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['1:0:2:0:3:0:4:0', '1:0:2:0:3:0:4:0'],
  ])('%s is %s', (text, written) => {
    const parsed = parseAddress(text)
    expect(parsed && formatAddress(parsed)).toBe(written)
  })

  it.each(['', '1.2.3', '01.2.3.4', '1.2.3.256', 'fe80::1%eth0', ':::', '1::2::3', '12345::', '1:2:3:4:5:6:7:8::'])(
    '%s is none',
    (text) => expect(parseAddress(text)).toBeNull(),
  )
})

describe('a range', () => {
  it('has exactly the addresses that Node.js finds in it', () => {
    fc.assert(
      fc.property(address, fc.integer({ min: 1, max: 128 }), address, (first, prefix, other) => {
        const range = cut(first, prefix)
        const list = new BlockList()
        const family = (bits: number) => (bits === 32 ? 'ipv4' : 'ipv6')
        list.addSubnet(formatAddress(range), range.prefix, family(range.bits))
        for (const text of [first, other]) {
          const one = parseAddress(text)
          if (one === null || one.bits !== range.bits) continue
          expect(isInRange(one, range)).toBe(list.check(formatAddress(one), family(one.bits)))
        }
      }),
    )
  })

  it('is read as it was written', () => {
    fc.assert(
      fc.property(address, fc.integer({ min: 1, max: 128 }), (text, prefix) => {
        const range = cut(text, prefix)
        expect(parseRange(formatRange(range))).toEqual({ range })
      }),
    )
  })

  it.each([
    ['10.1.2.3/8', '10.0.0.0/8, the first address of it'],
    ['10.0.0.0/33', 'a length from 1 to 32 after the slash'],
    ['10.0.0.0/0', 'a length from 1 to 32 after the slash'],
    ['2001:db8::/129', 'a length from 1 to 128 after the slash'],
    ['::ffff:10.0.0.0/104', 'a range such as 10.0.0.0/8'],
    ['office', 'a range such as 10.0.0.0/8'],
    ['10.0.0.0/8/8', 'a range such as 10.0.0.0/8'],
  ])('%s is none: expected %s', (text, expected) => expect(parseRange(text)).toEqual({ expected }))
})
