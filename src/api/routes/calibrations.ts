import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { type CheckCalibration, type Recordings, sourcesToRecord } from '../../analysis/plan-calibration.ts'
import { describeError, SluiceError } from '../../domain/errors.ts'
import { type Plan, readPlan } from '../../domain/plan.ts'
import type { Milliseconds } from '../../domain/units.ts'
import { API_EFFORT, workOut } from '../calibration.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { sendProblem } from '../errors.ts'
import { writtenPlanOf } from '../plan-source.ts'
import { problemList, requestProblem } from '../problem.ts'
import type { RecordPast } from '../recorder.ts'
import { calibrationBody } from '../schemas.ts'

/** What a calibration answers with. */
export interface CalibrationAnswer {
  readonly service: string
  readonly environment: string
  /** What the replays were made from. */
  readonly used: {
    readonly since: Milliseconds
    readonly start: Milliseconds
    readonly end: Milliseconds
    readonly step: Milliseconds
    readonly seed: number
  }
  readonly checks: readonly CheckCalibration[]
}

/** Replays of a target's past: how often its checks would have cried wolf, and what would keep them from it. */
export const calibrationRoutes: FastifyPluginCallbackZod<{ deps: ApiDependencies }> = (fastify, { deps }, done) => {
  let isRunning = false

  fastify.post('/calibrations', { schema: { body: calibrationBody } }, async ({ body }, reply) => {
    const written = await writtenPlanOf(body, deps)
    const read = readPlan(written, deps.planContext)
    if ('problems' in read) return sendProblem(reply, problemList('plan.invalid', read.problems))
    // One at a time: each may take a core for some seconds.
    if (isRunning) return sendProblem(reply, BUSY)
    isRunning = true
    try {
      return await calibrateAt(deps.now(), read.plan, written, body, deps)
    } finally {
      isRunning = false
    }
  })
  done()
}

const BUSY = requestProblem(429, { detail: 'another calibration is running', fix: 'ask again in some seconds' })

/** Most windows of a recording; the longer the time, the longer each window. */
const MOST_WINDOWS = 20_000
const SHORTEST_STEP: Milliseconds = 60_000
const STEP_GRAIN: Milliseconds = 10_000
/** How long the metric sources may take all together. */
const RECORD_DEADLINE: Milliseconds = 15_000

async function calibrateAt(
  now: Milliseconds,
  plan: Plan,
  written: unknown,
  { since, seed }: { readonly since: Milliseconds; readonly seed: number },
  deps: ApiDependencies,
): Promise<CalibrationAnswer> {
  if (deps.record === undefined) {
    throw new SluiceError('metrics.misconfigured', {
      message: 'this server cannot ask metric sources for the past',
      fix: 'calibrate from a recording: sluice calibrate <plan> --recording <file>',
    })
  }
  const { service, environment } = plan
  const step = Math.ceil(Math.max(SHORTEST_STEP, plan.interval, since / MOST_WINDOWS) / STEP_GRAIN) * STEP_GRAIN
  const span = { start: now - since, end: now, step }
  const recordings = await recordAll(plan, span, deps.record)
  const run = deps.runCalibration ?? (async (job) => workOut(job))
  const checks = await run({ plan, written, recordings, effort: API_EFFORT, seed })
  return { service, environment, used: { since, ...span, seed }, checks }
}

async function recordAll(
  plan: Plan,
  span: { readonly start: Milliseconds; readonly end: Milliseconds; readonly step: Milliseconds },
  record: RecordPast,
): Promise<Recordings> {
  const signal = AbortSignal.timeout(RECORD_DEADLINE)
  const recordings: [string, Recordings[string]][] = []
  for (const source of sourcesToRecord(plan)) {
    try {
      recordings.push([source, await record(plan, source, span, signal)])
    } catch (error) {
      const isLate = signal.aborted && error === signal.reason
      const reason = isLate ? `${source} took too long: ask for less time` : describeError(error)
      recordings.push([source, { kind: 'error', fault: isLate ? 'timeout' : 'unavailable', reason }])
    }
  }
  return Object.fromEntries(recordings)
}
