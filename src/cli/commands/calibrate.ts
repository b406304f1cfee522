import { setImmediate as breathe } from 'node:timers/promises'
import type { CheckCalibration } from '../../analysis/calibration/plan-calibration.ts'
import type { Effort } from '../../analysis/calibration/schedule.ts'
import type { Settling } from '../../analysis/calibration/settling.ts'
import type { WarningScore } from '../../analysis/calibration/warnings.ts'
import type { AnswerTo } from '../../api/operations.ts'
import type { Plan } from '../../domain/plan/plan.ts'
import type { Recording } from '../../domain/release/recording.ts'
import { formatDuration, parseDuration } from '../../domain/units.ts'
import { renderCalibration } from '../calibration-view.ts'
import { checkedPlan } from '../checked-plan.ts'
import { CliFailure, EXIT } from '../failure.ts'
import { readPlanFile, readTextFile, withPlaces } from '../plan-file.ts'
import { SERVER_DEADLINE, type Session } from '../session.ts'
import { wholeNumber } from '../stated-traffic.ts'
import { clean } from '../text.ts'

export interface CalibrateOptions {
  readonly since?: string
  readonly recording?: string
  readonly save?: string
  readonly config?: string
  readonly replays?: string
  readonly seed: string
}

/** `sluice calibrate`: what the checks of a plan would have said of stable's past, and of releases that are over. */
export async function calibrateFile(name: string, options: CalibrateOptions, session: Session): Promise<void> {
  const seed = wholeNumber('--seed', options.seed, 0, 2 ** 32)
  if (options.recording === undefined) {
    for (const flag of ['config', 'replays'] as const)
      if (options[flag] !== undefined) throw new CliFailure(EXIT.usage, `--${flag} goes only with --recording`)
    return calibrateAtServer(name, options, seed, session)
  }
  const replays = wholeNumber('--replays', options.replays ?? USUAL_REPLAYS, 20, 100_000)
  const { plan, file } = await checkedPlan(name, options.config, session)
  const { checks, settling, warnings } = await calibrateHere(
    plan,
    file.yaml.value,
    options.recording,
    { replays, seed },
    session,
  )
  const source = `from ${clean(options.recording)}, seed ${seed}`
  const { service, environment } = plan
  const answer = { service, environment, used: { seed }, checks, settling, warnings }
  session.say(renderCalibration({ ...answer, source, past: null }, session.look()), answer)
}

const USUAL_REPLAYS = '400'

async function calibrateAtServer(
  name: string,
  { since = '14d', save }: CalibrateOptions,
  seed: number,
  session: Session,
): Promise<void> {
  const parsed = parseDuration(since)
  if (!parsed.ok) throw new CliFailure(EXIT.usage, `--since ${clean(since)}: expected ${parsed.expected}`)
  const file = await readPlanFile(name, session.terminal)
  session.hint('the server reads and replays the past; this takes a few seconds')
  const body = { plan: file.yaml.value, since, seed, recording: save !== undefined }
  const answer = await withPlaces(file, () =>
    session.api.post<AnswerTo<'calibrate'>>('/api/v1/calibrations', body, { deadline: SERVER_DEADLINE }),
  )
  const { used, past } = answer
  if (save !== undefined) await saveRecording(save, answer.recording, session)
  const source = `from the last ${formatDuration(used.since)} in windows of ${formatDuration(used.step)}, seed ${used.seed}`
  const { recording: _, ...figures } = answer
  session.say(renderCalibration({ ...answer, source, past }, session.look()), figures)
}

async function saveRecording(path: string, recording: unknown, { terminal, hint }: Session): Promise<void> {
  await terminal.writeFile(path, JSON.stringify(recording)).catch((error: unknown) => {
    throw new CliFailure(EXIT.usage, `${clean(path)} cannot be written: ${clean(String(error))}`)
  })
  hint(`saved the recording as ${clean(path)}; replay it with --recording`)
}

/** Enough for any plan: here only the person who asked waits. */
const LOCAL_LOOKS = 2_000_000

async function calibrateHere(
  plan: Plan,
  written: unknown,
  path: string,
  { replays, seed }: { readonly replays: number; readonly seed: number },
  session: Session,
): Promise<{
  readonly checks: readonly CheckCalibration[]
  readonly settling: Settling | null
  readonly warnings: readonly WarningScore[]
}> {
  const recording = await recordingIn(path, session)
  const { calibratePlan, withLines } = await import('../../analysis/calibration/plan-calibration.ts')
  const effort: Effort = { looks: LOCAL_LOOKS, replays }
  const checks: CheckCalibration[] = []
  const total = plan.checks.length
  for (const one of calibratePlan(plan, recording, effort, seed)) {
    checks.push(one)
    session.hint(`${clean(one.name)} done (${checks.length} of ${Math.max(total, checks.length)})`)
    await breathe()
  }
  const { settlingOf } = await import('../../analysis/calibration/settling.ts')
  const { warningScores } = await import('../../analysis/calibration/warnings.ts')
  const { releases } = recording
  return {
    ...{ checks: withLines(plan, written, checks), settling: settlingOf(plan, releases) },
    warnings: warningScores(releases),
  }
}

async function recordingIn(path: string, { terminal }: Session): Promise<Recording> {
  const text = await readTextFile(path, terminal)
  const { readRecording } = await import('../../domain/release/recording.ts')
  const read = readRecording(parse(text, path))
  if ('recording' in read) return read.recording
  const lines = read.problems.slice(0, MOST_PROBLEMS).map((problem) => `${clean(path)}: ${clean(problem)}`)
  const more = read.problems.length - lines.length
  throw new CliFailure(EXIT.refused, [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n'))
}

const MOST_PROBLEMS = 20

/** @throws CliFailure that says where the text stops being JSON */
function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const why = text.trim() === '' ? 'it is empty' : String(error).replace(/^SyntaxError: /, '')
    throw new CliFailure(EXIT.refused, `${clean(path)} is not JSON: ${clean(why).slice(0, 200)}`)
  }
}
