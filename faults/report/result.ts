import type { Milliseconds } from '../../src/domain/units.ts'
import { GOALS, type Measured } from '../check/measure.ts'
import type { TargetRecord } from '../check/record.ts'
import type { Rule, Violation } from '../check/rules.ts'
import { FAULT_NAMES } from '../kinds.ts'
import type { LoadTally } from '../world/load.ts'

/** One record with what the checker says of it. */
export interface Checked {
  readonly record: TargetRecord
  readonly violations: readonly Violation[]
  readonly measured: readonly Measured[]
}

export interface Times {
  readonly count: number
  readonly p50: Milliseconds
  readonly p99: Milliseconds
  readonly most: Milliseconds
}

/** A whole campaign in numbers. Plain JSON. */
export interface Result {
  readonly seed: number
  readonly releases: number
  readonly minutes: number
  /** For how long the machine stood still altogether, so that nobody could do anything. */
  readonly stalled: Milliseconds
  /** How releases ended, by what their histories say. */
  readonly endings: Readonly<Record<string, number>>
  readonly violations: Readonly<Record<Rule, number>>
  /** How often each kind was carried out. */
  readonly carriedOut: Readonly<Record<string, number>>
  /** Until the right weight, by kind of fault. */
  readonly kinds: Readonly<Record<string, Times>>
  readonly goals: Readonly<Record<string, Times>>
  readonly users: LoadTally
}

/** What is left of a record once it is checked: numbers, so that a long campaign needs no memory. */
export interface Tally {
  readonly releases: number
  readonly endings: Readonly<Record<string, number>>
  readonly violations: readonly Violation[]
  readonly carriedOut: readonly string[]
  readonly measured: readonly Measured[]
}

/** `isFirst`: faults of the world are counted once per wave. */
export function tallyOf({ record, violations, measured }: Checked, isFirst: boolean): Tally {
  const done = record.faults.filter(({ note }) => !note.startsWith('not carried out'))
  const own = record.script.acts.map(({ kind }): string => kind)
  const carriedOut = done.map(({ kind }): string => kind).filter((kind) => isFirst || own.includes(kind))
  const endings = record.releases.map(
    ({ runs, standing }) => runs.at(-1)?.outcome ?? runs.at(-1)?.closing ?? standing.kind,
  )
  return { releases: record.releases.length, endings: countOf(endings), violations, carriedOut, measured }
}

export function resultOf(
  tallies: readonly Tally[],
  rest: Pick<Result, 'seed' | 'minutes' | 'stalled' | 'users'>,
): Result {
  const violations = tallies.flatMap((tally) => tally.violations)
  const measured = tallies.flatMap((tally) => tally.measured)
  const timesOf = (whats: readonly string[]) => Object.fromEntries(whats.flatMap((what) => namedTimes(what, measured)))
  return {
    ...rest,
    releases: tallies.reduce((sum, { releases }) => sum + releases, 0),
    endings: sumOf(tallies.map(({ endings }) => endings)),
    violations: countRules(violations),
    carriedOut: countOf(tallies.flatMap((tally) => tally.carriedOut)),
    kinds: timesOf(FAULT_NAMES),
    goals: timesOf(Object.keys(GOALS)),
  }
}

function countRules(violations: readonly Violation[]): Record<Rule, number> {
  const counts: Record<Rule, number> = { above: 0, end: 0, stuck: 0, promoted: 0, said: 0, authority: 0 }
  for (const { rule } of violations) counts[rule] += 1
  return counts
}

function namedTimes(what: string, measured: readonly Measured[]): readonly (readonly [string, Times])[] {
  const sorted = measured.filter((one) => one.what === what).map(({ took }) => took)
  sorted.sort((left, right) => left - right)
  if (sorted.length === 0) return []
  const at = (share: number) => percentile(sorted, share)
  return [[what, { count: sorted.length, p50: at(0.5), p99: at(0.99), most: at(1) }]]
}

function countOf(words: readonly string[]): Readonly<Record<string, number>> {
  return sumOf(words.map((word) => ({ [word]: 1 })))
}

function sumOf(counts: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const sum: Record<string, number> = {}
  for (const count of counts) for (const [word, number] of Object.entries(count)) sum[word] = (sum[word] ?? 0) + number
  return sum
}

/** The value that so large a share of the sorted ones does not exceed. */
function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? 0
}
