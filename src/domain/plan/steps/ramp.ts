import { z } from 'zod'
import { isRecord } from '../../json.ts'
import { budgetedRamp } from './ramp-budget.ts'
import { rampThrough } from './ramp-through.ts'
import { defineStep } from './step-kind.ts'

export const rampStep = defineStep({
  kind: 'ramp',
  summary:
    'Goes through several weights with the same bake after each, or as fast as a budget of failed requests lets it.',
  schema: z.union([rampThrough.schema, budgetedRamp.schema]),
  describe: (options) => ('through' in options ? rampThrough.describe(options) : budgetedRamp.describe(options)),
  needs: (options) => ({ weights: 'through' in options ? options.through : [options.to], cohorts: false }),
  expand: (options, context) =>
    'through' in options ? rampThrough.expand(options, context) : budgetedRamp.expand(options, context),
  glimpse: (value, context) =>
    isRecord(value) && 'to' in value ? budgetedRamp.glimpse(value, context) : rampThrough.glimpse(value, context),
})
