import type { SplitCounts } from '../../src/analysis/judges/split-test.ts'
import type { Random } from '../../src/analysis/statistics/random.ts'
import { WARM_UP_ERRORS } from './warm-up-traffic.ts'

/** Noise of one arm on its own: a log-normal factor per minute with this coefficient of variation and autocorrelation. */
export interface ArmNoise {
  readonly variation: number
  readonly autocorrelation: number
}

/** Traffic of one release, minute by minute. */
export interface ErrorTraffic {
  readonly minutes: number
  readonly requestsPerSecond: number
  /** The canary's share of the requests. */
  readonly canaryShare: (minute: number) => number
  /** The share of errors on stable, which moves for both arms. */
  readonly errorShare: (minute: number) => number
  /** Errors per request on the canary as a multiple of stable's. */
  readonly ratio: number
  /** The same by second of the release, where it changes; on top of `ratio`. */
  readonly ratioAt?: (second: number) => number
  readonly noise: ArmNoise | null
  /** Errors that come in a row, on the same arm and in the same look: a user who fails again and again. 1 when left out. */
  readonly clump?: number
}

export const LOOK_SECONDS = 10
export const LOOKS_PER_MINUTE = 60 / LOOK_SECONDS

const HOUR = {
  minutes: 60,
  requestsPerSecond: 100,
  canaryShare: () => 0.05,
  errorShare: () => 0.005,
  ratio: 1,
  noise: null,
} as const satisfies ErrorTraffic

const LOW: ErrorTraffic = { ...HOUR, minutes: 120, requestsPerSecond: 1 }

const RAMP_SHARES = [0.01, 0.05, 0.1, 0.25, 0.5] as const
const RAMP: ErrorTraffic = {
  ...HOUR,
  minutes: 50,
  canaryShare: (minute) => RAMP_SHARES[Math.floor(minute / 10)] ?? 0.5,
}

/** Noises of the table; `most` are the false alarms that a record is to leave of each. */
export const NOISES = [
  { name: 'cv.5', label: 'CV .5 per minute', variation: 0.5, autocorrelation: 0, most: 0.05 },
  { name: 'cv1', label: 'CV 1 per minute', variation: 1, autocorrelation: 0, most: 0.05 },
  { name: 'cv.5-ar.8', label: 'CV .5, AR .8', variation: 0.5, autocorrelation: 0.8, most: 0.1 },
  { name: 'cv.5-ar.95', label: 'CV .5, AR .95', variation: 0.5, autocorrelation: 0.95, most: 0.15 },
] as const satisfies readonly (ArmNoise & { readonly name: string; readonly label: string; readonly most: number })[]

type NoisyScenario = `${(typeof NOISES)[number]['name']}-${'flat' | 'to-2'}`

const SCENARIOS = {
  flat: HOUR,
  drift: { ...HOUR, errorShare: (minute: number) => 0.005 * (1 + 0.8 * Math.sin((2 * Math.PI * minute) / 60)) },
  'flat-to-1': { ...HOUR, ratio: 2 },
  'flat-to-2': { ...HOUR, ratio: 4 },
  'flat-to-5': { ...HOUR, ratio: 10 },
  'small-to-2': { ...HOUR, requestsPerSecond: 10, ratio: 4 },
  'small-to-5': { ...HOUR, requestsPerSecond: 10, ratio: 10 },
  'half-to-1': { ...HOUR, canaryShare: () => 0.5, ratio: 2 },
  ramp: RAMP,
  'ramp-drift': { ...RAMP, errorShare: (minute: number) => 0.003 + (0.007 * minute) / 50 },
  'ramp-incident': { ...RAMP, errorShare: (minute: number) => (minute < 40 ? 0.005 : 0.03) },
  'ramp-worse': { ...RAMP, ratio: 2 },
  'clumps-5': { ...HOUR, clump: 5 },
  'clumps-20': { ...HOUR, clump: 20 },
  'clumps-5-to-2': { ...HOUR, clump: 5, ratio: 4 },
  'clumps-20-to-5': { ...HOUR, clump: 20, ratio: 10 },
  'clumps-20-ramp': { ...RAMP, clump: 20 },
  'cv.3-flat': { ...HOUR, noise: { variation: 0.3, autocorrelation: 0 } },
  'low-flat': LOW,
  'low-to-5': { ...LOW, ratio: 10 },
  'low-to-50': { ...LOW, ratio: 100 },
  'low-half-flat': { ...LOW, canaryShare: () => 0.5 },
  'low-half-to-5': { ...LOW, canaryShare: () => 0.5, ratio: 10 },
  'late-to-2': { ...HOUR, minutes: 120, ratio: 4, ratioAt: (second: number) => (second < 3_600 ? 0.25 : 1) },
} as const satisfies Record<string, ErrorTraffic>

export type ErrorScenario = keyof typeof SCENARIOS | keyof typeof WARM_UP_ERRORS | NoisyScenario

export const ERROR_SCENARIOS: Readonly<Record<string, ErrorTraffic>> = {
  ...SCENARIOS,
  ...WARM_UP_ERRORS,
  ...Object.fromEntries(
    NOISES.flatMap((noise) => [
      [`${noise.name}-flat`, { ...HOUR, noise }],
      [`${noise.name}-to-2`, { ...HOUR, ratio: 4, noise }],
    ]),
  ),
}

/** What a look shows. */
export interface TrafficLook {
  readonly share: number
  readonly counts: SplitCounts
}

/** The looks of one release, drawn one after the other: requests are Poisson, errors binomial. */
export function* drawLooks(traffic: ErrorTraffic, random: Random): Generator<TrafficLook> {
  const canaryNoise = armNoise(traffic.noise, random)
  const stableNoise = armNoise(traffic.noise, random)
  for (let minute = 0; minute < traffic.minutes; minute += 1) {
    const canaryShare = traffic.errorShare(minute) * traffic.ratio * canaryNoise()
    const stableErrors = Math.min(1, traffic.errorShare(minute) * stableNoise())
    const requests = traffic.requestsPerSecond * LOOK_SECONDS
    for (let look = 0; look < LOOKS_PER_MINUTE; look += 1) {
      const share = traffic.canaryShare(minute)
      const ratio = traffic.ratioAt?.(minute * 60 + look * LOOK_SECONDS) ?? 1
      const canaryErrors = Math.min(1, canaryShare * ratio)
      const canaryTrials = random.poisson(requests * share)
      const stableTrials = random.poisson(requests * (1 - share))
      const canaryEvents = drawErrors(canaryTrials, canaryErrors, traffic.clump ?? 1, random)
      const stableEvents = drawErrors(stableTrials, stableErrors, traffic.clump ?? 1, random)
      yield { share, counts: { canaryEvents, canaryTrials, stableEvents, stableTrials } }
    }
  }
}

function drawErrors(trials: number, share: number, clump: number, random: Random): number {
  if (clump === 1) return random.binomial(trials, share)
  return Math.min(trials, clump * random.poisson((trials * share) / clump))
}

/** The next minute's factor of one arm: log-normal with mean 1, its logarithm a stationary first-order autoregression. */
function armNoise(noise: ArmNoise | null, random: Random): () => number {
  if (noise === null) return () => 1
  const variance = Math.log1p(noise.variation ** 2)
  const fresh = Math.sqrt(variance * (1 - noise.autocorrelation ** 2))
  let log = Math.sqrt(variance) * random.normal()
  return () => {
    const factor = Math.exp(log - variance / 2)
    log = noise.autocorrelation * log + fresh * random.normal()
    return factor
  }
}
