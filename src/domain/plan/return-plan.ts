import { NO_EXPOSURE, withFlags } from '../exposure.ts'
import { flagsOff, flagsText } from '../flag-reach.ts'
import { FULL_WEIGHT, formatDuration, type Milliseconds } from '../units.ts'
import type { Check } from './checks.ts'
import type { Plan } from './plan.ts'
import { flagsIn } from './plan-flags.ts'

/** A return is watched for so long, and for three looks at least. */
const WATCHED: Milliseconds = 60_000
const LEAST_LOOKS = 3

/**
 * The plan of a return to the version before: everybody at once, and then a bake. It asks no approval and knows no window,
 * because it is a way back. What can be judged with nobody on stable watches it, and pauses: a person has gone back and
 * decides what is next. The floor holds as everywhere, and the old pool must still say its version where the target can be asked.
 */
export function returnPlan(plan: Plan): Plan {
  // How many servers of the version that is left are ready must not hold the way back, and no policy does.
  const { after, windows: _windows, capacity: _capacity, template: _template, policies: _policies, ...rest } = plan
  const full = { ...NO_EXPOSURE, weight: FULL_WEIGHT }
  // What the version that is left has switched on, the version before does not carry. Users go back whether the store is there or not.
  const flags = flagsOff(flagsIn(plan.actions))
  const ofFlags = Object.keys(flags).length === 0 ? [] : [{ label: flagsText(flags), exposure: withFlags(full, flags) }]
  const duration = Math.max(WATCHED, LEAST_LOOKS * plan.interval)
  const labels = ['weight 100%', `bake ${formatDuration(duration)}`] as const
  return {
    ...rest,
    ...{ onFail: 'pause', onInconclusive: { ...plan.onInconclusive, then: 'pause' }, errorBudget: 0 },
    steps: [
      { kind: 'weight', label: labels[0] },
      ...ofFlags.map(({ label }) => ({ kind: 'flag', label })),
      { kind: 'bake', label: labels[1] },
    ],
    actions: [
      { kind: 'expose', step: 1, label: labels[0], exposure: full },
      ...ofFlags.map((set) => ({ kind: 'expose', step: 2, ...set }) as const),
      { kind: 'bake', step: 2 + ofFlags.length, label: labels[1], duration, until: 'time' },
    ],
    checks: plan.checks.filter(({ name }) => after?.alone.includes(name) === true).map(pausing),
    isReturn: true,
  }
}

function pausing(check: Check): Check {
  const { onFail, onNoData } = check
  return {
    ...check,
    ...(onFail === 'rollback' && { onFail: 'pause' as const }),
    ...(onNoData === 'rollback' && { onNoData: 'pause' as const }),
  }
}
