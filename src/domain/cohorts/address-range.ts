/** An address of IPv4 or IPv6. One of IPv4 that is written as IPv6 (`::ffff:10.0.0.1`) is one of IPv4. */
interface Address {
  readonly bits: 32 | 128
  readonly value: bigint
}

/** A range as people write it: `10.0.0.0/8`; the address is its first one. */
export interface AddressRange extends Address {
  /** Leading bits that are the same in the whole range, 1 to {@link Address.bits}. */
  readonly prefix: number
}

/** Reads an address, or null when the text is none. No zone, no leading zeros in IPv4. */
export function parseAddress(text: string): Address | null {
  const four = parseFour(text)
  if (four !== null) return { bits: 32, value: four }
  const six = parseSix(text)
  if (six === null) return null
  return six >> 32n === MAPPED ? { bits: 32, value: six & 0xffff_ffffn } : { bits: 128, value: six }
}

/** A range, or what was expected of the text. A single address is a range of its own. */
export function parseRange(text: string): { readonly range: AddressRange } | { readonly expected: string } {
  const [head = '', tail, ...more] = text.split('/')
  const address = more.length > 0 ? null : parseAddress(head)
  if (address === null || (address.bits === 32 && head.includes(':'))) return { expected: 'a range such as 10.0.0.0/8' }
  const prefix = tail === undefined ? address.bits : /^[1-9]\d{0,2}$/.test(tail) ? Number(tail) : 0
  if (prefix < 1 || prefix > address.bits) return { expected: `a length from 1 to ${address.bits} after the slash` }
  const first = maskTo(address, prefix)
  if (first.value !== address.value) return { expected: `${formatAddress(first)}/${prefix}, the first address of it` }
  return { range: { ...address, prefix } }
}

/** The same range always has the same text. */
export function formatRange(range: AddressRange): string {
  return `${formatAddress(range)}/${range.prefix}`
}

/** The address with all but its first `prefix` bits cleared. */
function maskTo({ bits, value }: Address, prefix: number): Address {
  const rest = BigInt(Math.max(0, bits - prefix))
  return { bits, value: (value >> rest) << rest }
}

/** True when the address is of the range. */
export function isInRange(address: Address, range: AddressRange): boolean {
  return address.bits === range.bits && maskTo(address, range.prefix).value === range.value
}

/** The address as RFC 5952 writes it: lower case, the longest run of zeros left out. */
export function formatAddress({ bits, value }: Address): string {
  if (bits === 32) return partsOf(value, 4, 8n).join('.')
  const groups = partsOf(value, 8, 16n).map((group) => group.toString(16))
  const runs = groups.map((_, start) => {
    const end = groups.findIndex((group, index) => index >= start && group !== '0')
    return { start, length: (end === -1 ? groups.length : end) - start }
  })
  const { start, length } = runs.reduce((best, run) => (run.length > best.length ? run : best), { start: 0, length: 1 })
  if (length < 2) return groups.join(':')
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`
}

/** The upper 96 bits of an address of IPv4 within IPv6. */
const MAPPED = 0xffffn

function partsOf(value: bigint, count: number, width: bigint): readonly bigint[] {
  const mask = (1n << width) - 1n
  return Array.from({ length: count }, (_, index) => (value >> (BigInt(count - 1 - index) * width)) & mask)
}

function parseFour(text: string): bigint | null {
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) return null
  const parts = text.split('.')
  const isGood = parts.every((part) => Number(part) <= 255 && String(Number(part)) === part)
  return isGood ? parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n) : null
}

function parseSix(text: string): bigint | null {
  if (text.length > 45 || !/^[0-9a-fA-F:.]+$/.test(text)) return null
  const halves = text.split('::')
  if (halves.length > 2) return null
  const [head, tail] = halves.map(groupsOf)
  if (head === null || head === undefined || tail === null) return null
  const missing = 8 - head.length - (tail?.length ?? 0)
  if (tail === undefined ? missing !== 0 : missing < 1) return null
  const groups = [...head, ...Array.from({ length: missing }, () => 0n), ...(tail ?? [])]
  return groups.reduce((sum, group) => (sum << 16n) | group, 0n)
}

/** The groups of one half; its last part may be an address of IPv4. Null when one is none. */
function groupsOf(half: string): readonly bigint[] | null {
  if (half === '') return []
  const parts = half.split(':')
  const groups: bigint[] = []
  for (const [index, part] of parts.entries()) {
    const four = index === parts.length - 1 ? parseFour(part) : null
    if (four !== null) groups.push(four >> 16n, four & 0xffffn)
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(BigInt(`0x${part}`))
    else return null
  }
  return groups
}
