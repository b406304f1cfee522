/** XXH32 as HAProxy's converter `xxh32` has it: github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md. */
export function xxh32(text: string, seed: number): number {
  const bytes = Buffer.from(text, 'utf8')
  let at = 0
  let hash = seed + P5
  if (bytes.length >= 16) {
    const lanes = [seed + P1 + P2, seed + P2, seed, seed - P1]
    for (; at + 16 <= bytes.length; at += 16)
      for (const [index, lane] of lanes.entries())
        lanes[index] = Math.imul(rotate(lane + Math.imul(bytes.readInt32LE(at + 4 * index), P2), 13), P1)
    const [a = 0, b = 0, c = 0, d = 0] = lanes
    hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)
  }
  hash = (hash + bytes.length) | 0
  for (; at + 4 <= bytes.length; at += 4) hash = Math.imul(rotate(hash + Math.imul(bytes.readInt32LE(at), P3), 17), P4)
  for (; at < bytes.length; at += 1) hash = Math.imul(rotate(hash + Math.imul(bytes[at] ?? 0, P5), 11), P1)
  hash = Math.imul(hash ^ (hash >>> 15), P2)
  hash = Math.imul(hash ^ (hash >>> 13), P3)
  return (hash ^ (hash >>> 16)) >>> 0
}

const P1 = 0x9e3779b1 | 0
const P2 = 0x85ebca77 | 0
const P3 = 0xc2b2ae3d | 0
const P4 = 0x27d4eb2f | 0
const P5 = 0x165667b1 | 0

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by))
}
