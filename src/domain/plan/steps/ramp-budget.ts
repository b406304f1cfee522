import { z } from 'zod'
import { withWeight } from '../../exposure.ts'
import { type BasisPoints, formatDuration, formatWeight, type Milliseconds } from '../../units.ts'
import type { Action } from '../actions.ts'
import { budgetText, stretchText, weightText } from '../plan-values.ts'
import { reportUnseen } from './looks.ts'
import { likelyWeight, reportFallingWeight } from './rising.ts'
import type { GlimpseContext, StepContext } from './step-kind.ts'

const MINUTE: Milliseconds = 60_000

/** One setting for all traffic: `docs/benchmarks/decisions.md`, "A ramp with a budget". */
const schema = z.strictObject({
  to: weightText,
  spend: budgetText.default(0.5),
  atLeast: stretchText.default(6 * MINUTE),
})

type Budget = z.output<typeof schema>

/**
 * A ramp that rises as fast as a budget lets it. Each weight is held for its part of `atLeast`, the first for two, and then for as long as the next
 * one is not affordable; a weight is never passed over, since what one does nobody knows who has not been near it.
 */
export const budgetedRamp = {
  schema,
  describe: ({ to, spend, atLeast }: Budget) =>
    `ramp to ${formatWeight(to)}, spending at most ${spend}x, ${formatDuration(atLeast)} or more`,
  expand({ to, spend, atLeast }: Budget, context: StepContext) {
    const exposure = withWeight(context.exposure, to)
    if (isReported(to, context)) return { actions: [], exposure }
    reportUnbounded(context)
    const weights = weightsTo(to, context)
    const share = Math.ceil(atLeast / (weights.length + 1))
    reportShortStay(share, weights.length + 1, context)
    const actions = weights.flatMap((weight, index): Action[] => {
      const raise = { from: weights[index - 1] ?? context.exposure.weight, to: weight, end: to, spend }
      const next = formatWeight(weight)
      // What is grossly bad is found where the fewest have it.
      const stay = index === 0 ? 2 * share : share
      return [
        {
          ...{ kind: 'bake', step: context.step, label: `bake ${formatDuration(stay)}, then ${next} within ${spend}x` },
          ...{ duration: stay, until: 'time', raise },
        },
        { kind: 'expose', step: context.step, label: `weight ${next}`, exposure: withWeight(exposure, weight) },
      ]
    })
    return { actions, exposure }
  },
  glimpse(value: Readonly<Record<string, unknown>>, context: GlimpseContext) {
    const read = weightText.safeParse(value['to'])
    if (read.success) isReported(read.data, context)
    const weight = read.success ? read.data : likelyWeight(value['to'])
    return weight === null ? null : withWeight(context.exposure, weight)
  },
}

/** Weights as people write them; between them nobody would have chosen one. */
const WRITTEN: readonly BasisPoints[] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_500, 5_000, 7_500]
/** What is nearer to the end than this is no weight of its own. */
const NEAR = 1.25

/** The weights from here to the end that a plan's author could have written for this router. */
function weightsTo(to: BasisPoints, { exposure, weightStep = 1 }: GlimpseContext): readonly BasisPoints[] {
  const between = WRITTEN.filter(
    (weight) => weight > exposure.weight && weight * NEAR <= to && weight % weightStep === 0,
  )
  return [...between, to]
}

/** True when the ramp has no beginning, or an end that is not above it; that is reported. */
function isReported(to: BasisPoints, context: GlimpseContext): boolean {
  const { exposure, path, report } = context
  if (exposure.weight === 0) {
    report({
      rule: 'ramp-without-start',
      path,
      message: 'nobody has the new version by weight here, so there is nothing that a raise could be weighed by',
      received: `weight ${formatWeight(exposure.weight)}`,
      expected: 'a weight before the ramp',
      fix: 'write a first weight before it, such as weight: 1%',
    })
    return true
  }
  reportFallingWeight(to, exposure.weight, [...path, 'to'], context)
  return to <= exposure.weight
}

function reportUnbounded({ isHarmBounded, path, report }: StepContext): void {
  if (isHarmBounded !== false) return
  report({
    rule: 'ramp-without-rate',
    path,
    message: 'no check of this plan says what a weight may cost at most, so the ramp would never rise',
    received: 'no errorRate with notWorseThan that watches every step',
    expected: 'a check that compares the failed requests of everybody with stable',
    fix: 'add errors: { errorRate: { notWorseThan: 1.5x } } to checks, or write the weights: ramp: { through: [5%, 25%], bake: 10m }',
  })
}

function reportShortStay(stay: Milliseconds, shares: number, context: StepContext): void {
  const { interval, path } = context
  if (interval === undefined) return
  reportUnseen(stay, [...path, 'atLeast'], {
    ...context,
    report: (problem) =>
      context.report({
        ...problem,
        message: `some weights are held for ${formatDuration(stay)} alone, which ends before the guard has looked: it looks every ${formatDuration(interval)}`,
        expected: `at least ${formatDuration(shares * interval)}`,
      }),
  })
}
