import { z } from 'zod'
import { isRecord } from '../../domain/json.ts'
import type { BasisPoints, Instant, Milliseconds } from '../../domain/units.ts'

/** The small parts of answers. What an answer has beyond its schema is left out of it, and what it lacks is a fault. */

export const instant: z.ZodType<Instant, number> = z.number().meta({ description: 'Milliseconds since 1970, UTC' })
export const duration: z.ZodType<Milliseconds, number> = z.number().meta({ description: 'Milliseconds' })
export const weight: z.ZodType<BasisPoints, number> = z
  .number()
  .meta({ description: 'Basis points: 10000 is everybody' })
export const share = z.number().meta({ description: 'From 0 to 1' })
export const releaseId = z.string().meta({ examples: ['release/checkout/production/7'] })

export function list<Of extends z.ZodType>(of: Of) {
  return z.array(of).readonly()
}

/** An object whose inside is no promise of the API. */
export function opaque<T>(description: string) {
  return z.custom<T>(isRecord).meta({ type: 'object', description })
}
