import { z } from 'zod'
import { type Exposure, withWeight } from '../../exposure.ts'
import { isRecord } from '../../json.ts'
import { type BasisPoints, formatDuration, formatWeight, type Milliseconds } from '../../units.ts'
import type { Action } from '../actions.ts'
import { stretchText, weightText } from '../plan-values.ts'
import { reportUnseen } from './looks.ts'
import { likelyWeight, reportFallingWeight } from './rising.ts'
import type { GlimpseContext, StepContext } from './step-kind.ts'

const MOST_WEIGHTS = 100

const schema = z.strictObject({ through: z.array(weightText).min(1).max(MOST_WEIGHTS), bake: stretchText })

type Through = z.output<typeof schema>

/** A ramp whose author has chosen the weights and the time at each. */
export const rampThrough = {
  schema,
  describe: ({ through, bake }: Through) =>
    `ramp ${through.map(formatWeight).join(' → ')}, bake ${formatDuration(bake)} each`,
  expand({ through, bake }: Through, context: StepContext) {
    const exposures = exposuresOf(through, [], context)
    reportShortBake(bake, context)
    const actions = exposures.flatMap((exposure): Action[] => {
      const label = `weight ${formatWeight(exposure.weight)}`
      const bakeLabel = `bake ${formatDuration(bake)}`
      return [
        { kind: 'expose', step: context.step, label, exposure },
        { kind: 'bake', step: context.step, label: bakeLabel, duration: bake, until: 'time' },
      ]
    })
    return { actions, exposure: exposures.at(-1) ?? context.exposure }
  },
  glimpse(value: unknown, context: GlimpseContext) {
    const { through, bake } = isRecord(value) ? value : {}
    const length = stretchText.safeParse(bake)
    if (length.success) reportShortBake(length.data, context)
    const written: readonly unknown[] = Array.isArray(through) ? through.slice(0, MOST_WEIGHTS) : []
    const read = written.map((weight) => weightText.safeParse(weight).data ?? null)
    const exposures = exposuresOf(read, written.map(likelyWeight), context)
    const isOpen = read.length === 0 || (read.at(-1) === null && likelyWeight(written.at(-1)) === null)
    return isOpen ? null : (exposures.at(-1) ?? null)
  },
}

/** The exposures of a ramp, each from the one before it; `likely` stands in for weights that could not be read. */
function exposuresOf(
  weights: readonly (BasisPoints | null)[],
  likely: readonly (BasisPoints | null)[],
  context: GlimpseContext,
): readonly Exposure[] {
  let { exposure } = context
  return weights.flatMap((read, index) => {
    const weight = read ?? likely[index] ?? null
    if (weight === null) return []
    if (read !== null) reportFallingWeight(read, exposure.weight, [...context.path, 'through', index], context)
    exposure = withWeight(exposure, weight)
    return [exposure]
  })
}

function reportShortBake(bake: Milliseconds, context: GlimpseContext): void {
  if (context.isWatched === true) reportUnseen(bake, [...context.path, 'bake'], context)
}
