import { createRandom } from '../../src/analysis/statistics/random.ts'
import { BUDGET_SCENARIOS } from './budget-tables.ts'
import { isErrorRule } from './error-rules.ts'
import { ERROR_SCENARIOS } from './error-traffic.ts'
import { isFullRule } from './full-rules.ts'
import { FULL_SCENARIOS } from './full-traffic.ts'
import { isLatencyRule } from './latency-rules.ts'
import { LATENCY_SCENARIOS } from './latency-traffic.ts'
import { judgeErrors, simulateErrors } from './simulate-errors.ts'
import { simulateFull } from './simulate-full.ts'
import { judgeLatencies, simulateLatency } from './simulate-latency.ts'
import { isRampRule, simulateRamp } from './simulate-ramp.ts'
import { isSplitRule, judgeSplits } from './split-rules.ts'
import { drawUserErrors, drawUserLatencies, USER_SCENARIOS, type UserTraffic } from './user-traffic.ts'
import { WARM_UP_LATENCY } from './warm-up-traffic.ts'

/** Releases `from` (inclusive) to `to` (exclusive) of one scenario, each judged by all these rules. Plain JSON. */
export interface Batch {
  readonly scenario: string
  readonly rules: readonly string[]
  readonly seed: number
  readonly from: number
  readonly to: number
}

/** Minutes to the rollback, per rule and release; Infinity for none. */
export type Alarms = readonly (readonly number[])[]

/** Release n of a scenario is the same for every rule and every batching: its seed is made of these three alone. */
export function simulate({ scenario, rules, seed, from, to }: Batch): Alarms {
  const run = simulatorOf(scenario, rules)
  const runs = Array.from({ length: to - from }, (_, index) => run(createRandom(seedOf(seed, scenario, from + index))))
  return rules.map((_, position) => runs.map((alarms) => alarms[position] ?? Number.POSITIVE_INFINITY))
}

function simulatorOf(
  scenario: string,
  rules: readonly string[],
): (random: ReturnType<typeof createRandom>) => readonly number[] {
  const errors = ERROR_SCENARIOS[scenario]
  if (errors !== undefined) {
    const known = exactly(rules.filter(isErrorRule), rules)
    return (random) => simulateErrors(errors, known, random)
  }
  const full = FULL_SCENARIOS[scenario]
  if (full !== undefined) {
    const known = exactly(rules.filter(isFullRule), rules)
    return (random) => simulateFull(full, known, random)
  }
  const budget = BUDGET_SCENARIOS[scenario]
  if (budget !== undefined) {
    const known = exactly(rules.filter(isRampRule), rules)
    return (random) => simulateRamp(budget, known, random)
  }
  const users = USER_SCENARIOS[scenario]
  if (users !== undefined) return simulatorOfUsers(users, rules)
  const latency = LATENCY_SCENARIOS[scenario] ?? new Map(Object.entries(WARM_UP_LATENCY)).get(scenario)
  if (latency === undefined) throw new Error(`there is no scenario ${scenario}`)
  const known = exactly(rules.filter(isLatencyRule), rules)
  return (random) => simulateLatency(latency, known, random)
}

function simulatorOfUsers(users: UserTraffic, rules: readonly string[]): ReturnType<typeof simulatorOf> {
  switch (users.what) {
    case 'errors': {
      const known = exactly(rules.filter(isErrorRule), rules)
      return (random) => judgeErrors(drawUserErrors(users, random), known)
    }
    case 'latency': {
      const known = exactly(rules.filter(isLatencyRule), rules)
      return (random) => judgeLatencies(drawUserLatencies(users, random), known)
    }
    case 'split': {
      const known = exactly(rules.filter(isSplitRule), rules)
      return (random) => judgeSplits(drawUserErrors(users, random), known)
    }
  }
}

function exactly<T extends string>(known: readonly T[], wanted: readonly string[]): readonly T[] {
  if (known.length === wanted.length) return known
  throw new Error(`not all of these are rules for the scenario: ${wanted.join(', ')}`)
}

function seedOf(seed: number, scenario: string, run: number): number {
  let hash = 2_166_136_261
  for (const letter of scenario) hash = Math.imul(hash ^ letter.charCodeAt(0), 16_777_619)
  return ((seed * 1_000_003 + (hash >>> 0)) % 4_294_967_296) * 1_048_576 + run
}
