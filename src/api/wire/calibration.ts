import { z } from 'zod'
import type { SavedRecording } from '../../domain/release/recording.ts'
import { ABANDON_CAUSES } from '../../domain/release/release-events.ts'
import { duration, instant, list, opaque, releaseId, share } from './shapes.ts'

const effect = z
  .object({
    times: z.number().meta({ description: 'So many times worse than stable' }),
    detected: share,
    medianDelay: duration.nullable(),
  })
  .meta({ id: 'Effect' })

const ratio = z
  .object({ notWorseThan: z.number(), alpha: z.number(), falseAlarms: share, likelyFalseAlarms: share })
  .meta({ id: 'RatioReport' })

const report = z.object({
  isFall: z.boolean(),
  replays: z.number(),
  current: ratio,
  effects: list(effect),
  proposed: ratio.nullable(),
  proposedEffects: list(effect),
  minRequests: z.number().nullable(),
  designEffect: z.number().nullable(),
  summary: z.string(),
})

const limit = z.object({ replays: z.number(), falseAlarms: share, effects: list(effect), summary: z.string() })

const used = z.object({ windows: z.number(), looks: z.number(), lookLength: duration, replays: z.number() })

const verdict = z
  .object({
    failsAfter: duration.nullable(),
    looks: z.number(),
    outcome: z.enum(['pass', 'fail', 'inconclusive']),
    reason: z.string(),
  })
  .meta({ id: 'PastVerdict' })

const replayed = z
  .object({
    releaseId,
    version: z.string(),
    outcome: z.enum(['promoted', 'rolled-back']),
    abandoned: z.object({ cause: z.enum(ABANDON_CAUSES), by: z.string(), at: instant }).nullable(),
    givenUpAfter: duration.nullable(),
    now: verdict,
    proposed: verdict.nullable(),
  })
  .meta({ id: 'ReplayedRelease' })

const check = z.object({ name: z.string(), kind: z.string(), past: list(replayed) })

export const calibration = z
  .object({
    service: z.string(),
    environment: z.string(),
    used: z.object({ since: duration, start: instant, end: instant, step: duration, seed: z.number() }),
    checks: list(
      z.union([
        check.extend({ skipped: z.string() }),
        check.extend({ limit, used }),
        check.extend({ report, used, minRequests: z.number().nullable(), line: z.string().nullable() }),
      ]),
    ),
    settling: z
      .object({
        releases: z.number(),
        median: duration,
        p90: duration,
        proposed: duration.nullable(),
        summary: z.string(),
      })
      .nullable()
      .exactOptional()
      .meta({ description: 'How long past releases took to settle after each jump in load' }),
    warnings: list(
      z
        .object({
          check: z.string(),
          releases: z.number(),
          failed: z.number(),
          wrong: z.number().meta({ description: 'Of these the promoted ones' }),
          summary: z.string(),
        })
        .meta({ id: 'WarningScore' }),
    )
      .exactOptional()
      .meta({ description: 'What checks that only warn would have done to past releases' }),
    past: z.object({ releases: z.number(), unread: z.number(), fault: z.string().nullable() }),
    recording: opaque<SavedRecording>('All that was replayed, for `sluice calibrate --recording`').exactOptional(),
  })
  .meta({ id: 'Calibration' })
