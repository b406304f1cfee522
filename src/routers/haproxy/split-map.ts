import { createHash } from 'node:crypto'
import { FULL_WEIGHT, type BasisPoints } from '../../domain/units.ts'
import type { Fence } from '../../domain/exposure.ts'
import type { DesiredRouting } from '../router.ts'
import { pinsOf, splitOf } from '../wish.ts'

/**
 * What the map of one target says. It holds, one per line:
 *
 * - `share:<second pool>`: that pool's share in basis points
 * - `cohort:<name>`: the pool the cohort is pinned to
 * - `fence`: `<release>:<epoch>` of the last write
 * - `canary`: the pool that was the canary in the last write
 * - `seal`: a digest of share, cohorts and canary as they were written, which a change by another hand breaks
 */
export interface SplitMap {
  /** Share of the second pool, or null when the map has none that is a whole number from 0 to 10000. */
  readonly share: BasisPoints | null
  readonly pins: Readonly<Record<string, string>>
  readonly fence: Fence | null
  readonly canary: string | null
  /** True when the content is what the last write through Sluice made it. */
  readonly isSealed: boolean
}

export type MapEntry = readonly [key: string, value: string]

const COHORT_KEY = 'cohort:'

/** Cohorts and pools are words of the runtime API: no space, no semicolon, no backslash can end or split a command. */
export const WORD_PATTERN = /^[A-Za-z0-9_.-]{1,64}$/

/** The key that holds the share of the second pool. */
export function shareKey(pools: readonly [string, string]): string {
  return `share:${pools[1]}`
}

/** The whole map that a wish asks for. */
export function entriesOf(wish: DesiredRouting, pools: readonly [string, string]): readonly MapEntry[] {
  const share = splitOf(wish)[pools[1]] ?? 0
  const pins = pinsOf(wish)
  return [
    [shareKey(pools), String(share)],
    ['fence', `${wish.fence.release}:${wish.fence.epoch}`],
    ['canary', wish.roles.canary],
    ['seal', sealOf(share, pins, wish.roles.canary)],
    ...Object.entries(pins).map(([cohort, pool]): MapEntry => [COHORT_KEY + cohort, pool]),
  ]
}

/** Reads the lines of `show map`: an address, the key, the value. Of a key that stands there twice the first one counts. */
export function parseMapLines(lines: readonly string[]): ReadonlyMap<string, string> {
  const entries = new Map<string, string>()
  for (const line of lines) {
    const [, key = '', ...value] = line.split(' ')
    if (!entries.has(key)) entries.set(key, value.join(' '))
  }
  return entries
}

/** What the entries of a map mean. */
export function readSplitMap(entries: ReadonlyMap<string, string>, pools: readonly [string, string]): SplitMap {
  const share = parseShare(entries.get(shareKey(pools)))
  const canary = entries.get('canary') ?? null
  const pins = Object.fromEntries(
    [...entries]
      .filter(([key]) => key.startsWith(COHORT_KEY))
      .map(([key, pool]) => [key.slice(COHORT_KEY.length), pool]),
  )
  const isSealed = share !== null && canary !== null && entries.get('seal') === sealOf(share, pins, canary)
  return { share, pins, fence: parseFence(entries.get('fence')), canary, isSealed }
}

/** True when the map holds exactly these entries. */
export function holdsExactly(found: ReadonlyMap<string, string>, wanted: readonly MapEntry[]): boolean {
  return found.size === wanted.length && wanted.every(([key, value]) => found.get(key) === value)
}

function parseShare(text: string | undefined): BasisPoints | null {
  if (text === undefined || !/^\d{1,5}$/.test(text)) return null
  const share = Number(text)
  return share <= FULL_WEIGHT ? share : null
}

function parseFence(text: string | undefined): Fence | null {
  const match = /^(\d{1,15}):(\d{1,15})$/.exec(text ?? '')
  return match === null ? null : { release: Number(match[1]), epoch: Number(match[2]) }
}

function sealOf(share: BasisPoints, pins: Readonly<Record<string, string>>, canary: string): string {
  const sorted = Object.entries(pins).sort(([left], [right]) => (left < right ? -1 : 1))
  return createHash('sha256')
    .update(JSON.stringify([share, canary, sorted]))
    .digest('hex')
    .slice(0, 16)
}
