import { z } from 'zod'
import { checkMap, durationText } from '../plan-values.ts'
import { formatDuration } from '../units.ts'
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
      if (check.kind !== 'kayenta' || check.lifetime <= options.for) continue
      context.report({
        rule: 'analysis-too-short',
        path: [...context.path, 'for'],
        message: `the check ${check.name} judges for ${formatDuration(check.lifetime)}, longer than this step`,
        received: formatDuration(options.for),
        expected: `at least ${formatDuration(check.lifetime)}`,
        fix: 'lengthen the step or shorten the lifetime of the check',
      })
    }
    const action = { kind: 'judge', step: context.step, label: context.label, duration: options.for, checks } as const
    return { actions: [action], exposure: context.exposure }
  },
})
