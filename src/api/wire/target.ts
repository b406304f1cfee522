import { z } from 'zod'
import { ABANDON_CAUSES } from '../../domain/release/release-events.ts'
import { instant, list, releaseId } from './shapes.ts'

const target = z.object({ service: z.string(), environment: z.string() })

export const targets = z
  .object({
    targets: list(
      target.extend({
        pools: list(z.string()),
        router: z.string().nullable().meta({ description: 'Its kind; null where flags alone say who gets what' }),
        metrics: list(z.object({ name: z.string(), kind: z.string() })),
        hasPlan: z.boolean(),
        policies: list(z.string()).meta({ description: 'Names of the policies that its plans must keep' }),
      }),
    ),
  })
  .meta({ id: 'Targets' })

const recovery = z.object({
  reason: z.string(),
  by: z.string(),
  since: instant,
  tries: z.number().meta({ description: 'Tries that failed' }),
  lastError: z.string().nullable(),
})

const keeping = z.object({
  repairs: z.number(),
  last: z.object({ text: z.string(), at: instant }).nullable(),
  fault: z.string().nullable().meta({ description: 'Why the router cannot be watched now' }),
})

const queued = z.object({
  releaseId,
  version: z.string(),
  author: z.string(),
  queuedAt: instant.nullable(),
  overtakenBy: z.string().nullable().meta({ description: 'The newer version that was promoted while it waited' }),
})

export const lane = z
  .object({
    target,
    running: releaseId.nullable(),
    queue: list(queued),
    freeze: z.object({ reason: z.string(), by: z.string(), at: instant }).nullable(),
    pin: z
      .object({ version: z.string().nullable(), reason: z.string(), by: z.string(), at: instant })
      .nullable()
      .exactOptional()
      .meta({ description: 'Who keeps the target on the version that it has' }),
    vetoes: list(
      z
        .object({
          version: z.string(),
          releaseId,
          cause: z.enum(ABANDON_CAUSES),
          reason: z.string(),
          at: instant,
        })
        .meta({ id: 'Veto' }),
    )
      .exactOptional()
      .meta({ description: 'Versions that are not started again until somebody allows them' }),
    former: z
      .object({
        version: z.string().nullable(),
        pool: z.string(),
        until: instant.nullable().meta({ description: 'Null when no plan says how long its pool is kept' }),
        watchedBy: releaseId.nullable().meta({ description: 'The release that still watches what it promoted' }),
      })
      .nullable()
      .exactOptional()
      .meta({ description: 'The version before, to which `back` returns' }),
    promotedVersion: z.string().nullable(),
    nextNumber: z.number(),
    stable: z.object({ pool: z.string(), version: z.string().nullable() }).nullable(),
    isUnrouted: z
      .literal(true)
      .exactOptional()
      .meta({ description: 'Where the target has no router: its flags alone say who gets what' }),
    keeper: z.object({
      state: z
        .enum(['release', 'holding', 'recovering', 'idle'])
        .meta({ description: 'Who holds the router: the release that runs, the lane, or nobody' }),
      text: z.string(),
      recovery: recovery.nullable(),
      keeping,
    }),
  })
  .meta({ id: 'Lane' })
