import { z } from 'zod'
import { isRecord } from '../../domain/json.ts'

/** The small parts of answers. What an answer has beyond its schema is left out of it, and what it lacks is a fault. */

export const instant = z.number().meta({ description: 'Milliseconds since 1970, UTC' })
export const duration = z.number().meta({ description: 'Milliseconds' })
export const weight = z.number().meta({ description: 'Basis points: 10000 is everybody' })
export const share = z.number().meta({ description: 'From 0 to 1' })
export const releaseId = z.string().meta({ examples: ['release/checkout/production/7'] })

export function list<Of extends z.ZodType>(of: Of) {
  return z.array(of).readonly()
}

/** An object whose inside is no promise of the API. */
export function opaque<T>(description: string) {
  return z.custom<T>(isRecord).meta({ type: 'object', description })
}
