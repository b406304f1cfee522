import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { chosenPipeline } from '../../config/chosen-pipeline.ts'
import { startPipeline } from '../../config/pipeline-start.ts'
import { checkedPipeline } from '../../domain/pipeline/checked-pipeline.ts'
import { pipelineIdOf, pipelineName } from '../../domain/pipeline/pipeline.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { sendProblem } from '../errors.ts'
import { keyOf } from '../idempotency.ts'
import { OPERATIONS } from '../operations.ts'
import { problemList } from '../problem.ts'

/** Check, start, look at and command pipelines. */
export const pipelineRoutes: FastifyPluginCallbackZod<{ deps: ApiDependencies }> = (fastify, { deps }, done) => {
  const { pipelines, installation, readPipeline, now } = deps

  fastify.route({
    ...OPERATIONS.startPipeline,
    handler: async (request, reply) => {
      const { body, actor } = request
      const { version, reason } = body
      const wish = { actor, version, reason, key: keyOf(request, body.key) }
      const started = await startPipeline(body, wish, deps, now())
      if ('problems' in started) return sendProblem(reply, problemList('pipeline.invalid', started.problems))
      const { pipelineId, notes } = started
      return reply
        .code(201)
        .header('location', `/api/v1/pipelines/${pipelineName(pipelineId)}`)
        .send({ pipelineId, ...(notes.length > 0 && { notes }) })
    },
  })

  fastify.route({
    ...OPERATIONS.checkPipeline,
    handler: async ({ body }, reply) => {
      const { written, placed } = chosenPipeline(body, installation)
      const read = await readPipeline(written)
      if ('problems' in read) return sendProblem(reply, problemList('pipeline.invalid', placed(read.problems)))
      return checkedPipeline(read.pipeline)
    },
  })

  fastify.route({
    ...OPERATIONS.listPipelines,
    handler: ({ query }) => {
      const { size, next = null, name, phase } = query
      const filter = { ...(name !== undefined && { name }), ...(phase !== undefined && { phase }) }
      return pipelines.list(filter, { size, next })
    },
  })

  fastify.route({
    ...OPERATIONS.showPipeline,
    handler: ({ params }) => pipelines.show(pipelineIdOf(params.name, params.run)),
  })

  fastify.route({
    ...OPERATIONS.commandPipeline,
    handler: (request) => {
      const { params, body, actor } = request
      const { verb, stage, reason } = body
      const pipelineId = pipelineIdOf(params.name, params.run)
      return pipelines.command({ verb, pipelineId, stage, reason, actor, key: keyOf(request, body.key) })
    },
  })
  done()
}
