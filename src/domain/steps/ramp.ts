import { z } from 'zod'
import type { Action } from '../actions.ts'
import { durationText, weightText } from '../plan-values.ts'
import { formatDuration, formatWeight } from '../units.ts'
import { reportFallingWeight } from './rising.ts'
import { defineStep } from './step-kind.ts'

export const rampStep = defineStep({
  kind: 'ramp',
  summary: 'Goes through several weights with the same bake after each.',
  schema: z.strictObject({ through: z.array(weightText).min(1).max(100), bake: durationText }),
  describe: ({ through, bake }) => `ramp ${through.map(formatWeight).join(' → ')}, bake ${formatDuration(bake)} each`,
  needs: ({ through }) => ({ weights: through, cohorts: false }),
  expand({ through, bake }, context) {
    let exposure = context.exposure
    const actions: Action[] = []
    for (const [index, weight] of through.entries()) {
      reportFallingWeight(weight, exposure.weight, [...context.path, 'through', index], context)
      exposure = { ...exposure, weight }
      const label = `weight ${formatWeight(weight)}`
      actions.push({ kind: 'expose', step: context.step, label, exposure })
      const bakeLabel = `bake ${formatDuration(bake)}`
      actions.push({ kind: 'bake', step: context.step, label: bakeLabel, duration: bake, until: 'time' })
    }
    return { actions, exposure }
  },
})
