import { FULL_WEIGHT, type BasisPoints } from '../../domain/units.ts'
import { SluiceError } from '../../domain/errors.ts'
import { compareFences, type Fence } from '../../domain/exposure.ts'
import type { ObservedRouting } from '../router.ts'
import type { NodeState } from './node.ts'
import { describeAddress } from './runtime-api.ts'
import { shareKey, type SplitMap } from './split-map.ts'

/**
 * Puts the states of all nodes together. While they agree, that is what they say. When they do not, it is what the node
 * says that departs from the newest write (of several, the one with most users on the canary), so that a reader who
 * compares with its wish never takes a fleet for right that is right only in parts. Nodes that disagree before Sluice
 * ever wrote to them are reported as their average, which is never a clear baseline.
 */
export function combineNodes(states: readonly NodeState[], pools: readonly [string, string]): ObservedRouting {
  const told = states.map((state) => ({ ...state.map, share: shareOf(state, pools) }))
  const fence = newestFence(told.map((map) => map.fence))
  const reported = told.every((map) => isSameRouting(map, told[0])) ? told[0] : departing(told, fence, pools)
  const share = reported?.share ?? averageShare(told)
  return {
    split: { [pools[0]]: FULL_WEIGHT - share, [pools[1]]: share },
    cohorts: reported?.pins ?? {},
    fence,
    incarnation: states.map((state) => `${describeAddress(state.address)}=${state.incarnation}`).join(' '),
    served: Object.fromEntries(pools.map((pool) => [pool, sum(states.map((state) => state.served[pool] ?? 0))])),
  }
}

/** The newest of these fences, or null when all are null. */
export function newestFence(fences: readonly (Fence | null)[]): Fence | null {
  return fences.reduce((left, right) => {
    if (left === null || right === null) return left ?? right
    return compareFences(left, right) >= 0 ? left : right
  }, null)
}

/** One error for several nodes: of the kind that most needs a person, and it says how many of how many failed. */
export function combineFailures(failures: readonly unknown[], nodes: number): unknown {
  const known = failures.filter((failure) => failure instanceof SluiceError)
  const worst = known.toSorted((left, right) => Number(left.isRetryable) - Number(right.isRetryable))[0]
  if (worst === undefined || nodes === 1 || known.length < failures.length) return worst ?? failures[0]
  return new SluiceError(worst.code, {
    message: `${failures.length} of ${nodes} HAProxy nodes failed. ${known.map((failure) => failure.message).join(' ')}`,
    ...(worst.expected === undefined ? {} : { expected: worst.expected }),
    ...(worst.received === undefined ? {} : { received: worst.received }),
    ...(worst.fix === undefined ? {} : { fix: worst.fix }),
    cause: worst,
  })
}

type ToldMap = SplitMap & { readonly share: BasisPoints }

function shareOf(state: NodeState, pools: readonly [string, string]): BasisPoints {
  if (state.map.share !== null) return state.map.share
  throw new SluiceError('router.misconfigured', {
    message: `The map of HAProxy at ${describeAddress(state.address)} has no usable share.`,
    expected: `the key ${shareKey(pools)} with a whole number from 0 to ${FULL_WEIGHT}`,
    received: 'none, or another value',
    fix: `Put the line \`${shareKey(pools)} 0\` into the map file and reload HAProxy.`,
  })
}

function departing(
  maps: readonly ToldMap[],
  fence: Fence | null,
  pools: readonly [string, string],
): ToldMap | undefined {
  const newest = maps.find((map) => fence !== null && map.fence !== null && compareFences(map.fence, fence) === 0)
  if (newest === undefined || newest.canary === null) return undefined
  const right = maps.find((map) => map.isSealed && isSameFence(map.fence, fence))
  const departed = maps.filter((map) => right === undefined || !isSameRouting(map, right))
  const onCanary = (map: ToldMap) => (newest.canary === pools[1] ? map.share : FULL_WEIGHT - map.share)
  return departed.toSorted((left, other) => onCanary(other) - onCanary(left))[0]
}

function averageShare(maps: readonly ToldMap[]): BasisPoints {
  const average = Math.round(sum(maps.map((map) => map.share)) / maps.length)
  return Math.min(FULL_WEIGHT - 1, Math.max(1, average))
}

function isSameFence(left: Fence | null, right: Fence | null): boolean {
  return left !== null && right !== null && compareFences(left, right) === 0
}

function isSameRouting(left: SplitMap, right: SplitMap | undefined): boolean {
  if (right === undefined || left.share !== right.share) return false
  const cohorts = Object.keys(left.pins)
  const isSameSize = cohorts.length === Object.keys(right.pins).length
  return isSameSize && cohorts.every((cohort) => left.pins[cohort] === right.pins[cohort])
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
