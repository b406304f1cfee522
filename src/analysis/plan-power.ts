import type { Action } from '../domain/actions.ts'
import type { Check, SequentialRule } from '../domain/checks.ts'
import { type Exposure, NO_EXPOSURE } from '../domain/exposure.ts'
import type { Plan } from '../domain/plan.ts'
import { type BasisPoints, FULL_WEIGHT, type Milliseconds } from '../domain/units.ts'
import { type BakePlan, describePower, detectionPower, type Rise } from './power.ts'

/** The traffic a plan is checked for. */
export interface ExpectedTraffic {
  /** Of the whole target. */
  readonly requestsPerSecond: number
  /** Share of failed requests as it is, and as a bad canary would have it. */
  readonly rise: Rise
}

/** How well one check sees a bad canary in one stretch of watched time. Plain JSON. */
export interface StepPower {
  readonly step: number
  readonly label: string
  readonly check: string
  readonly weight: BasisPoints
  readonly bake: Milliseconds
  /** Probability to fail the canary in this stretch alone, in [0, 1]; null when traffic says nothing about it. */
  readonly power: number | null
  /** The figure as a sentence, or why there is none. */
  readonly text: string
  readonly isWeak: boolean
}

/** Below this a bake is more likely to miss the regression than to see it. */
const WEAK = 0.5

/**
 * The power of every sequential errorRate check in every bake and analysis. Each stretch is looked at alone; in a release
 * the evidence of earlier ones counts too, so that the whole plan sees more than its best step.
 */
export function powerOf(plan: Plan, { requestsPerSecond, rise }: ExpectedTraffic): readonly StepPower[] {
  let exposure = NO_EXPOSURE
  const rows: StepPower[] = []
  for (const action of plan.actions) {
    if (action.kind === 'expose') exposure = action.exposure
    if (action.kind !== 'bake' && action.kind !== 'judge') continue
    const { step, label, duration: bake } = action
    const { weight } = exposure
    const stretch: BakePlan = { requestsPerSecond, weight, bake, interval: plan.interval }
    for (const { name, rule } of watching(plan, action)) {
      const silent = whyNothing(exposure)
      const power = silent === null ? detectionPower(stretch, rise, rule) : null
      const text = silent ?? describePower(stretch, rise, rule)
      rows.push({ step, label, check: name, weight, bake, power, text, isWeak: power !== null && power < WEAK })
    }
  }
  return rows
}

function watching(plan: Plan, action: Action): readonly { name: string; rule: SequentialRule }[] {
  const checks: readonly Check[] = action.kind === 'judge' ? [...plan.checks, ...action.checks] : plan.checks
  return checks.flatMap((check) =>
    check.kind === 'errorRate' && check.rule.judge === 'sequential' ? [{ name: check.name, rule: check.rule }] : [],
  )
}

function whyNothing({ weight, cohorts }: Exposure): string | null {
  if (weight === FULL_WEIGHT) return 'everybody is on the canary: there is no stable to compare with'
  if (weight > 0) return null
  return cohorts.length === 0 ? 'nobody is on the canary' : `only ${cohorts.join(', ')}: their traffic is not known`
}
