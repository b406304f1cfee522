import type { Check } from '../../domain/plan/checks.ts'
import type { RecordedStable } from '../../domain/recorded-noise.ts'
import type { Milliseconds } from '../../domain/units.ts'
import type { CheckState } from '../checks/check-kind.ts'
import { kindOf } from '../checks/index.ts'
import { startCheck, weighCheck } from '../judges/check-judge.ts'
import { inputsOf, START_OF_TAPE, type Tape } from './replays.ts'
import { toleranceOf } from './tolerance.ts'

/** How a check's evidence rose over one replay: only the looks at which it was stronger than ever before. */
export type EvidencePath = readonly {
  /** Watched time. */
  readonly at: Milliseconds
  /** ln of the e-value: the check fails once this reaches ln(1/α). */
  readonly log: number
}[]

/** No check ever gets there, so that a judge with it goes on weighing instead of failing. */
const NEVER = Number.MIN_VALUE

/**
 * Judges a replay once for every α: what a sequential check thinks at a look does not depend on its α, only whether it
 * fails does.
 */
export function evidenceOver(check: Check, tape: Tape, recorded: RecordedStable | null = null): EvidencePath {
  const judged = withAlpha(check, NEVER)
  const path: { at: Milliseconds; log: number }[] = []
  let state = startCheck(judged)
  let strongest = 0
  for (const input of inputsOf(tape, recorded)) {
    state = weighCheck(judged, state, input).state
    const log = logEvidenceOf(judged, state)
    if (log <= strongest) continue
    strongest = log
    path.push({ at: input.at - START_OF_TAPE, log })
  }
  return path
}

/** The check with another part of the error budget. */
export function withAlpha(check: Check, alpha: number): Check {
  return toleranceOf(check).withAlpha(alpha)
}

/** ln of the strongest e-value a sequential check has had; a rate that is asked about on both sides has half of it. */
function logEvidenceOf(check: Check, state: CheckState): number {
  return kindOf(check).evidence(state).strongest
}

/** Watched time until the check with this α fails, or null when it never does. */
export function failsAt(path: EvidencePath, alpha: number): Milliseconds | null {
  return path.find(({ log }) => log >= -Math.log(alpha))?.at ?? null
}

/** So many failures can be counted; fewer are estimated. */
const ENOUGH_TO_COUNT = 10

/**
 * The share of replays whose evidence reaches ln(1/α): counted where at least ten do. Otherwise, and at least what was
 * counted, the strongest tenth (at
 * least ten) of the peaks is carried on as an exponential tail, P(peak > b) = (m/n)·exp(−(b − u)/e) with u the m-th
 * largest peak and e the mean excess over it: the form of the tail of a random walk with negative drift (Cramér–Lundberg),
 * which ln of an e-value is. By Ville's inequality e is 1 for counts without noise of their own, so it is never taken
 * for less.
 */
export function tailShare(paths: readonly EvidencePath[], alpha: number): number {
  const needed = -Math.log(alpha)
  const peaks = paths.map((path) => path.at(-1)?.log ?? 0).toSorted((left, right) => right - left)
  const counted = peaks.filter((peak) => peak >= needed).length
  if (counted >= ENOUGH_TO_COUNT || peaks.length < 2 * ENOUGH_TO_COUNT) return counted / Math.max(1, peaks.length)
  const size = Math.max(ENOUGH_TO_COUNT, Math.floor(peaks.length / 10))
  const tail = peaks.slice(0, size)
  const edge = tail.at(-1) ?? 0
  const excess = Math.max(1, tail.reduce((sum, peak) => sum + peak - edge, 0) / size)
  const carriedOn = (size / peaks.length) * Math.exp(-Math.max(0, needed - edge) / excess)
  return Math.max(counted / peaks.length, carriedOn)
}
