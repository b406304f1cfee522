import { z } from 'zod'
import { type Milliseconds, parseDuration } from '../domain/units.ts'

/** Shorter than this no answer is to be had over a network. */
const SHORTEST: Milliseconds = 100
/** Longer than this nobody waits: a look or a write that takes so long has failed. */
const LONGEST: Milliseconds = 60_000

/** The option `deadline` of an adapter: how long one of its calls may take altogether. */
export const deadlineText = z
  .string()
  .refine(
    (text) => {
      const parsed = parseDuration(text)
      return parsed.ok && parsed.value >= SHORTEST && parsed.value <= LONGEST
    },
    { error: 'must be a duration from 100ms to 1m, such as 3s' },
  )
  .meta({ title: 'duration' })

/** The milliseconds of a duration that has passed its schema. */
export function millisecondsOf(text: string): Milliseconds {
  const parsed = parseDuration(text)
  return parsed.ok ? parsed.value : Number.NaN
}
