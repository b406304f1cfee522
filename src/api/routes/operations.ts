import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { ERROR_CODES, isErrorCode } from '../../domain/error-codes.ts'
import { describeError } from '../../domain/errors.ts'
import type { Milliseconds } from '../../domain/units.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { unknownRoute } from '../errors.ts'
import { openApiDocument } from '../openapi.ts'
import { OPEN_OPERATIONS } from '../operations.ts'
import { codeAddress } from '../problem.ts'

/** How long readiness waits for Temporal, in milliseconds: shorter than what probes wait for us. */
const PING_DEADLINE: Milliseconds = 2_000

/** What machines ask: alive, ready, figures; and what an error code means. Open to everyone who reaches the port. */
export const operationRoutes: FastifyPluginCallbackZod<{ deps: ApiDependencies }> = (fastify, { deps }, done) => {
  let document: ReturnType<typeof openApiDocument> | null = null

  fastify.route({ ...OPEN_OPERATIONS.isAlive, handler: () => ({ status: 'ok' as const }) })

  fastify.route({
    ...OPEN_OPERATIONS.isReady,
    handler: async (_request, reply) => {
      const temporal = await pingTemporal(deps)
      const isReady = temporal.status === 'up'
      return reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ready' : 'not ready', parts: { temporal } })
    },
  })

  fastify.route({ ...OPEN_OPERATIONS.describeApi, handler: () => (document ??= openApiDocument()) })

  fastify.route({
    ...OPEN_OPERATIONS.metrics,
    handler: async (_request, reply) => {
      const { registry } = deps.metrics
      return reply.type(registry.contentType).send(await registry.metrics())
    },
  })

  fastify.route({
    ...OPEN_OPERATIONS.describeError,
    handler: ({ params: { code } }) => {
      if (!isErrorCode(code)) throw unknownRoute()
      return { type: codeAddress(code), code, ...ERROR_CODES[code] }
    },
  })
  done()
}

async function pingTemporal({ releases }: ApiDependencies): Promise<{ status: 'up' | 'down'; reason?: string }> {
  const giveUp = new AbortController()
  const tooLate = sleep(PING_DEADLINE, { status: 'down' as const, reason: 'no answer in time' }, giveUp)
  try {
    return await Promise.race([releases.ping().then(() => ({ status: 'up' as const })), tooLate])
  } catch (error) {
    return { status: 'down', reason: describeError(error) }
  } finally {
    giveUp.abort()
    await tooLate.catch(() => undefined)
  }
}
