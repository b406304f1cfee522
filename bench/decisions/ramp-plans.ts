import type { BakeAction } from '../../src/domain/plan/actions.ts'
import { rampStep } from '../../src/domain/plan/steps/ramp.ts'
import type { StepContext } from '../../src/domain/plan/steps/step-kind.ts'
import type { BasisPoints } from '../../src/domain/units.ts'

/** A weight, and the bake at it. */
export interface Stay extends Pick<BakeAction, 'duration' | 'raise'> {
  readonly weight: BasisPoints
}

/** A plan up to half of the users, who have the version for ten minutes more. */
export type RampPlan = readonly Stay[]

const FIRST: BasisPoints = 100
const HALF: BasisPoints = 5_000
const LAST: Stay = { weight: HALF, duration: 600_000 }

export const RAMP_PLANS = {
  'fixed-10m': fixed(600_000),
  'fixed-5m': fixed(300_000),
  codedeploy: [{ weight: 1_000, duration: 300_000 }, LAST],
  // As it is without a word of the budget or the time.
  ramp: budgeted({ to: '50%' }),
} as const satisfies Record<string, RampPlan>

export type RampPlanName = keyof typeof RAMP_PLANS

/** Requests per second. */
export const RAMP_RATES = [20, 100, 1_000] as const

function fixed(duration: number): RampPlan {
  return [...[100, 500, 1_000, 2_500].map((weight) => ({ weight, duration })), LAST]
}

/** What the step of a plan expands to. */
function budgeted(step: Readonly<Record<string, string>>): RampPlan {
  const read = rampStep.read(step)
  if (!('step' in read)) throw new Error(JSON.stringify(read.issues))
  let weight = FIRST
  const context: Omit<StepContext, 'label'> = {
    ...{ step: 1, path: [], exposure: { weight, cohorts: [] }, isHarmBounded: true, interval: 10_000 },
    ...{ peopleOf: () => null, readChecks: () => [], finalAnswer: () => null },
    report: (problem) => {
      throw new Error(problem.message)
    },
  }
  const stays = read.step.expand(context).actions.flatMap((action): readonly Stay[] => {
    if (action.kind === 'expose') weight = action.exposure.weight
    return action.kind === 'bake' ? [{ ...action, weight }] : []
  })
  return [...stays, LAST]
}
