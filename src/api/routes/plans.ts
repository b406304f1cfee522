import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import type { z } from 'zod'
import { designPlan } from '../../analysis/design/design-plan.ts'
import { expectedTraffic, type MeasuredTraffic, type StatedTraffic } from '../../analysis/power/expected-traffic.ts'
import { unaskedEvent } from '../../analysis/power/plan-power.ts'
import { configurationHash } from '../../config/fingerprint.ts'
import { freezeNotes } from '../../config/freezes.ts'
import { rehearsalNotes } from '../../config/rehearsed.ts'
import { SluiceError } from '../../domain/errors.ts'
import type { Plan } from '../../domain/plan/plan.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { sendProblem } from '../errors.ts'
import { oneAtATime } from '../one-at-a-time.ts'
import { type AnswerTo, OPERATIONS } from '../operations.ts'
import { problemList } from '../problem.ts'
import { LOOK_TIME } from '../recorder.ts'
import { trafficOf } from '../target-traffic.ts'
import type { checkBody, designBody } from '../wire/requests.ts'

/** Reads a plan as a start would, and starts nothing; says what its bakes can see when traffic is stated or asked for. */
export const planRoutes: FastifyPluginCallbackZod<{ deps: ApiDependencies }> = (fastify, { deps }, done) => {
  const alone = oneAtATime('the power of another plan is being calculated')

  fastify.route({
    ...OPERATIONS.checkPlan,
    handler: async ({ body }, reply) => {
      const read = await deps.readPlan(body.plan)
      if ('problems' in read) return sendProblem(reply, problemList('plan.invalid', read.problems))
      const rehearsal = await rehearsalNotes(read.plan, deps, deps.now())
      const notes = [...freezeNotes(read.plan, deps.installation, deps.now()), ...rehearsal]
      const configHash = configurationHash(deps.installation, read.plan)
      const told = { configHash, ...(notes.length > 0 && { notes }) }
      if (body.since === undefined && body.traffic === undefined) return { plan: read.plan, ...told }
      return alone(async () => ({ ...(await answerTo(read.plan, body, deps)), ...told }))
    },
  })

  fastify.route({
    ...OPERATIONS.designPlan,
    handler: ({ body }) => alone(() => design(body, deps)),
  })
  done()
}

async function design(
  { service, environment, since, traffic: stated, harm }: z.output<typeof designBody>,
  { factsOf, readPlan, recordTraffic, seeTraffic, runPower, now }: ApiDependencies,
): Promise<AnswerTo<'designPlan'>> {
  const target = { service, environment }
  return designPlan(
    { target, facts: factsOf(target), harm },
    {
      read: readPlan,
      async traffic(plan) {
        if (stated.requestsPerSecond !== undefined && stated.baseRate !== undefined)
          return { traffic: expectedTraffic(stated, null) }
        const past = await trafficOf(plan, { since, now: now(), record: recordTraffic })
        if (past.measured !== null) return { traffic: expectedTraffic(stated, past.measured) }
        const { measured, missing } = await trafficOf(plan, { since, now: now(), record: seeTraffic })
        if (measured !== null) return { traffic: expectedTraffic(stated, measured), seenFor: LOOK_TIME }
        if (stated.requestsPerSecond !== undefined) return { traffic: expectedTraffic(stated, null) }
        const why = [...new Set([...past.missing, ...missing])].join('; ')
        return { traffic: { problem: `the traffic of ${service}/${environment} could not be measured: ${why}` } }
      },
      power: async (plan, traffic) => (await runPower({ plan, traffic })).power,
    },
  )
}

async function answerTo(
  plan: Plan,
  { since, traffic: stated = {} }: Pick<z.output<typeof checkBody>, 'since' | 'traffic'>,
  deps: ApiDependencies,
): Promise<Omit<AnswerTo<'checkPlan'>, 'configHash'>> {
  if (since === undefined) return { plan, ...(await lookAhead(plan, stated, null, deps)) }
  const { measured, missing } = await trafficOf(plan, { since, now: deps.now(), record: deps.recordTraffic })
  return { plan, since, measured, missing, ...(await lookAhead(plan, stated, measured, deps)) }
}

async function lookAhead(
  plan: Plan,
  stated: StatedTraffic,
  measured: MeasuredTraffic | null,
  { runPower }: ApiDependencies,
): Promise<Pick<AnswerTo<'checkPlan'>, 'traffic' | 'power' | 'isWhole'>> {
  const unasked = unaskedEvent(plan, stated)
  if (unasked !== null) {
    throw new SluiceError('request.invalid', {
      message: unasked.problem,
      expected: 'events that a rate check of the plan asks for',
      fix: 'leave it out, or write the name as the plan does',
    })
  }
  const traffic = expectedTraffic(stated, measured)
  if (traffic === null) return { traffic, power: [] }
  if ('problem' in traffic) {
    throw new SluiceError('request.invalid', {
      message: traffic.problem,
      expected: 'a rise above the share of requests that fail today',
      fix: 'state a larger rise, or a smaller base rate',
    })
  }
  return { traffic, ...(await runPower({ plan, traffic })) }
}
