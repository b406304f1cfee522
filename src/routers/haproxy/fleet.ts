import { SluiceError } from '../../domain/errors.ts'
import { compareFences, type Fence } from '../../domain/exposure.ts'
import { fenceOf, withMessage } from '../../domain/fenced-error.ts'
import type { PoolHealth } from '../../domain/release/pool-health.ts'
import { type BasisPoints, FULL_WEIGHT } from '../../domain/units.ts'
import type { ObservedRouting } from '../router.ts'
import type { NodeState } from './node.ts'
import { describeAddress } from './runtime-api.ts'
import type { SplitMap, UsableMap } from './split-map.ts'
import { ticketsIn } from './target-entries.ts'

/**
 * Puts the states of all nodes together. While they agree, that is what they say. When they do not, it is what the node
 * says that departs from the newest write (of several, the one with most users on the canary), so that a reader who
 * compares with its wish never takes a fleet for right that is right only in parts. Nodes that disagree before Sluice
 * ever wrote to them are reported as their average, which is never a clear baseline.
 */
export function combineNodes(
  states: readonly NodeState[],
  pools: readonly [string, string],
  flawOf: (map: SplitMap) => string | null = () => null,
): ObservedRouting {
  const told = states.map((state) => state.map)
  const fence = newestFence(told.map((map) => map.fence))
  const reported = told.every((map) => isSameRouting(map, told[0])) ? told[0] : departing(told, fence, pools)
  const share = reported?.share ?? averageShare(told)
  return {
    split: { [pools[0]]: FULL_WEIGHT - share, [pools[1]]: share },
    cohorts: reported?.pins ?? {},
    fence,
    tickets: reported === undefined ? null : (ticketsIn(reported.targeting)?.release ?? null),
    flaw: told.map((map) => map.flaw ?? flawOf(map)).find((flaw) => flaw !== null) ?? null,
    incarnation: states.map((state) => `${describeAddress(state.address)}=${state.incarnation}`).join(' '),
    served: Object.fromEntries(pools.map((pool) => [pool, sum(states.map((state) => state.served[pool] ?? 0))])),
  }
}

/** The health of a pool as the node sees it that sees the fewest of it: each of them sends users there. */
export function combineHealth(
  nodes: readonly Readonly<Record<string, PoolHealth>>[],
  pools: readonly string[],
): Readonly<Record<string, PoolHealth>> {
  const shareOf = ({ ready, total }: PoolHealth) => (total === 0 ? 0 : ready / total)
  return Object.fromEntries(
    pools.flatMap((pool) => {
      const seen = nodes.flatMap((node) => node[pool] ?? [])
      const [worst] = seen.toSorted((left, right) => shareOf(left) - shareOf(right))
      return worst === undefined ? [] : [[pool, worst] as const]
    }),
  )
}

/** The newest of these fences, or null when all are null. */
export function newestFence(fences: readonly (Fence | null)[]): Fence | null {
  return fences.reduce((left, right) => {
    if (left === null || right === null) return left ?? right
    return compareFences(left, right) >= 0 ? left : right
  }, null)
}

/**
 * One error for several nodes: a fence that is newer, then a permit that is over, then what most needs a person. It says
 * how many of how many nodes failed, and what has come of the others.
 */
export function combineFailures(failures: readonly unknown[], nodes: number, others: string): unknown {
  const known = failures.filter((failure) => failure instanceof SluiceError)
  const unknown = failures.find((failure) => !(failure instanceof SluiceError))
  const worst = known.toSorted((left, right) => rank(left) - rank(right) || newestFirst(left, right))[0]
  if (unknown !== undefined || worst === undefined || nodes === 1) return unknown ?? worst
  const rest = failures.length < nodes ? `, the others ${others}` : ''
  const said = known.map(({ message, received }) => (received === undefined ? message : `${message} (${received})`))
  return withMessage(worst, `${failures.length} of ${nodes} HAProxy nodes failed${rest}: ${said.join('; ')}`)
}

function newestFirst(left: SluiceError, right: SluiceError): number {
  const [one, other] = [fenceOf(left), fenceOf(right)]
  return one === null || other === null ? 0 : compareFences(other, one)
}

function rank(error: SluiceError): number {
  if (error.code === 'router.fenced') return 0
  if (error.code === 'router.stale-write') return 1
  return error.isRetryable ? 3 : 2
}

function departing(
  maps: readonly UsableMap[],
  fence: Fence | null,
  pools: readonly [string, string],
): UsableMap | undefined {
  const newest = maps.find((map) => fence !== null && map.fence !== null && compareFences(map.fence, fence) === 0)
  if (newest === undefined || newest.canary === null) return undefined
  const right = maps.find((map) => map.isSealed && isSameFence(map.fence, fence))
  const departed = maps.filter((map) => right === undefined || !isSameRouting(map, right))
  const onCanary = (map: UsableMap) => (newest.canary === pools[1] ? map.share : FULL_WEIGHT - map.share)
  return departed.toSorted((left, other) => onCanary(other) - onCanary(left))[0]
}

function averageShare(maps: readonly UsableMap[]): BasisPoints {
  const average = Math.round(sum(maps.map((map) => map.share)) / maps.length)
  return Math.min(FULL_WEIGHT - 1, Math.max(1, average))
}

function isSameFence(left: Fence | null, right: Fence | null): boolean {
  return left !== null && right !== null && compareFences(left, right) === 0
}

function isSameRouting(left: SplitMap, right: SplitMap | undefined): boolean {
  if (right === undefined || left.share !== right.share) return false
  return isSameRecord(left.pins, right.pins) && isSameRecord(left.targeting, right.targeting)
}

function isSameRecord(left: Readonly<Record<string, string>>, right: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(left)
  return keys.length === Object.keys(right).length && keys.every((key) => left[key] === right[key])
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
