import { calibrate } from '../../src/analysis/calibration/calibrate.ts'
import { createRandom } from '../../src/analysis/statistics/random.ts'
import { recordedStableOf } from '../../src/analysis/traffic/record-noise.ts'
import { drawLooks, ERROR_SCENARIOS, LOOK_SECONDS, LOOKS_PER_MINUTE } from './error-traffic.ts'
import { sequentialRule } from './our-judge.ts'

/** The tolerance that calibration proposes for a scenario, or null when none of those it tries keeps the budget. */
export type Proposal = { readonly notWorseThan: number; readonly alpha: number } | null

const DAY_MINUTES = 24 * 60
const ALPHA = 0.05
const LOOK = LOOK_SECONDS * 1_000
/** So many times worse a canary may be: a proposal is chosen by how soon it sees that. */
const EFFECTS = [2, 4]

/**
 * What a team does before its first release: a day of stable alone is recorded (with this scenario's noise, but other
 * numbers than any release of the benchmark sees), and releases of nothing are replayed from it.
 */
export function calibrateOn(scenario: string, seed: number, replays: number): Proposal {
  const traffic = ERROR_SCENARIOS[scenario]
  if (traffic === undefined) throw new Error(`there is no scenario ${scenario}`)
  const random = createRandom(seed)
  const day = drawLooks({ ...traffic, minutes: DAY_MINUTES, canaryShare: () => 0, ratio: 1 }, random)
  const counted = Array.from(day, ({ counts }) => ({
    requests: counts.stableTrials,
    errors: counts.stableEvents,
    latency: null,
    events: {},
  }))
  const record = counted.map((counts) => ({ duration: LOOK, shards: [counts] }))
  const windows = counted.map((counts, look) => ({ start: look * LOOK, end: (look + 1) * LOOK, counts }))
  const weights = Array.from({ length: traffic.minutes * LOOKS_PER_MINUTE }, (_, look) =>
    Math.round(10_000 * traffic.canaryShare(Math.floor(look / LOOKS_PER_MINUTE))),
  )
  const recorded = recordedStableOf(windows)
  const check = { kind: 'errorRate', name: 'errors', source: 'bench', rule: sequentialRule(ALPHA, 1) } as const
  const { proposed } = calibrate({
    check,
    record,
    weights,
    effects: EFFECTS,
    replays,
    recorded,
    random: () => random.uniform(),
  })
  return proposed === null ? null : { notWorseThan: proposed.notWorseThan, alpha: proposed.alpha }
}
