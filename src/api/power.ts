import type { ExpectedTraffic } from '../analysis/power/expected-traffic.ts'
import { powersOf, type StepPower } from '../analysis/power/plan-power.ts'
import type { Plan } from '../domain/plan/plan.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'
import { answerOfThread } from './thread.ts'

/** What the power of a plan is worked out from. Plain JSON, so that it can go to another thread. */
export interface PowerJob {
  readonly plan: Plan
  readonly traffic: ExpectedTraffic
}

/** The rows that were worked out, and whether that is all of them. */
interface PowerAnswer {
  readonly power: readonly StepPower[]
  readonly isWhole: boolean
}

export type RunPower = (job: PowerJob) => Promise<PowerAnswer>

/** After this time no further row is begun: a plan may have thousands, of up to half a second each. */
const ENOUGH: Milliseconds = 8_000

/** The rows of a plan, one after the other, in the thread that calls, until time is up. */
export function workOutPower({ plan, traffic }: PowerJob, now: () => Instant): PowerAnswer {
  const until = now() + ENOUGH
  const power: StepPower[] = []
  for (const row of powersOf(plan, traffic)) {
    power.push(row)
    if (now() > until) return { power, isWhole: false }
  }
  return { power, isWhole: true }
}

/** Works the power of a plan out in a thread of its own. */
export function powerInThread(
  job: PowerJob,
  file: URL = new URL('./power-thread.js', import.meta.url),
): Promise<PowerAnswer> {
  return answerOfThread(file, job, 'the power of this plan')
}
