import type { Random } from '../../src/analysis/statistics/random.ts'
import { LOOK_SECONDS, LOOKS_PER_MINUTE, type TrafficLook } from './error-traffic.ts'
import { drawBin, FINE_BINS, LATENCY_LOOK_SECONDS } from './latency-traffic.ts'

/** A service with few users, who keep their version and ask unevenly. */
export interface UserTraffic {
  readonly what: 'errors' | 'latency' | 'split'
  readonly users: number
  /** Coefficient of variation of the users' own share of errors, or of their own latency: log-normal, mean 1. */
  readonly variation: number
  /** Errors of the canary as a multiple of stable's, or that its requests never arrive (0, `split` only). */
  readonly ratio: number
}

/** The weight, which is a share of users. */
export const USER_WEIGHT = 0.2
const MINUTES = 60
const REQUESTS_PER_SECOND = 100
const ERROR_SHARE = 0.005
const LATENCY_REQUESTS_PER_SECOND = 10
const LATENCY_VARIATION = 0.3
/** A user asks for so long, and then does not for as long, in the mean. */
const AWAKE_MINUTES = 20

const COUNTS = [40, 200] as const
const entries = COUNTS.flatMap((users): [string, UserTraffic][] => {
  const same = { users, variation: 0, ratio: 1 }
  return [
    [`users-${users}-errors-same`, { ...same, what: 'errors' }],
    [`users-${users}-errors-to-2`, { ...same, what: 'errors', ratio: 4 }],
    [`users-${users}-errors-own`, { ...same, what: 'errors', variation: 0.5 }],
    [`users-${users}-latency-same`, { ...same, what: 'latency' }],
    [`users-${users}-latency-own`, { ...same, what: 'latency', variation: LATENCY_VARIATION }],
    [`users-${users}-split`, { ...same, what: 'split' }],
    [`users-${users}-split-none`, { ...same, what: 'split', ratio: 0 }],
  ]
})

export const USER_SCENARIOS: Readonly<Record<string, UserTraffic>> = Object.fromEntries(entries)

interface User {
  /** Share of all requests while everybody is awake, by Zipf's law. */
  readonly activity: number
  readonly isCanary: boolean
  readonly factor: number
  isAwake: boolean
}

function drawUsers({ users, variation }: UserTraffic, random: Random): readonly User[] {
  const all = Array.from({ length: users }, (_, rank) => 1 / (rank + 1)).reduce((sum, one) => sum + one, 0)
  const variance = Math.log1p(variation ** 2)
  return Array.from({ length: users }, (_, rank) => ({
    // Half of them sleep at any time: those who do not ask twice as much.
    activity: 2 / (rank + 1) / all,
    isCanary: random.uniform() < USER_WEIGHT,
    factor: Math.exp(Math.sqrt(variance) * random.normal() - variance / 2),
    isAwake: random.uniform() < 0.5,
  }))
}

function turn(users: readonly User[], minutes: number, random: Random): void {
  const share = 1 - Math.exp(-minutes / AWAKE_MINUTES)
  for (const user of users) if (random.uniform() < share) user.isAwake = !user.isAwake
}

/** Those who are awake; where they differ in nothing but how much they ask, one for each arm stands for them all. */
function askersOf(users: readonly User[], { variation }: UserTraffic): readonly Omit<User, 'isAwake'>[] {
  const awake = users.filter(({ isAwake }) => isAwake)
  if (variation > 0) return awake
  return [true, false].map((isCanary) => {
    const own = awake.filter((user) => user.isCanary === isCanary)
    return { isCanary, factor: 1, activity: own.reduce((sum, { activity }) => sum + activity, 0) }
  })
}

/** The looks of one release: requests follow the users, errors are binomial with each user's own share. */
export function* drawUserErrors(traffic: UserTraffic, random: Random): Generator<TrafficLook> {
  const users = drawUsers(traffic, random)
  for (let look = 0; look < MINUTES * LOOKS_PER_MINUTE; look += 1) {
    const counts = { canaryEvents: 0, canaryTrials: 0, stableEvents: 0, stableTrials: 0 }
    for (const { activity, isCanary, factor } of askersOf(users, traffic)) {
      const requests = random.poisson(REQUESTS_PER_SECOND * LOOK_SECONDS * activity)
      const own = ERROR_SHARE * factor
      if (!isCanary || traffic.ratio === 0) {
        counts.stableTrials += requests
        counts.stableEvents += random.binomial(requests, own)
      } else {
        counts.canaryTrials += requests
        counts.canaryEvents += random.binomial(requests, Math.min(1, own * traffic.ratio))
      }
    }
    turn(users, LOOK_SECONDS / 60, random)
    yield { share: USER_WEIGHT, counts }
  }
}

/** One look after the other: every user has a latency of its own. */
export function drawUserLatencies(
  traffic: UserTraffic,
  random: Random,
): () => { readonly canary: Uint32Array; readonly stable: Uint32Array } {
  const users = drawUsers(traffic, random)
  return () => {
    const arms = { canary: new Uint32Array(FINE_BINS), stable: new Uint32Array(FINE_BINS) }
    for (const { activity, isCanary, factor } of askersOf(users, traffic)) {
      const arm = isCanary ? arms.canary : arms.stable
      const requests = random.poisson(LATENCY_REQUESTS_PER_SECOND * LATENCY_LOOK_SECONDS * activity)
      for (let request = 0; request < requests; request += 1) {
        const bin = drawBin(factor, random)
        arm[bin] = (arm[bin] ?? 0) + 1
      }
    }
    turn(users, LATENCY_LOOK_SECONDS / 60, random)
    return arms
  }
}
