import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import type { z } from 'zod'
import { settlingOf } from '../../analysis/calibration/settling.ts'
import { warningScores } from '../../analysis/calibration/warnings.ts'
import { sourcesToRecord } from '../../analysis/calibration/watched-checks.ts'
import type { Plan } from '../../domain/plan/plan.ts'
import { type Recording, savedRecording } from '../../domain/release/recording.ts'
import type { Instant, Milliseconds } from '../../domain/units.ts'
import { API_EFFORT } from '../calibration.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { sendProblem } from '../errors.ts'
import { oneAtATime } from '../one-at-a-time.ts'
import { type AnswerTo, OPERATIONS } from '../operations.ts'
import { writtenPlanOf } from '../plan-source.ts'
import { problemList } from '../problem.ts'
import { recordReleases } from '../recorded-releases.ts'
import { inTime, type RecordPast } from '../recorder.ts'
import { windowOf } from '../target-traffic.ts'
import type { calibrationBody } from '../wire/requests.ts'

/** Replays of a target's past: how often its checks would have cried wolf, and what would keep them from it. */
export const calibrationRoutes: FastifyPluginCallbackZod<{ deps: ApiDependencies }> = (fastify, { deps }, done) => {
  const alone = oneAtATime('another calibration is running')

  fastify.route({
    ...OPERATIONS.calibrate,
    handler: async ({ body }, reply) => {
      const read = await deps.readPlan(await writtenPlanOf(body, deps))
      if ('problems' in read) return sendProblem(reply, problemList('plan.invalid', read.problems))
      return alone(() => calibrateAt(deps.now(), read.plan, read.written, body, deps))
    },
  })
  done()
}

/** Most windows of a recording. */
const MOST_WINDOWS = 20_000

/** Newest releases that are judged once more. */
const MOST_RELEASES = 30

async function calibrateAt(
  now: Instant,
  plan: Plan,
  written: unknown,
  { since, seed, recording: isWanted }: Pick<z.output<typeof calibrationBody>, 'since' | 'seed' | 'recording'>,
  deps: ApiDependencies,
): Promise<AnswerTo<'calibrate'>> {
  const { service, environment } = plan
  const step = windowOf(since, MOST_WINDOWS, plan.interval)
  const span = { start: now - since, end: now, step }
  const stable = await recordAll(plan, span, deps.record)
  const { releases, ...past } = await recordReleases(plan, span.start, MOST_RELEASES, deps)
  const recording: Recording = { stable, releases }
  const checks = await deps.runCalibration({ plan, written, recording, effort: API_EFFORT, seed })
  return {
    ...{ service, environment, used: { since, ...span, seed }, checks },
    settling: settlingOf(plan, releases),
    warnings: warningScores(releases),
    past: { releases: releases.length, ...past },
    ...(isWanted && { recording: savedRecording(recording) }),
  }
}

async function recordAll(
  plan: Plan,
  span: { readonly start: Instant; readonly end: Instant; readonly step: Milliseconds },
  record: RecordPast,
): Promise<Recording['stable']> {
  const ask = inTime((source: string, signal) => record(plan, source, span, signal))
  const recordings: [string, Recording['stable'][string]][] = []
  for (const source of sourcesToRecord(plan)) recordings.push([source, await ask(source, source)])
  return Object.fromEntries(recordings)
}
