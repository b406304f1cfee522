import { FULL_WEIGHT } from '../../domain/units.ts'

/**
 * The bucket of a user, 0 to 9999: always the same for the same key. FNV-1a (32 bit) over the UTF-8 bytes, then the
 * finalizer of MurmurHash3, because FNV alone leaves keys that differ in their last digit close together.
 */
export function bucketOf(user: string): number {
  return mixed(folded(user, OFFSET)) % FULL_WEIGHT
}

/**
 * The bucket of a user in the order that a seed gives: another seed puts other users first. The seed goes through the
 * finalizer too, else two seeds would give orders that resemble each other.
 */
export function seededBucketOf(user: string, seed: string): number {
  return mixed(folded(user, mixed(folded(seed, OFFSET)))) % FULL_WEIGHT
}

const OFFSET = 0x811c9dc5

function folded(text: string, from: number): number {
  let hash = from
  for (const byte of Buffer.from(text, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash
}

/** A whole number from 0 to 2^32 - 1. */
function mixed(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35)
  return (twice ^ (twice >>> 16)) >>> 0
}
