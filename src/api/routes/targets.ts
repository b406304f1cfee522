import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import type { Installation } from '../../config/installation.ts'
import type { TargetConfig } from '../../config/installation-schema.ts'
import { policiesFor } from '../../config/policies.ts'
import { requireTarget } from '../../config/targets.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { keyOf } from '../idempotency.ts'
import { OPERATIONS } from '../operations.ts'

/** What can be released to, and the lane of each. */
export const targetRoutes: FastifyPluginCallbackZod<{ deps: ApiDependencies }> = (fastify, { deps }, done) => {
  const { releases, installation } = deps

  fastify.route({
    ...OPERATIONS.listTargets,
    handler: () => ({ targets: installation.targets.map((target) => describeTarget(target, installation)) }),
  })

  fastify.route({
    ...OPERATIONS.showLane,
    handler: ({ params }) => {
      requireTarget(installation, params)
      return releases.lane(params)
    },
  })

  fastify.route({
    ...OPERATIONS.freezeLane,
    handler: (request) => {
      const { params, body, actor } = request
      requireTarget(installation, params)
      return releases.freeze(params, { by: actor.person, reason: body.reason, key: keyOf(request, body.key) })
    },
  })

  fastify.route({
    ...OPERATIONS.unfreezeLane,
    handler: (request) => {
      const { params, actor } = request
      requireTarget(installation, params)
      return releases.unfreeze(params, { by: actor.person, key: keyOf(request, undefined) })
    },
  })

  fastify.route({
    ...OPERATIONS.allowVersion,
    handler: (request) => {
      const { params, body, actor } = request
      requireTarget(installation, params)
      const { version, reason } = body
      return releases.allow(params, { version, reason, by: actor.person, key: keyOf(request, body.key) })
    },
  })

  fastify.route({
    ...OPERATIONS.pinLane,
    handler: (request) => {
      const { params, body, actor } = request
      requireTarget(installation, params)
      const { version, reason } = body
      const asked = { reason, by: actor.person, key: keyOf(request, body.key) }
      return releases.pin(params, version === undefined ? asked : { ...asked, version })
    },
  })

  fastify.route({
    ...OPERATIONS.unpinLane,
    handler: (request) => {
      const { params, actor } = request
      requireTarget(installation, params)
      return releases.unpin(params, { by: actor.person, key: keyOf(request, undefined) })
    },
  })

  fastify.route({
    ...OPERATIONS.goBack,
    handler: async (request, reply) => {
      const { params, body, actor } = request
      requireTarget(installation, params)
      const asked = { actor, reason: body.reason, key: keyOf(request, body.key) }
      return reply.code(201).send(await releases.back(params, asked))
    },
  })

  fastify.route({
    ...OPERATIONS.recoverTarget,
    handler: (request) => {
      const { params, body, actor } = request
      const { pools, router } = requireTarget(installation, params)
      const { reason, stable } = body
      const routed = router === undefined ? {} : { pools }
      const asked = { by: actor.person, reason, ...routed, key: keyOf(request, body.key) }
      return releases.recover(params, stable === undefined ? asked : { ...asked, stable })
    },
  })
  done()
}

/** Kinds and names only: addresses and secrets of adapters stay inside. */
function describeTarget(target: TargetConfig, installation: Installation) {
  const { service, environment, pools, router, metrics, plan } = target
  return {
    service,
    environment,
    pools,
    router: router?.kind ?? null,
    metrics: Object.entries(metrics).map(([name, { kind }]) => ({ name, kind })),
    hasPlan: plan !== undefined,
    policies: policiesFor(target, installation).map(({ name }) => name),
  }
}
