import { z } from 'zod'
import { sortedCohorts } from '../../exposure.ts'
import { nearestWord } from '../../nearest-word.ts'
import { nameText } from '../plan-values.ts'
import { defineStep, type StepContext } from './step-kind.ts'

const cohortOptions = z.union([nameText.transform((name) => [name]), z.array(nameText).min(1).max(50)])

export const cohortStep = defineStep({
  kind: 'cohort',
  summary: 'Sends these cohorts of users to the canary, whatever the weight.',
  schema: cohortOptions,
  describe: (cohorts) => `cohort ${cohorts.join(', ')}`,
  needs: () => ({ weights: [], cohorts: true }),
  expand(names, context) {
    reportUnknown(names, context)
    const cohorts = sortedCohorts(names)
    const lost = context.exposure.cohorts.filter((name) => !cohorts.includes(name))
    if (lost.length > 0) {
      context.report({
        rule: 'cohort-lost',
        path: context.path,
        message: 'a cohort that already has the canary is missing here, so it would go back to stable',
        received: names.join(', '),
        expected: `a list that still has ${lost.join(', ')}`,
        fix: `write cohort: [${sortedCohorts([...names, ...lost]).join(', ')}]`,
      })
    }
    const exposure = { ...context.exposure, cohorts }
    return { actions: [{ kind: 'expose', step: context.step, label: context.label, exposure }], exposure }
  },
  glimpse: () => null,
})

/** Reports cohorts that the target does not define: nobody would ever be of them. */
function reportUnknown(names: readonly string[], { cohorts = null, path, report }: StepContext): void {
  if (cohorts === null) return
  for (const [index, name] of names.entries()) {
    if (cohorts.includes(name)) continue
    const near = nearestWord(name, cohorts)
    report({
      rule: 'unknown-cohort',
      path: names.length === 1 ? path : [...path, index],
      message: 'the target has no such cohort',
      received: name,
      expected: cohorts.length === 0 ? 'no cohort: the target defines none' : `one of ${cohorts.join(', ')}`,
      fix:
        near === null ? 'use one of these, or ask an administrator to add it to sluice.yaml' : `did you mean ${near}?`,
    })
  }
}
