import { z } from 'zod'
import { durationText } from '../plan-values.ts'
import { formatDuration } from '../units.ts'
import { defineStep, NEEDS_NOTHING } from './step-kind.ts'

const bakeOptions = z.union([
  durationText.transform((duration) => ({ duration, until: 'time' as const })),
  z
    .strictObject({ upTo: durationText, until: z.literal('proven') })
    .transform(({ upTo, until }) => ({ duration: upTo, until })),
])

export const bakeStep = defineStep({
  kind: 'bake',
  summary: 'Holds the exposure for a duration of watched, unpaused time, or until the checks have proven it good.',
  schema: bakeOptions,
  describe: ({ duration, until }) =>
    until === 'time' ? `bake ${formatDuration(duration)}` : `bake up to ${formatDuration(duration)}, until proven`,
  needs: () => NEEDS_NOTHING,
  expand(options, context) {
    return {
      actions: [{ kind: 'bake', step: context.step, label: context.label, ...options }],
      exposure: context.exposure,
    }
  },
})
