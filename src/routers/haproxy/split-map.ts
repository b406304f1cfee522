import { createHash } from 'node:crypto'
import type { Fence } from '../../domain/exposure.ts'
import { type BasisPoints, FULL_WEIGHT } from '../../domain/units.ts'
import { type DesiredRouting, pinsOf, splitOf } from '../router.ts'
import { MATCH_KEY, type MapEntry, TICKET_KEY } from './target-entries.ts'

export type { MapEntry }

/**
 * What the map of one target says. It holds, one per line:
 *
 * - `share:<second pool>`: that pool's share in basis points
 * - `cohort:<name>`: the pool the cohort is pinned to
 * - `fence`: `<release>:<epoch>` of the last write
 * - `canary`: the pool that was the canary in the last write
 * - `is:<where>:<value>`: the pool of who has this value there, and `try:…`: whose tickets are let in; see `target-entries.ts`
 * - `seal`: a digest of share, cohorts, canary and these as they were written, which a change by another hand breaks
 */
export interface SplitMap {
  /** Share of the second pool, or null when the map has none that is a whole number from 0 to 10000. */
  readonly share: BasisPoints | null
  readonly pins: Readonly<Record<string, string>>
  /** The entries by which HAProxy finds the people of cohorts, and the owners of tickets, by itself. */
  readonly targeting: Readonly<Record<string, string>>
  readonly fence: Fence | null
  readonly canary: string | null
  /** True when the content is what the last write through Sluice made it. */
  readonly isSealed: boolean
  /** What another hand has left behind that is not in force yet but could come in force, as a sentence; null when nothing. */
  readonly flaw: string | null
}

/** A map whose share can be read. */
export interface UsableMap extends SplitMap {
  readonly share: BasisPoints
}

const COHORT_KEY = 'cohort:'
const SHARE_KEY = 'share:'

/** Cohorts and pools are words of the runtime API: no space, no semicolon, no backslash can end or split a command. */
export const WORD_PATTERN = /^[A-Za-z0-9_.-]{1,64}$/

/** The key that holds the share of the second pool. */
export function shareKey(pools: readonly [string, string]): string {
  return `${SHARE_KEY}${pools[1]}`
}

/** The whole map that a wish asks for. */
export function entriesOf(
  wish: DesiredRouting,
  pools: readonly [string, string],
  targeting: readonly MapEntry[] = [],
): readonly MapEntry[] {
  const share = splitOf(wish)[pools[1]] ?? 0
  const pins = pinsOf(wish)
  return [
    [shareKey(pools), String(share)],
    ['fence', `${wish.fence.release}:${wish.fence.epoch}`],
    ['canary', wish.roles.canary],
    ['seal', sealOf(share, pins, wish.roles.canary, Object.fromEntries(targeting))],
    ...Object.entries(pins).map(([cohort, pool]): MapEntry => [COHORT_KEY + cohort, pool]),
    ...targeting,
  ]
}

/** Reads the lines of `show map`: an address, the key, the value. Answers with the first line that is none of these. */
export function parseMapLines(
  lines: readonly string[],
): { readonly ok: true; readonly entries: readonly MapEntry[] } | { readonly ok: false; readonly line: string } {
  const entries: MapEntry[] = []
  for (const line of lines) {
    const [, key, value = ''] = /^0x[0-9a-f]+ (\S+)(?: (.*))?$/.exec(line) ?? []
    if (key === undefined) return { ok: false, line }
    entries.push([key, value])
  }
  return { ok: true, entries }
}

/** What the entries of a map mean. */
export function readSplitMap(entries: readonly MapEntry[], pools: readonly [string, string]): SplitMap {
  const inForce = inForceOf(entries)
  const share = parseShare(inForce.get(shareKey(pools)))
  const canary = inForce.get('canary') ?? null
  const pins = Object.fromEntries(
    entries.flatMap(([key]) =>
      key.startsWith(COHORT_KEY) ? [[key.slice(COHORT_KEY.length), inForce.get(key) ?? '']] : [],
    ),
  )
  const targeting = Object.fromEntries([...inForce].filter(([key]) => isTargeting(key)))
  const isSealed = share !== null && canary !== null && inForce.get('seal') === sealOf(share, pins, canary, targeting)
  return {
    share,
    pins,
    targeting,
    fence: parseFence(inForce.get('fence')),
    canary,
    isSealed,
    flaw: flawOf(entries, inForce),
  }
}

/** True when the map holds exactly these entries. */
export function holdsExactly(found: readonly MapEntry[], wanted: readonly MapEntry[]): boolean {
  const values = new Map(found)
  return found.length === wanted.length && wanted.every(([key, value]) => values.get(key) === value)
}

/** True when HAProxy goes by these entries, and by no other that pins anybody. */
export function isInForce(found: readonly MapEntry[], wanted: readonly MapEntry[]): boolean {
  const values = inForceOf(found)
  const cohorts = (keys: Iterable<string>) =>
    [...keys].filter((key) => key.startsWith(COHORT_KEY) || isTargeting(key)).length
  const isAll = wanted.every(([key, value]) => values.get(key) === value)
  return isAll && cohorts(values.keys()) === cohorts(new Map(wanted).keys())
}

/** Of a key that stands there twice HAProxy goes by the first one. */
function inForceOf(entries: readonly MapEntry[]): ReadonlyMap<string, string> {
  return new Map(entries.toReversed())
}

/** True for entries by which HAProxy finds people by itself. */
function isTargeting(key: string): boolean {
  return key.startsWith(MATCH_KEY) || key.startsWith(TICKET_KEY)
}

/** What the map says about the share of the second pool, for a person. */
export function describeShare(entries: readonly MapEntry[], pools: readonly [string, string]): string {
  const own = entries.find(([key]) => key === shareKey(pools))
  if (own !== undefined) return `the value ${own[1].slice(0, 80)}`
  const others = entries.filter(([key]) => key.startsWith(SHARE_KEY)).map(([key]) => key.slice(0, 80))
  return others.length === 0 ? 'none' : `none, but ${others.join(', ')}`
}

function flawOf(entries: readonly MapEntry[], inForce: ReadonlyMap<string, string>): string | null {
  const hidden = entries.find(([key, value]) => inForce.get(key) !== value)
  if (hidden === undefined) return null
  const [key, value] = hidden.map((word) => word.slice(0, 80))
  return `the map holds ${key} twice: ${inForce.get(hidden[0])?.slice(0, 80)}, which counts, and ${value}`
}

/** The highest number of 15 digits. */
const HIGHEST = 999_999_999_999_999

function parseShare(text: string | undefined): BasisPoints | null {
  if (text === undefined || !/^\d{1,5}$/.test(text)) return null
  const share = Number(text)
  return share <= FULL_WEIGHT ? share : null
}

/** A fence above which there is no other is none: nobody could ever take the router over from it. */
function parseFence(text: string | undefined): Fence | null {
  const match = /^(\d{1,15}):(\d{1,15})$/.exec(text ?? '')
  const epoch = Number(match?.[2])
  return match === null || epoch === HIGHEST ? null : { release: Number(match[1]), epoch }
}

function sealOf(
  share: BasisPoints,
  pins: Readonly<Record<string, string>>,
  canary: string,
  targeting: Readonly<Record<string, string>>,
): string {
  const sortedOf = (record: Readonly<Record<string, string>>) =>
    Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1))
  // Where there are none the seal is that of a version that knew none.
  const rest = Object.keys(targeting).length === 0 ? [] : [sortedOf(targeting)]
  return createHash('sha256')
    .update(JSON.stringify([share, canary, sortedOf(pins), ...rest]))
    .digest('hex')
    .slice(0, 16)
}
