import { randomUUID } from 'node:crypto'
import fastifyFactory, { type FastifyInstance, LogController } from 'fastify'
import type { Actor } from '../domain/actor.ts'
import type { Milliseconds } from '../domain/units.ts'
import type { ApiDependencies } from './dependencies.ts'
import { answerBrokenBytes, answerError, answerUnknownRoute, SECURITY_HEADERS } from './errors.ts'
import { createIdentify, hasTokens } from './identity.ts'
import { parseJsonBodies } from './json-body.ts'
import { refuseForeigners } from './own-machine.ts'
import { calibrationRoutes } from './routes/calibrations.ts'
import { callbackRoutes } from './routes/callbacks.ts'
import { flagRoutes } from './routes/flags.ts'
import { freezeRoutes } from './routes/freezes.ts'
import { operationRoutes } from './routes/operations.ts'
import { pipelineRoutes } from './routes/pipelines.ts'
import { planRoutes } from './routes/plans.ts'
import { readinessRoutes } from './routes/readiness.ts'
import { releaseRoutes } from './routes/releases.ts'
import { targetRoutes } from './routes/targets.ts'
import { compileSerializer, compileValidator } from './validation.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sent this; only below /api/v1. */
    actor: Actor
  }
}

/** Largest body that is read, in bytes. */
const BODY_LIMIT = 256 * 1_024
/** Longest address part, such as a service name. */
const PARAM_LIMIT = 128
/** Time to receive a whole request, in milliseconds. */
const REQUEST_TIMEOUT: Milliseconds = 10_000
/** Silence on a connection after which it is closed; longer than the slowest answer, a checklist of 28 s. */
const CONNECTION_TIMEOUT: Milliseconds = 30_000

/** The HTTP server, not yet listening. `close()` lets running requests finish and refuses new ones. */
export function createServer(deps: ApiDependencies): FastifyInstance {
  const fastify = fastifyFactory({
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT,
    connectionTimeout: CONNECTION_TIMEOUT,
    keepAliveTimeout: CONNECTION_TIMEOUT,
    forceCloseConnections: 'idle',
    genReqId: () => randomUUID(),
    logController: new LogController({ disableRequestLogging: true }),
    routerOptions: { maxParamLength: PARAM_LIMIT },
    frameworkErrors: (error, request, reply) => void answerError(error, request, reply),
    clientErrorHandler: answerBrokenBytes,
    ...(deps.logger === undefined ? { logger: false } : { loggerInstance: deps.logger }),
  })
  fastify.setErrorHandler(answerError)
  fastify.setNotFoundHandler(answerUnknownRoute)
  fastify.removeContentTypeParser('text/plain')
  fastify.setValidatorCompiler(compileValidator)
  fastify.setSerializerCompiler(compileSerializer)
  parseJsonBodies(fastify)
  fastify.addHook('onRequest', async (request, reply) => {
    reply.headers({ ...SECURITY_HEADERS, 'x-request-id': request.id })
  })
  observeRequests(fastify, deps)
  fastify.register(ownRoutes, { deps })
  fastify.register(callbackRoutes, { deps })
  deps.mount?.(fastify)
  if (deps.servedFlags !== undefined && deps.servedFlags.size > 0)
    fastify.register(flagRoutes, { served: deps.servedFlags })
  return fastify
}

function observeRequests(fastify: FastifyInstance, { metrics }: ApiDependencies): void {
  fastify.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown'
    metrics.http.observe({
      method: request.method,
      route,
      status: reply.statusCode,
      seconds: reply.elapsedTime / 1_000,
    })
  })
}

/** All but Slack's and callbacks, which come from afar and are signed. */
async function ownRoutes(fastify: FastifyInstance, { deps }: { deps: ApiDependencies }): Promise<void> {
  if (!hasTokens(deps.installation)) fastify.addHook('onRequest', async ({ headers }) => refuseForeigners(headers))
  fastify.register(operationRoutes, { deps })
  fastify.register(apiRoutes, { prefix: '/api/v1', deps })
}

/** Everything below asks who is there before it reads a byte of the body. */
async function apiRoutes(fastify: FastifyInstance, { deps }: { deps: ApiDependencies }): Promise<void> {
  const identify = createIdentify(deps.installation)
  fastify.decorateRequest('actor')
  fastify.addHook('onRequest', async (request) => {
    request.actor = identify(request.headers)
  })
  fastify.register(releaseRoutes, { deps })
  fastify.register(planRoutes, { deps })
  fastify.register(readinessRoutes, { deps })
  fastify.register(pipelineRoutes, { deps })
  fastify.register(calibrationRoutes, { deps })
  fastify.register(targetRoutes, { deps })
  fastify.register(freezeRoutes, { deps })
}
