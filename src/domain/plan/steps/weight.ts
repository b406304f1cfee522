import { withWeight } from '../../exposure.ts'
import { formatWeight } from '../../units.ts'
import { weightText } from '../plan-values.ts'
import { likelyWeight, reportFallingWeight } from './rising.ts'
import { defineStep } from './step-kind.ts'

export const weightStep = defineStep({
  kind: 'weight',
  summary: 'Sends this share of all users to the canary.',
  schema: weightText,
  describe: (weight) => `weight ${formatWeight(weight)}`,
  needs: (weight) => ({ weights: [weight], cohorts: false }),
  expand(weight, context) {
    reportFallingWeight(weight, context.exposure.weight, context.path, context)
    const exposure = withWeight(context.exposure, weight)
    return { actions: [{ kind: 'expose', step: context.step, label: context.label, exposure }], exposure }
  },
  glimpse(value, { exposure }) {
    const weight = likelyWeight(value)
    return weight === null ? null : withWeight(exposure, weight)
  },
})
