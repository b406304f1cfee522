import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { configurationHash } from '../../config/fingerprint.ts'
import { SluiceError } from '../../domain/errors.ts'
import { openLines } from '../../domain/readiness/answers.ts'
import { waivedIn } from '../../domain/readiness/rules.ts'
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
      return { service, environment, ...answers, isReady: openLines(answers, waivedIn(plan)).length === 0 }
    },
  })

  fastify.route({
    ...OPERATIONS.keepRehearsal,
    handler: async ({ body, actor }, reply) => {
      const read = await deps.readPlan(await writtenPlanOf(body, deps))
      if ('problems' in read) return sendProblem(reply, problemList('plan.invalid', read.problems))
      const { configHash, runs, leftOut } = body
      if (configHash !== configurationHash(deps.installation, read.plan)) throw hasChanged()
      const rehearsal = { configHash, at: deps.now(), by: actor.person, runs, leftOut }
      const { planHash } = await deps.releases.rehearsed(read.plan, rehearsal)
      return reply.code(201).send({ planHash, configHash, isRight: runs.every(({ isRight }) => isRight) })
    },
  })
  done()
}

function hasChanged(): SluiceError {
  return new SluiceError('command.refused', {
    message: 'the configuration of the target has changed while the plan was rehearsed',
    fix: 'rehearse it again',
  })
}
