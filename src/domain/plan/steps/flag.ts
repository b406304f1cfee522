import { z } from 'zod'
import { sortedCohorts, withFlags } from '../../exposure.ts'
import { FLAG_OFF, type FlagReach, reachText } from '../../flag-reach.ts'
import { FULL_WEIGHT } from '../../units.ts'
import { reportUnknownCohort } from '../plan-cohorts.ts'
import { flagName, nameText, weightText } from '../plan-values.ts'
import { defineStep, NEEDS_NOTHING } from './step-kind.ts'

const reach = z.union(
  [
    z.literal('on').transform((): FlagReach => ({ weight: FULL_WEIGHT, cohorts: [] })),
    z.literal('off').transform((): FlagReach => FLAG_OFF),
    weightText.transform((weight): FlagReach => ({ weight, cohorts: [] })),
    z
      .array(z.union([nameText, weightText], { error: 'expected the name of a cohort, or a share such as 25%' }))
      .min(1)
      .max(51)
      .refine((parts) => parts.filter((part) => typeof part === 'number').length <= 1, {
        error: 'expected at most one share beside the cohorts',
      })
      .transform((parts): FlagReach => {
        const weight = parts.find((part) => typeof part === 'number') ?? 0
        const cohorts = parts.filter((part) => typeof part === 'string')
        return { weight, cohorts: weight === FULL_WEIGHT ? [] : sortedCohorts(cohorts) }
      }),
  ],
  { error: 'expected on, off, a share such as 25%, or a list of cohorts such as [beta, 25%]' },
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
  summary: 'Sets feature flags without a new deployment: on, off, a share of the users, cohorts, or both.',
  schema: flagOptions,
  describe: (flags) =>
    Object.entries(flags)
      .map(([name, to]) => `flag ${name} ${reachText(to)}`)
      .join(', '),
  needs: () => NEEDS_NOTHING,
  expand(flags, context) {
    for (const [name, to] of Object.entries(flags)) {
      const path = [...context.path, name]
      context.reportFlag?.(name, to, path)
      for (const cohort of to.cohorts)
        reportUnknownCohort(cohort, context.cohorts ?? null, { path, report: context.report })
    }
    const exposure = withFlags(context.exposure, flags)
    return { actions: [{ kind: 'expose', step: context.step, label: context.label, exposure }], exposure }
  },
})
