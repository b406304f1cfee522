import { describe, expect, it } from 'vitest'
import { createAddressPolicy, ForbiddenAddress } from '../../src/outbound/address-policy.ts'

const resolving =
  (...addresses: readonly string[]) =>
  async () =>
    addresses.map((address) => ({ address }))
const policyFor = (ranges: readonly string[], ...addresses: readonly string[]) =>
  createAddressPolicy(ranges, resolving(...addresses))
const refusal = async (url: string, ranges: readonly string[] = [], ...addresses: readonly string[]) => {
  const error = await policyFor(ranges, ...addresses)
    .pin(new URL(url))
    .catch((reason: unknown) => reason)
  return error instanceof ForbiddenAddress ? error.message : null
}

describe('the addresses that calls may reach', () => {
  it.each([
    ...['127.0.0.1', '127.1', '2130706433', '0x7f000001', '0177.0.0.1', '①②⑦.0.0.1', '10.0.0.1', '172.16.0.1'],
    ...['192.168.1.1', '100.64.0.1', '0.0.0.0', '169.254.169.254', '224.0.0.1', '255.255.255.255', '198.18.0.1'],
    ...['[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:a9fe:a9fe]', '[fd00::1]', '[fe80::1]', '[64:ff9b::7f00:1]'],
    ...['[2002:7f00:1::]', '[ff02::1]', '[2001:db8::1]'],
  ])('are not %s, however it is written', async (host) => {
    expect(await refusal(`https://${host}/`)).not.toBeNull()
  })

  it.each(['127.0.0.1.nip.io', 'localhost.', 'metadata.google.internal'])(
    'are judged by what a name means, not by how it looks: %s',
    async (host) => {
      expect(await refusal(`https://${host}/`, [], '169.254.169.254')).toBe(
        `${host} (169.254.169.254) is never reached`,
      )
    },
  )

  it('are refused when any address of a name is', async () => {
    expect(await refusal('https://mixed.example/', [], '93.184.216.34', '10.0.0.1')).toBe(
      'mixed.example (10.0.0.1) is a private address outside outbound.privateAddresses',
    )
  })

  it('are private ones where the installation allows them, over http as well', async () => {
    const pinned = await policyFor(['10.0.0.0/8', 'fd00::/8'], '10.1.2.3', 'fd00::7').pin(
      new URL('http://pods.internal/'),
    )
    expect(pinned).toEqual([
      { address: '10.1.2.3', family: 4 },
      { address: 'fd00::7', family: 6 },
    ])
  })

  it('are never link-local ones, whatever the installation allows', async () => {
    expect(await refusal('http://a/', ['0.0.0.0/1', '169.254.0.0/16'], '169.254.169.254')).toContain('never reached')
  })

  it('are public ones over https alone', async () => {
    expect(await policyFor([], '93.184.216.34').pin(new URL('https://a/'))).toHaveLength(1)
    expect(await refusal('http://a/', [], '93.184.216.34')).toContain('by https only')
  })
})
