import { z } from 'zod'
import { checkMap, durationText } from '../plan-values.ts'
import { formatDuration, type Milliseconds, writeDuration } from '../units.ts'
import { defineStep, NEEDS_NOTHING } from './step-kind.ts'

export const analyseStep = defineStep({
  kind: 'analyse',
  summary: 'Watches further checks beside the plan’s own for a duration; all must pass.',
  schema: z.strictObject({
    for: durationText,
    checks: checkMap.refine((checks) => Object.keys(checks).length > 0, {
      error: 'expected at least one check',
    }),
  }),
  describe: (options) => `analyse ${Object.keys(options.checks).join(', ')} for ${formatDuration(options.for)}`,
  needs: () => NEEDS_NOTHING,
  expand(options, context) {
    const checks = context.readChecks(options.checks, [...context.path, 'checks'])
    for (const check of checks) {
      if (check.kind !== 'kayenta') continue
      // The final score comes after both; a shorter step would hold for it.
      const needed = check.warmUp + check.lifetime
      if (needed <= options.for) continue
      context.report({
        rule: 'analysis-too-short',
        path: [...context.path, 'for'],
        message: `the check ${check.name} has its final score after ${formatDuration(needed)}${ofWhich(check)}, later than this step ends`,
        received: formatDuration(options.for),
        expected: `at least ${writeDuration(needed)}`,
        fix: `lengthen the step or shorten the ${check.warmUp > 0 ? 'warmUp or lifetime' : 'lifetime'} of the check`,
      })
    }
    const action = { kind: 'judge', step: context.step, label: context.label, duration: options.for, checks } as const
    return { actions: [action], exposure: context.exposure }
  },
})

function ofWhich({ warmUp, lifetime }: { readonly warmUp: Milliseconds; readonly lifetime: Milliseconds }): string {
  return warmUp > 0 ? ` (warmUp ${formatDuration(warmUp)}, lifetime ${formatDuration(lifetime)})` : ''
}
