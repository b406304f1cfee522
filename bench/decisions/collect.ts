import type { Goal } from './goals.ts'
import { runJobs } from './pool.ts'
import { type Results, type RuleResult, summarise } from './results.ts'
import type { Batch } from './sample.ts'
import { CALIBRATED_SCENARIOS, type Cell, type Proposals, type Table } from './tables.ts'

/** How many releases are simulated per rule. */
export interface Effort {
  readonly errors: number
  /** For rules that cost much more than the others. */
  readonly kayenta: number
  readonly latency: number
  /** For the one latency figure that must be exact: false alarms of ours. */
  readonly latencyFalse: number
  /** Releases of a service with so little traffic that each takes two hours. */
  readonly low: number
  /** Whole releases by one plan. */
  readonly ramps: number
  /** Releases with few users. */
  readonly users: number
  /** Weeks of watching a version that everybody is on, and changes in one. */
  readonly weeks: number
  readonly changes: number
  /** Replays per calibration. */
  readonly replays: number
}

export const FULL: Effort = {
  errors: 2_000,
  kayenta: 300,
  latency: 300,
  latencyFalse: 1_000,
  low: 600,
  ramps: 1_000,
  users: 200,
  weeks: 52,
  changes: 20,
  replays: 200,
}
export const QUICK: Effort = {
  errors: 120,
  kayenta: 30,
  latency: 12,
  latencyFalse: 30,
  low: 60,
  ramps: 12,
  users: 12,
  weeks: 2,
  changes: 2,
  replays: 20,
}

const BATCH = 25

/** What calibration proposes for the scenarios of good releases. */
export async function collectProposals(effort: Effort, seed: number, threads: number): Promise<Proposals> {
  const jobs = CALIBRATED_SCENARIOS.map(
    (scenario, index) =>
      ({ kind: 'calibrate', scenario, seed: seed + 1_000_003 * (index + 1), replays: effort.replays }) as const,
  )
  const proposals = await runJobs(jobs, threads)
  return new Map(CALIBRATED_SCENARIOS.map((scenario, index) => [scenario, proposals[index] ?? null]))
}

/** Simulates what the tables and goals show. */
export async function collect(
  shown: { readonly tables: readonly Table[]; readonly goals: readonly Goal[] },
  effort: Effort,
  seed: number,
  threads: number,
): Promise<Results> {
  const batches = [...neededRules(shown)].flatMap(([scenario, rules]) => batchesOf(scenario, [...rules], effort, seed))
  // The longest first, so that no thread is left with one at the end.
  batches.sort((left, right) => weightOf(right) - weightOf(left))
  const answers = await runJobs(
    batches.map((batch) => ({ kind: 'simulate', batch }) as const),
    threads,
  )
  const minutes = new Map<string, number[]>()
  for (const [index, batch] of batches.entries()) {
    for (const [position, rule] of batch.rules.entries()) {
      const key = keyOf(batch.scenario, rule)
      minutes.set(key, [...(minutes.get(key) ?? []), ...(answers[index]?.[position] ?? [])])
    }
  }
  const summaries = new Map([...minutes].map(([key, times]) => [key, summarise(times)]))
  return { of: (scenario, rule) => found(summaries, scenario, rule) }
}

function found(summaries: ReadonlyMap<string, RuleResult>, scenario: string, rule: string): RuleResult {
  const result = summaries.get(keyOf(scenario, rule))
  if (result === undefined) throw new Error(`${rule} was not simulated over ${scenario}`)
  return result
}

function neededRules({ tables, goals }: Parameters<typeof collect>[0]): Map<string, Set<string>> {
  const needed = new Map<string, Set<string>>()
  const pairs = [
    ...tables.flatMap((table) => table.rows.flatMap((row) => row.cells.flatMap(pairsOf))),
    ...goals.flatMap(({ scenario, rule, against }) =>
      [rule, against].flatMap((one) => (one === null || one === undefined ? [] : [[scenario, one] as const])),
    ),
  ]
  for (const [scenario, rule] of pairs) needed.set(scenario, (needed.get(scenario) ?? new Set()).add(rule))
  return needed
}

function pairsOf(cell: Cell): readonly (readonly [scenario: string, rule: string])[] {
  switch (cell.show) {
    case 'text':
      return []
    case 'both':
      return [
        [cell.same, cell.rule],
        [cell.worse, cell.rule],
      ]
    case 'share':
    case 'perYear':
    case 'minutes':
    case 'mean':
      return [[cell.scenario, cell.rule]]
  }
}

/** Rules with the same number of releases share them, so that they are compared on the same traffic. */
function batchesOf(scenario: string, rules: readonly string[], effort: Effort, seed: number): readonly Batch[] {
  const ends = [...new Set(rules.map((rule) => runsOf(scenario, rule, effort)))].sort((left, right) => left - right)
  const batches: Batch[] = []
  for (let from = 0; from < (ends.at(-1) ?? 0); ) {
    const end = ends.find((candidate) => candidate > from) ?? from
    const to = Math.min(from + BATCH, end)
    batches.push({ scenario, seed, from, to, rules: rules.filter((rule) => runsOf(scenario, rule, effort) >= to) })
    from = to
  }
  return batches
}

function runsOf(scenario: string, rule: string, effort: Effort): number {
  if (scenario.startsWith('full-')) return scenario.endsWith('-week') ? effort.weeks : effort.changes
  if (scenario.startsWith('budget-')) return effort.ramps
  if (scenario.startsWith('users-')) return effort.users
  if (scenario.startsWith('low-')) return effort.low
  if (scenario.startsWith('latency-'))
    return scenario === 'latency-same' && rule.startsWith('ours-') ? effort.latencyFalse : effort.latency
  return rule === 'kayenta' ? effort.kayenta : effort.errors
}

function weightOf({ scenario, from, to }: Batch): number {
  const size = scenario.startsWith('full-') ? 100 : /^latency-|^users-|^budget-/.test(scenario) ? 10 : 1
  return (to - from) * size - from / 1e6
}

function keyOf(scenario: string, rule: string): string {
  return `${scenario} ${rule}`
}
