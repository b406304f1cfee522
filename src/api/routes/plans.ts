import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { readPlan } from '../../domain/plan.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { sendProblem } from '../errors.ts'
import { problemList } from '../problem.ts'
import { checkBody } from '../schemas.ts'

/** Reads a plan as a start would, and starts nothing. */
export const planRoutes: FastifyPluginCallbackZod<{ deps: ApiDependencies }> = (fastify, { deps }, done) => {
  fastify.post('/plans/check', { schema: { body: checkBody } }, async ({ body }, reply) => {
    const read = readPlan(body.plan, deps.planContext)
    if ('problems' in read) return sendProblem(reply, problemList('plan.invalid', read.problems))
    return { plan: read.plan }
  })
  done()
}
