import { z } from 'zod'
import { isRecord } from '../../json.ts'
import { formatDuration } from '../../units.ts'
import { stretchText } from '../plan-values.ts'
import { reportUnseen } from './looks.ts'
import { defineStep, NEEDS_NOTHING } from './step-kind.ts'

const bakeOptions = z.union([
  stretchText.transform((duration) => ({ duration, until: 'time' as const })),
  z
    .strictObject({ upTo: stretchText, until: z.literal('proven') })
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
    if (context.isWatched === true) reportUnseen(options.duration, context.path, context)
    return {
      actions: [{ kind: 'bake', step: context.step, label: context.label, ...options }],
      exposure: context.exposure,
    }
  },
  glimpse(value, context) {
    const upTo = stretchText.safeParse(isRecord(value) ? value['upTo'] : undefined)
    if (upTo.success && context.isWatched === true) reportUnseen(upTo.data, context.path, context)
    return context.exposure
  },
})
