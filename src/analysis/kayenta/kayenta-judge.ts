import type { ArmNames } from '../../domain/arm-names.ts'
import type { MetricResult } from '../../domain/observation.ts'
import type { ArmReadings, Check, CheckInput } from '../../domain/plan/checks.ts'
import { formatDuration, type Instant, type Milliseconds } from '../../domain/units.ts'
import type { Evidence, Verdict } from '../../domain/verdict.ts'
import { asClause } from '../explain.ts'
import { namesOf } from '../read-look.ts'
import { inconclusive } from '../verdicts.ts'
import { parseCanaryConfig } from './canary-config.ts'
import { describeJudgment, type Judgment, judge, type MetricPoints } from './judgment.ts'
import { classifyScore } from './scorer.ts'

/** Kayenta's judge over named queries, one point per arm and `step`. `config` is a Kayenta canary config, checked at the door. */
export interface KayentaCheck extends Check {
  readonly kind: 'kayenta'
  readonly config: unknown
  readonly queries: Readonly<Record<string, string>>
  readonly step: Milliseconds
  readonly lifetime: Milliseconds
  readonly interval: Milliseconds
  readonly warmUp: Milliseconds
  readonly pass: number
  readonly marginal: number
}

/** Points of one metric in JSON: null stands for a step in which the source had no data. */
interface StoredPoints {
  readonly canary: readonly (number | null)[]
  readonly baseline: readonly (number | null)[]
}

/** What the judge remembers. Plain JSON; bounded by {@link MOST_POINTS} numbers. */
export interface KayentaState {
  readonly startedAt: Instant | null
  /** The step of which points were taken last; -1 before the first. */
  readonly lastStep: number
  readonly points: Readonly<Record<string, StoredPoints>>
  readonly judgments: number
  /** The verdict of the last judgment, kept until the next; final once `ended`. */
  readonly last: Verdict | null
  readonly ended: boolean
}

/** Most points per arm and metric, and most numbers over all metrics and arms. */
export const MOST_STEPS = 2_880
export const MOST_POINTS = 20_000

// Beyond this, times lose their milliseconds.
const LONGEST_TIME: Milliseconds = Number.MAX_SAFE_INTEGER

/** The state before the first look. */
export function startKayenta(_check: KayentaCheck): KayentaState {
  return { startedAt: null, lastStep: -1, points: {}, judgments: 0, last: null, ended: false }
}

/**
 * One look. After `warmUp` one point per metric and arm is taken in each `step` (the first look in it); with more than
 * {@link MOST_STEPS} steps in `lifetime`, or more than {@link MOST_POINTS} numbers over all metrics, the step is made
 * longer so that the points still cover the whole lifetime. At every `interval` the points so far are judged as Kayenta
 * does: a score under `marginal` fails at once, at the end of `lifetime` a score of `pass` or more passes and any other
 * fails (a marginal score too, as in Kayenta).
 *
 * One difference on purpose: a score that is 0 only because data is missing (half of the metrics, or a critical one) is
 * inconclusive, `blind`, and not a failure. A config that cannot be used is blind for ever.
 */
export function stepKayenta(
  check: KayentaCheck,
  state: KayentaState,
  input: CheckInput,
): { readonly state: KayentaState; readonly verdict: Verdict } {
  if (state.ended && state.last !== null) return { state, verdict: state.last }
  const parsed = parseCanaryConfig(check.config)
  if (!parsed.ok)
    return {
      state,
      verdict: blind(
        `the canary config cannot be used: ${asClause(parsed.problems[0] ?? '').replaceAll('undefined', 'nothing')}`,
        evidence(check, state),
      ),
    }
  if (!(Math.abs(input.at) <= LONGEST_TIME))
    return { state, verdict: blind('the look has no time', evidence(check, state)) }
  const startedAt = state.startedAt ?? input.at
  const watched = input.at - startedAt - positive(check.warmUp, 0)
  const started: KayentaState = { ...state, startedAt }
  if (watched < 0) {
    return {
      state: started,
      verdict: undecided(`warming up for another ${formatDuration(-watched)}`, evidence(check, started)),
    }
  }
  const names = parsed.config.metrics.filter((metric) => !metric.muted).map((metric) => metric.name)
  const collected = collect(check, started, input, names, watched)
  const due = dueJudgments(check, watched)
  if (due.count <= collected.judgments) return { state: collected, verdict: between(check, collected, input, names) }
  const judgment = judge(parsed.config, pointsOf(collected))
  const verdict = verdictOf(check, collected, judgment, due.isFinal, namesOf(input))
  const ended = due.isFinal || verdict.outcome === 'fail'
  return { state: { ...collected, judgments: due.count, last: verdict, ended }, verdict }
}

function collect(
  check: KayentaCheck,
  state: KayentaState,
  input: CheckInput,
  names: readonly string[],
  watched: Milliseconds,
): KayentaState {
  const most = Math.max(1, Math.min(MOST_STEPS, Math.floor(MOST_POINTS / (2 * names.length))))
  const lifetime = positive(check.lifetime, 1)
  const step = Math.max(positive(check.step, 1), Math.ceil(lifetime / most))
  const current = Math.floor(watched / step)
  if (current <= state.lastStep || watched > lifetime + step) return state
  const points = Object.fromEntries(names.map((name) => [name, extended(state, input, name, most)]))
  return { ...state, lastStep: current, points }
}

function extended(state: KayentaState, input: CheckInput, name: string, most: number): StoredPoints {
  const stored = Object.hasOwn(state.points, name) ? state.points[name] : undefined
  const readings = readingsOf(input, name)
  return {
    canary: append(stored?.canary ?? [], readings?.canary ?? null, most),
    baseline: append(stored?.baseline ?? [], readings?.stable ?? null, most),
  }
}

// An outage is not a step without data: only what the source said itself may count as no data (and become 0).
function append(
  points: readonly (number | null)[],
  reading: MetricResult<readonly number[]> | null,
  most: number,
): readonly (number | null)[] {
  const point = reading === null ? undefined : pointOf(reading)
  return point === undefined ? points : [...points, point].slice(-most)
}

function pointOf(reading: MetricResult<readonly number[]>): number | null | undefined {
  switch (reading.kind) {
    case 'value': {
      const [value] = reading.value
      if (reading.value.length > 1 || value === Infinity || value === -Infinity) return undefined
      return value === undefined || Number.isNaN(value) ? null : value
    }
    case 'noData':
    case 'nan':
      return null
    case 'stale':
    case 'error':
      return undefined
  }
}

/** How many judgments are due after so much watched time, and whether the last of them is. */
export function dueJudgments(
  check: KayentaCheck,
  watched: Milliseconds,
): { readonly count: number; readonly isFinal: boolean } {
  const lifetime = positive(check.lifetime, 1)
  const interval = Math.min(lifetime, positive(check.interval, lifetime))
  const total = Math.max(1, Math.floor(lifetime / interval))
  if (watched >= lifetime) return { count: total, isFinal: true }
  return { count: Math.min(total - 1, Math.floor(watched / interval)), isFinal: false }
}

function verdictOf(
  check: KayentaCheck,
  state: KayentaState,
  judgment: Judgment,
  isFinal: boolean,
  names: ArmNames,
): Verdict {
  const { summary, automatic } = judgment.score
  const proof = evidence(check, state, judgment)
  const limit = isFinal ? `passes from ${check.pass}` : `fails below ${check.marginal}`
  const said = `${isFinal ? 'final score' : 'score'} ${summary} of 100 (${limit}): ${describeJudgment(judgment, names)}`
  if (automatic === 'nodata' || automatic === 'criticalNodata') return blind(said, proof)
  const result = classifyScore(summary, check)
  if (isFinal) return { outcome: result === 'pass' ? 'pass' : 'fail', reason: said, evidence: proof }
  if (result === 'fail') return { outcome: 'fail', reason: said, evidence: proof }
  return undecided(said, proof)
}

function between(check: KayentaCheck, state: KayentaState, input: CheckInput, metrics: readonly string[]): Verdict {
  const seen = metrics.some((name) => {
    const readings = readingsOf(input, name)
    return readings?.canary.kind === 'value' && readings.stable?.kind === 'value'
  })
  const { canary, stable } = namesOf(input)
  if (!seen) return blind(`no metric has a value for both ${canary} and ${stable} at this look`, evidence(check, state))
  if (state.last !== null) return state.last
  const taken = state.lastStep + 1
  return undecided(
    `collecting for the first score: ${taken} ${taken === 1 ? 'point' : 'points'} so far`,
    evidence(check, state),
  )
}

function evidence(check: KayentaCheck, state: KayentaState, judgment?: Judgment): Evidence {
  const lengths = Object.values(state.points).map((points) => Math.min(points.canary.length, points.baseline.length))
  const figures: Record<string, number> = {
    passScore: check.pass,
    marginalScore: check.marginal,
    judgments: state.judgments,
    fewestPoints: lengths.reduce((least, length) => Math.min(least, length), lengths[0] ?? 0),
  }
  if (judgment !== undefined) {
    const { counts, score } = judgment
    Object.assign(figures, {
      score: score.summary,
      judgments: state.judgments + 1,
      passing: counts.pass,
      high: counts.high,
      low: counts.low,
      withoutData: counts.nodata + counts.nodataFail,
    })
  }
  return {
    judge: 'kayenta',
    figures: Object.fromEntries(Object.entries(figures).filter(([, value]) => Number.isFinite(value))),
  }
}

function pointsOf(state: KayentaState): Readonly<Record<string, MetricPoints>> {
  const numbers = (points: readonly (number | null)[]): number[] => points.map((point) => point ?? Number.NaN)
  return Object.fromEntries(
    Object.entries(state.points).map(([name, { canary, baseline }]) => [
      name,
      { canary: numbers(canary), baseline: numbers(baseline) },
    ]),
  )
}

function readingsOf(input: CheckInput, name: string): ArmReadings | undefined {
  return Object.hasOwn(input.readings, name) ? input.readings[name] : undefined
}

function positive(value: Milliseconds, otherwise: Milliseconds): Milliseconds {
  return Number.isFinite(value) && value > 0 ? Math.min(LONGEST_TIME, Math.max(1, value)) : otherwise
}

function blind(reason: string, proof: Evidence): Verdict {
  return inconclusive('blind', reason, proof)
}

function undecided(reason: string, proof: Evidence): Verdict {
  return inconclusive('undecided', reason, proof)
}
