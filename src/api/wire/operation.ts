import { z } from 'zod'

export const document = z.looseObject({ openapi: z.string() })

export const health = z.object({ status: z.literal('ok') }).meta({ id: 'Health' })

export const readiness = z
  .object({
    status: z.enum(['ready', 'not ready']),
    parts: z.object({ temporal: z.object({ status: z.enum(['up', 'down']), reason: z.string().exactOptional() }) }),
  })
  .meta({ id: 'Readiness' })
