import { setImmediate as breathe } from 'node:timers/promises'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import type { z } from 'zod'
import {
  type ExpectedTraffic,
  expectedTraffic,
  type MeasuredTraffic,
  type StatedTraffic,
} from '../../analysis/expected-traffic.ts'
import { powersOf, type StepPower } from '../../analysis/plan-power.ts'
import { SluiceError } from '../../domain/errors.ts'
import { type Plan, readPlan } from '../../domain/plan.ts'
import type { Milliseconds } from '../../domain/units.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { sendProblem } from '../errors.ts'
import { problemList } from '../problem.ts'
import { checkBody } from '../schemas.ts'
import { trafficOf } from '../target-traffic.ts'

/** What a check of a plan answers with; all but the plan only when its power was asked for. */
export interface PlanCheckAnswer {
  readonly plan: Plan
  readonly since?: Milliseconds
  /** The traffic over the last `since`, both pools together; null when it could not be had. */
  readonly measured?: MeasuredTraffic | null
  /** Why some or all of it could not be had, as sentences. */
  readonly missing?: readonly string[]
  /** What the power is worked out for: as measured, and as stated where it is; null when the requests are not known. */
  readonly traffic?: ExpectedTraffic | null
  readonly power?: readonly StepPower[]
}

/** Reads a plan as a start would, and starts nothing; says what its bakes can see when traffic is stated or asked for. */
export const planRoutes: FastifyPluginCallbackZod<{ deps: ApiDependencies }> = (fastify, { deps }, done) => {
  fastify.post('/plans/check', { schema: { body: checkBody } }, async ({ body }, reply) => {
    const read = readPlan(body.plan, deps.planContext)
    if ('problems' in read) return sendProblem(reply, problemList('plan.invalid', read.problems))
    return answerTo(read.plan, body, deps)
  })
  done()
}

async function answerTo(
  plan: Plan,
  { since, traffic: stated }: Pick<z.output<typeof checkBody>, 'since' | 'traffic'>,
  { recordTraffic: record, now }: ApiDependencies,
): Promise<PlanCheckAnswer> {
  if (since !== undefined) {
    const { measured, missing } = await trafficOf(plan, { since, now: now(), ...(record !== undefined && { record }) })
    return { plan, since, measured, missing, ...(await lookAhead(plan, stated ?? {}, measured)) }
  }
  return stated === undefined ? { plan } : { plan, ...(await lookAhead(plan, stated, null)) }
}

async function lookAhead(
  plan: Plan,
  stated: StatedTraffic,
  measured: MeasuredTraffic | null,
): Promise<Pick<PlanCheckAnswer, 'traffic' | 'power'>> {
  const traffic = expectedTraffic(stated, measured)
  if (traffic === null) return { traffic, power: [] }
  if ('problem' in traffic) {
    throw new SluiceError('request.invalid', {
      message: traffic.problem,
      expected: 'a rise above the share of requests that fail as it is',
      fix: 'state a larger rise, or a smaller base rate',
    })
  }
  const power: StepPower[] = []
  for (const row of powersOf(plan, traffic)) {
    power.push(row)
    // Each row may take a tenth of a second, in which nobody else is served.
    await breathe()
  }
  return { traffic, power }
}
