import { formatPercent, type Milliseconds } from '../../domain/units.ts'
import { enterExposure, startCheck, weighCheck } from '../judges/check-judge.ts'
import { type EffectReport, effectReport } from './calibrate.ts'
import {
  drawTape,
  inputsOf,
  type ReplaySource,
  START_OF_TAPE,
  type Tape,
  trendOf,
  type WeightSchedule,
  worsenTape,
} from './replays.ts'

/** What a limit without an error budget would have done to a canary that is the same as stable, and to worse ones. */
export interface LimitReport {
  readonly replays: number
  /** Share of A/A replays that failed. */
  readonly falseAlarms: number
  readonly effects: readonly EffectReport[]
  /** The report as one sentence. */
  readonly summary: string
}

interface LimitRequest extends ReplaySource {
  /** Effects to measure the delay for, e.g. [1.5, 2, 4]. */
  readonly effects: readonly number[]
  readonly replays: number
}

/**
 * Judges replays of stable against itself (see `replays.ts`) by a check that promises nothing, a fixed limit or a bare
 * ratio, just as a release does. Nothing is proposed: how often such a check may be wrong is for the team to say.
 */
export function measureLimit(request: LimitRequest): LimitReport {
  const { check, weights, effects, random } = request
  const replays = Math.max(1, Math.floor(request.replays))
  const trend = trendOf(request)
  const tapes = Array.from({ length: replays }, () => drawTape(request, trend))
  const delaysOver = (some: readonly Tape[]) => some.flatMap((tape) => delayOf(check, tape, weights) ?? [])
  const falseAlarms = delaysOver(tapes).length / replays
  const reports = effects.map((times) =>
    effectReport(times, delaysOver(tapes.map((tape) => worsenTape(check, tape, times, random))), replays),
  )
  const failed = formatPercent(falseAlarms, 2)
  const summary = `${check.name}: ${failed} of ${replays} replays of stable against itself failed; a limit has no budget, so nothing is proposed`
  return { replays, falseAlarms, effects: reports, summary }
}

/** Watched time until the check fails, or null when it never does. */
function delayOf(check: LimitRequest['check'], tape: Tape, weights: WeightSchedule): Milliseconds | null {
  let state = startCheck(check)
  let index = 0
  for (const input of inputsOf(tape)) {
    if (index > 0 && weights[index] !== weights[index - 1]) state = enterExposure(check, state)
    const step = weighCheck(check, state, input)
    if (step.outcome === 'fail') return input.at - START_OF_TAPE
    state = step.state
    index += 1
  }
  return null
}
