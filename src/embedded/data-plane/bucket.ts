import { FULL_WEIGHT } from '../../domain/units.ts'

/**
 * The bucket of a user, 0 to 9999: always the same for the same key. FNV-1a (32 bit) over the UTF-8 bytes, then the
 * finalizer of MurmurHash3, because FNV alone leaves keys that differ in their last digit close together.
 */
export function bucketOf(user: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(user, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) % FULL_WEIGHT
}
