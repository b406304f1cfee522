import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'

/** An address that was looked up and may be connected to. */
export interface PinnedAddress {
  readonly address: string
  readonly family: 4 | 6
}

/** Where a call may go. */
export interface AddressPolicy {
  /**
   * The addresses of a host, each of them allowed: connect to these and to nothing that the name means a moment later.
   * @throws {@link ForbiddenAddress}, and what the resolver throws
   */
  readonly pin: (url: URL) => Promise<readonly PinnedAddress[]>
}

/** A place that this installation does not let calls go to. The message is a clause. */
export class ForbiddenAddress extends Error {
  override readonly name = 'ForbiddenAddress'
}

/** IPv4 networks that are nobody's on the internet (IANA special-purpose registry). */
const PRIVATE_4 = [
  ...['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24'],
  ...['192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
]
/** The same of IPv6, and networks that carry IPv4 addresses inside. */
const PRIVATE_6 = ['::1/128', 'fc00::/7', '64:ff9b::/96', '64:ff9b:1::/48', '2001::/23', '2001:db8::/32', '2002::/16']
/** Link-local, where clouds keep their metadata, unspecified, multicast, reserved: never, whatever is allowed. */
const NEVER_4 = ['0.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '240.0.0.0/4']
const NEVER_6 = ['::/128', 'fe80::/10', 'fec0::/10', 'ff00::/8']

type Resolve = (host: string) => Promise<readonly { readonly address: string }[]>

const resolveAll: Resolve = (host) => lookup(host, { all: true })

/** A policy that lets calls out to the internet over https, and to these private ranges over http as well. */
export function createAddressPolicy(privateRanges: readonly string[], resolve: Resolve = resolveAll): AddressPolicy {
  const never = blockList([...NEVER_4, ...NEVER_6])
  const inside = blockList([...PRIVATE_4, ...PRIVATE_6])
  const allowed = blockList(privateRanges)

  function check({ address, family }: PinnedAddress, url: URL): PinnedAddress {
    const [isNever, isPrivate, isAllowed] = [never, inside, allowed].map((list) => list.check(address, `ipv${family}`))
    if (isNever === true) throw new ForbiddenAddress(`${shown(url, address)} is never reached`)
    if (isPrivate === true && isAllowed !== true)
      throw new ForbiddenAddress(`${shown(url, address)} is a private address outside outbound.privateAddresses`)
    if (url.protocol !== 'https:' && isAllowed !== true)
      throw new ForbiddenAddress(
        `${shown(url, address)} is reached by https only: it is not in outbound.privateAddresses`,
      )
    return { address, family }
  }

  return {
    async pin(url) {
      const host = url.hostname.replace(/^\[|\]$/g, '')
      const found = isIP(host) === 0 ? await resolve(host) : [{ address: host }]
      const addresses = found.map(({ address }) => ({
        address,
        family: isIP(address) === 6 ? (6 as const) : (4 as const),
      }))
      return addresses.map((address) => check(address, url))
    },
  }
}

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [network = '', bits = ''] = range.split('/')
    list.addSubnet(network, Number(bits), isIP(network) === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}

function shown({ hostname }: URL, address: string): string {
  return hostname === address ? address : `${hostname} (${address})`
}
