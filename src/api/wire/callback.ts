import { z } from 'zod'

/** What became of a callback. */
export const callbackOutcome = z
  .object({ isRepeat: z.boolean().describe('true when this very call was answered before') })
  .meta({ id: 'CallbackOutcome' })
