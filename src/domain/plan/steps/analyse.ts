import { z } from 'zod'
import { formatDuration, type Milliseconds, writeDuration } from '../../units.ts'
import type { Check } from '../checks.ts'
import { partsOf } from '../plan-parts.ts'
import { checkMap, nameText, stretchText } from '../plan-values.ts'
import { reportUnseen } from './looks.ts'
import { defineStep, type GlimpseContext, NEEDS_NOTHING } from './step-kind.ts'

const analyseOptions = z
  .strictObject({
    for: stretchText.optional(),
    checks: checkMap
      .refine((checks) => Object.keys(checks).length > 0, {
        error: 'expected at least one check',
      })
      .optional(),
    start: nameText.optional(),
    passed: nameText.optional(),
  })
  .superRefine(({ for: length, checks, start, passed }, context) => {
    const issue = (message: string) => context.addIssue({ code: 'custom', message: `expected ${message}`, path: [] })
    if (passed !== undefined) {
      if (length !== undefined || checks !== undefined || start !== undefined)
        issue('passed alone, such as { passed: soak }')
      return
    }
    if (checks === undefined) issue('checks, such as { for: 30m, checks: { slowest: { latency: { max: 2s } } } }')
    else if (start === undefined && length === undefined) issue('for or start beside checks, such as for: 30m')
    else if (start !== undefined && length !== undefined)
      issue('either for or start beside checks, such as start: soak')
  })

export const analyseStep = defineStep({
  kind: 'analyse',
  summary: 'Watches further checks beside the plan’s own, for a duration or in the background; all must pass.',
  schema: analyseOptions,
  describe({ for: length = 0, checks = {}, start, passed }) {
    if (passed !== undefined) return `analyse until ${passed} has passed`
    if (start !== undefined) return `analyse ${namesOf(checks)} in the background as ${start}`
    return `analyse ${namesOf(checks)} for ${formatDuration(length)}`
  },
  needs: () => NEEDS_NOTHING,
  expand({ for: length = 0, checks: written = {}, start, passed }, context) {
    const { step, label, exposure, path, backgrounds } = context
    if (passed !== undefined) {
      const begun = backgrounds?.end(passed, [...path, 'passed'])
      if (begun === undefined || begun === null) return { actions: [], exposure }
      const action = { kind: 'judge', step, label, duration: 0, checks: begun.checks, begunAtStep: begun.step } as const
      return { actions: [action], exposure }
    }
    const checks = context.readChecks(written, [...path, 'checks'])
    if (start !== undefined) {
      backgrounds?.begin(start, { step, checks }, [...path, 'start'])
      return { actions: [], exposure }
    }
    reportShort(length, checks, context)
    return { actions: [{ kind: 'judge', step, label, duration: length, checks }], exposure }
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
