import { z } from 'zod'
import { formatDuration, type Milliseconds, writeDuration } from '../../units.ts'
import type { Check } from '../checks.ts'
import { partsOf } from '../plan-parts.ts'
import { checkMap, stretchText } from '../plan-values.ts'
import { reportUnseen } from './looks.ts'
import { defineStep, type GlimpseContext, NEEDS_NOTHING } from './step-kind.ts'

const analyseOptions = z.strictObject({
  for: stretchText,
  checks: checkMap.refine((checks) => Object.keys(checks).length > 0, {
    error: 'expected at least one check',
  }),
})

export const analyseStep = defineStep({
  kind: 'analyse',
  summary: 'Watches further checks beside the plan’s own for a duration; all must pass.',
  schema: analyseOptions,
  describe: (options) => `analyse ${namesOf(options.checks)} for ${formatDuration(options.for)}`,
  needs: () => NEEDS_NOTHING,
  expand(options, context) {
    const checks = context.readChecks(options.checks, [...context.path, 'checks'])
    reportShort(options.for, checks, context)
    const action = { kind: 'judge', step: context.step, label: context.label, duration: options.for, checks } as const
    return { actions: [action], exposure: context.exposure }
  },
  glimpse(value, context) {
    const { read } = partsOf(analyseOptions, value)
    const checks = context.readChecks(read.checks ?? {}, [...context.path, 'checks'])
    if (read.for !== undefined) reportShort(read.for, checks, context)
    return context.exposure
  },
})

const MOST_NAMES = 8

function namesOf(checks: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(checks)
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : ''
  return `${names.slice(0, MOST_NAMES).join(', ')}${more}`
}

/** Reports a stretch that ends before the guard has looked, or before a check has its final answer. */
function reportShort(length: Milliseconds, checks: readonly Check[], context: GlimpseContext): void {
  const path = [...context.path, 'for']
  reportUnseen(length, path, context)
  for (const check of checks) {
    const answer = context.finalAnswer(check)
    // A shorter step would hold for it.
    if (answer === null || answer.after <= length) continue
    const { after, what, why, options } = answer
    context.report({
      rule: 'analysis-too-short',
      path,
      message: `the check ${check.name} has ${what} after ${formatDuration(after)}${why}, later than this step ends`,
      received: formatDuration(length),
      expected: `at least ${writeDuration(after)}`,
      fix: `lengthen the step or shorten the ${options} of the check`,
    })
  }
}
