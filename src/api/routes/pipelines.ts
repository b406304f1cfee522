import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { preparePipeline } from '../../config/pipeline-start.ts'
import { checkedPipeline } from '../../domain/pipeline/checked-pipeline.ts'
import { pipelineIdOf, pipelineName } from '../../domain/pipeline/pipeline.ts'
import { overlapProblems } from '../../domain/pipeline/start-problems.ts'
import type { TargetId } from '../../domain/target.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { sendProblem } from '../errors.ts'
import { keyOf } from '../idempotency.ts'
import { OPERATIONS } from '../operations.ts'
import { problemList } from '../problem.ts'

/** Check, start, look at and command pipelines. */
export const pipelineRoutes: FastifyPluginCallbackZod<{ deps: ApiDependencies }> = (fastify, { deps }, done) => {
  const { pipelines, releases, readPipeline, now } = deps

  fastify.route({
    ...OPERATIONS.startPipeline,
    handler: async (request, reply) => {
      const { pipeline: asked, version, reason, key } = request.body
      const read = await readPipeline(asked)
      if ('problems' in read) return sendProblem(reply, problemList('pipeline.invalid', read.problems))
      const author = request.actor
      const usedKey = keyOf(request, key)
      const lookout = {
        lane: (target: TargetId) => releases.lane(target),
        open: () => pipelines.open(),
        hasBegun: () => pipelines.hasBegun(read.pipeline.name, usedKey),
      }
      const prepared = await preparePipeline({ ...read, version, actor: author, reason }, deps, lookout, now())
      if ('problems' in prepared) return sendProblem(reply, problemList('pipeline.invalid', prepared.problems))
      const { pipeline, versions, notes } = prepared
      const started = await pipelines.start({ pipeline, versions, author, reason, key: usedKey })
      if ('heldBy' in started)
        return sendProblem(reply, problemList('pipeline.invalid', overlapProblems(pipeline, [started.heldBy])))
      const { pipelineId } = started
      return reply
        .code(201)
        .header('location', `/api/v1/pipelines/${pipelineName(pipelineId)}`)
        .send({ pipelineId, ...(notes.length > 0 && { notes }) })
    },
  })

  fastify.route({
    ...OPERATIONS.checkPipeline,
    handler: async ({ body }, reply) => {
      const read = await readPipeline(body.pipeline)
      if ('problems' in read) return sendProblem(reply, problemList('pipeline.invalid', read.problems))
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
