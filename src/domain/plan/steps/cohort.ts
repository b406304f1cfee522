import { z } from 'zod'
import { sortedCohorts } from '../../exposure.ts'
import { reportUnknownCohort } from '../plan-cohorts.ts'
import { nameText } from '../plan-values.ts'
import { defineStep } from './step-kind.ts'

const cohortOptions = z.union([nameText.transform((name) => [name]), z.array(nameText).min(1).max(50)])

export const cohortStep = defineStep({
  kind: 'cohort',
  summary: 'Sends these cohorts of users to the canary, whatever the weight.',
  schema: cohortOptions,
  describe: (cohorts) => `cohort ${cohorts.join(', ')}`,
  needs: () => ({ weights: [], cohorts: true }),
  expand(names, context) {
    for (const [index, name] of names.entries()) {
      const path = names.length === 1 ? context.path : [...context.path, index]
      reportUnknownCohort(name, context.cohorts ?? null, { path, report: context.report })
    }
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
