import { z } from 'zod'
import { sortedCohorts, withFlags } from '../../exposure.ts'
import { FLAG_OFF, type FlagReach, reachText } from '../../flag-reach.ts'
import { FULL_WEIGHT } from '../../units.ts'
import { flagName, nameText, weightText } from '../plan-values.ts'
import { defineStep, NEEDS_NOTHING } from './step-kind.ts'

const reach = z.union(
  [
    z.literal('on').transform((): FlagReach => ({ weight: FULL_WEIGHT, cohorts: [] })),
    z.literal('off').transform((): FlagReach => FLAG_OFF),
    weightText.transform((weight): FlagReach => ({ weight, cohorts: [] })),
    z
      .array(nameText)
      .min(1)
      .max(50)
      .transform((cohorts): FlagReach => ({ weight: 0, cohorts: sortedCohorts(cohorts) })),
  ],
  { error: 'expected on, off, a share such as 25%, or a list of cohorts' },
)

const flagOptions = z
  .record(flagName, reach, {
    error: ({ code }) =>
      code === 'invalid_type' ? 'expected flags and what each is set to, such as { new-checkout: on }' : undefined,
  })
  .refine((flags) => Object.keys(flags).length > 0, { error: 'expected at least one flag' })
  .refine((flags) => Object.keys(flags).length <= 20, { error: 'expected at most 20 flags' })

export const flagStep = defineStep({
  kind: 'flag',
  summary: 'Sets feature flags without a new deployment: on, off, a share of the users, or cohorts.',
  schema: flagOptions,
  describe: (flags) =>
    Object.entries(flags)
      .map(([name, to]) => `flag ${name} ${reachText(to)}`)
      .join(', '),
  needs: () => NEEDS_NOTHING,
  expand(flags, context) {
    for (const [name, to] of Object.entries(flags)) context.reportFlag?.(name, to, [...context.path, name])
    const exposure = withFlags(context.exposure, flags)
    return { actions: [{ kind: 'expose', step: context.step, label: context.label, exposure }], exposure }
  },
})
