import type { ErrorTraffic } from './error-traffic.ts'
import type { Slowness } from './latency-traffic.ts'

/** Good releases whose canary is worse while it warms up, and bad ones that the warm-up makes harder to see. */

const WARM_UP_SECONDS = 60
const STEP_MINUTES = 10

const FRESH: ErrorTraffic = {
  minutes: 60,
  requestsPerSecond: 100,
  canaryShare: () => 0.05,
  errorShare: () => 0.005,
  ratio: 1,
  noise: null,
}

const RAMP_SHARES = [0.01, 0.05, 0.1, 0.25, 0.5] as const

export const WARM_UP_ERRORS = {
  'warm-up-errors': { ...FRESH, ratioAt: (second: number) => (second < WARM_UP_SECONDS ? 5 : 1) },
  'warm-up-ramp': {
    ...FRESH,
    minutes: STEP_MINUTES * RAMP_SHARES.length,
    canaryShare: (minute: number) => RAMP_SHARES[Math.floor(minute / STEP_MINUTES)] ?? 0.5,
    ratioAt: (second: number) => (second % (STEP_MINUTES * 60) < 30 ? 3 : 1),
  },
  /** Errors that rise to four times as many within ten minutes, from the first request on. */
  'slow-rise': { ...FRESH, ratioAt: (second: number) => 1 + 3 * Math.min(1, second / 600) },
} as const satisfies Record<string, ErrorTraffic>

/** Slowness by second of the release; requests per second of each arm. */
export interface LatencyWarmUp {
  readonly slownessAt: (second: number) => Slowness
  readonly canaryPerSecond: number
  readonly stablePerSecond: number
}

const AS_FAST: Slowness = { share: 0, factor: 1 }

export const WARM_UP_LATENCY = {
  'latency-warm-up': {
    slownessAt: (second: number) => (second < WARM_UP_SECONDS ? { share: 1, factor: 3 } : AS_FAST),
    ...{ canaryPerSecond: 20, stablePerSecond: 80 },
  },
  /** Every request slower by up to a half within ten minutes. */
  'latency-slow-rise': {
    slownessAt: (second: number) => ({ share: 1, factor: 1 + 0.5 * Math.min(1, second / 600) }),
    ...{ canaryPerSecond: 20, stablePerSecond: 80 },
  },
} as const satisfies Record<string, LatencyWarmUp>
