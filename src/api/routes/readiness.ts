import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { openLines } from '../../domain/readiness/answers.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { sendProblem } from '../errors.ts'
import { OPERATIONS } from '../operations.ts'
import { writtenPlanOf } from '../plan-source.ts'
import { problemList } from '../problem.ts'

/** The checklist before a release. */
export const readinessRoutes: FastifyPluginCallbackZod<{ deps: ApiDependencies }> = (fastify, { deps }, done) => {
  fastify.route({
    ...OPERATIONS.askReadiness,
    handler: async ({ body, actor }, reply) => {
      const read = await deps.readPlan(await writtenPlanOf(body, deps))
      if ('problems' in read) return sendProblem(reply, problemList('plan.invalid', read.problems))
      const { plan } = read
      const { service, environment } = plan
      const { version = null } = body
      const answers = await deps.releases.ready({ plan, version, author: actor.person })
      return { service, environment, ...answers, isReady: openLines(answers, []).length === 0 }
    },
  })
  done()
}
