import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { isOutdated } from '../../config/fingerprint.ts'
import type { Installation } from '../../config/installation.ts'
import { notesOfStart, prepareStart } from '../../config/start.ts'
import { giveTicket } from '../../config/tickets.ts'
import { releaseIdOf } from '../../domain/target.ts'
import type { ShownCard } from '../../releases/releases.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { sendProblem } from '../errors.ts'
import { keyOf } from '../idempotency.ts'
import { OPERATIONS } from '../operations.ts'
import { writtenPlanOf } from '../plan-source.ts'
import { problemList } from '../problem.ts'

/** Start, look at and command releases. */
export const releaseRoutes: FastifyPluginCallbackZod<{ deps: ApiDependencies }> = (fastify, { deps }, done) => {
  const { releases, metrics, now } = deps

  fastify.route({
    ...OPERATIONS.startRelease,
    handler: async (request, reply) => {
      const { version, reason, whenBusy, key, overrideFreeze, followPlan } = request.body
      const author = request.actor
      try {
        const read = await deps.readPlan(await writtenPlanOf(request.body, deps))
        if ('problems' in read) return sendProblem(reply, problemList('plan.invalid', read.problems))
        const wish = { actor: author, reason, overridesFreeze: overrideFreeze }
        const begun = await prepareStart(read, wish, deps, now())
        if ('problems' in begun) return sendProblem(reply, problemList('plan.invalid', begun.problems))
        const { notes, ...prepared } = begun
        const asked = {
          ...prepared,
          version,
          author,
          reason,
          key: keyOf(request, key),
          whenBusy,
          mayReturn: !followPlan,
        }
        const answer = await releases.start(asked)
        metrics.releases.started(answer.placed)
        const address = `/api/v1/releases/${answer.releaseId.replace(/^release\//, '')}`
        return await reply
          .code(201)
          .header('location', address)
          .send({ ...answer, ...withNotes(notesOfStart(answer, notes)) })
      } catch (error) {
        metrics.releases.notStarted(error)
        throw error
      }
    },
  })

  fastify.route({
    ...OPERATIONS.listReleases,
    handler: ({ query }) => {
      const { size, next = null, service, environment, phase } = query
      const filter = {
        ...(service !== undefined && { service }),
        ...(environment !== undefined && { environment }),
        ...(phase !== undefined && { phase }),
      }
      return releases.list(filter, { size, next })
    },
  })

  fastify.route({
    ...OPERATIONS.showRelease,
    handler: async ({ params }, reply) => {
      const card = await releases.show(releaseIdOf(params, params.number))
      const age = Math.max(0, Math.floor((now() - (card.asOf ?? now())) / 1_000))
      return reply.header('age', String(age)).send(withAgeOfAnswers(card, deps.installation))
    },
  })

  fastify.route({
    ...OPERATIONS.sendCommand,
    handler: async (request, reply) => {
      const { verb, step, reason, by, key } = request.body
      const releaseId = releaseIdOf(request.params, request.params.number)
      const asked = { verb, releaseId, step, reason, key: keyOf(request, key), actor: request.actor }
      try {
        const answer = await releases.command(by === undefined ? asked : { ...asked, by })
        metrics.releases.commandTaken(verb)
        return await reply.code(answer.isSettled ? 200 : 202).send(answer)
      } catch (error) {
        metrics.releases.commandRefused(verb, error)
        throw error
      }
    },
  })
  fastify.route({
    ...OPERATIONS.giveTicket,
    handler: async ({ params, body, actor, log }, reply) => {
      const card = await releases.show(releaseIdOf(params, params.number))
      const given = giveTicket(card, deps.installation, { now: now(), lasts: body.for })
      log.info({ releaseId: given.releaseId, person: actor.person, until: given.until }, 'a try-it ticket was given')
      return reply.code(201).header('cache-control', 'no-store').send(given)
    },
  })
  done()
}

function withNotes(notes: readonly string[]): { readonly notes?: readonly string[] } {
  return notes.length === 0 ? {} : { notes }
}

/** The card with whether what its checklist was answered with is about a configuration that is no more. */
function withAgeOfAnswers(card: ShownCard, installation: Installation) {
  const { readiness } = card
  if (readiness === undefined) return card
  return { ...card, readiness: { ...readiness, isOutdated: isOutdated(readiness.configHash, installation, card) } }
}
