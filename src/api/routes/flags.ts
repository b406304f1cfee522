import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { FlagContext, ServedFlags } from '../../flags/served-flags.ts'
import { isLoopback } from '../binding.ts'
import { createFlagEvents } from '../flag-events.ts'
import { refuseForeigners } from '../own-machine.ts'

/** The flags of each target that Sluice serves itself, by `<service>/<environment>`. */
export type ServedFlagsByTarget = ReadonlyMap<string, ServedFlags>

interface Params {
  readonly service: string
  readonly environment: string
  readonly key?: string
}

const evaluationBody = z.object({ context: z.record(z.string(), z.unknown()).default({}) })
const streamQuery = z.object({ key: z.string().max(200).optional() })

/**
 * What applications ask: OFREP 0.3, an event stream that tells them to ask again, and the definitions for flagd. No person
 * of Sluice is behind it, so it has its own doors: the token of the flag store, else this machine only.
 */
export const flagRoutes: FastifyPluginAsync<{ served: ServedFlagsByTarget }> = async (fastify, { served }) => {
  const events = createFlagEvents()
  fastify.addHook('preClose', async () => events.close())
  fastify.addHook('onClose', async () => {
    for (const flags of served.values()) flags.close()
  })
  fastify.setErrorHandler((error: { statusCode?: number; message: string }, request, reply) => {
    const status = error.statusCode ?? 500
    if (status >= 500) request.log.error({ err: error }, 'flags cannot be evaluated')
    const errorCode = status >= 500 ? 'GENERAL' : status === 401 ? 'GENERAL' : 'PARSE_ERROR'
    return reply.code(status).send({ errorCode, errorDetails: status >= 500 ? 'flags cannot be read' : error.message })
  })

  const of = ({ service, environment }: Params) => served.get(`${service}/${environment}`) ?? null

  fastify.post<{ Params: Params }>(
    '/flags/:service/:environment/ofrep/v1/evaluate/flags/:key',
    async (request, reply) => {
      const { key = '' } = request.params
      const flags = admit(of(request.params), request)
      const context = contextOf(request.body)
      if (flags === null) return refuse(reply, key)
      if (context === null) return badContext(reply, key)
      const evaluation = await flags.evaluate(key, context)
      if (evaluation === null) {
        return reply.code(404).send({ key, errorCode: 'FLAG_NOT_FOUND', errorDetails: 'there is no such flag' })
      }
      return reply.code('errorCode' in evaluation ? 400 : 200).send(evaluation)
    },
  )

  fastify.post<{ Params: Params }>('/flags/:service/:environment/ofrep/v1/evaluate/flags', async (request, reply) => {
    const flags = admit(of(request.params), request)
    if (flags === null) return refuse(reply)
    const context = contextOf(request.body)
    if (context === null) return badContext(reply)
    const { flags: evaluations, etag } = await flags.evaluateAll(context)
    reply.header('etag', etag)
    if (hasTag(request, etag)) return reply.code(304).send()
    return reply.send({ flags: evaluations, eventStreams: [{ type: 'sse', url: streamAddress(flags, request) }] })
  })

  fastify.get<{ Params: Params }>('/flags/:service/:environment/flagd.json', async (request, reply) => {
    const flags = admit(of(request.params), request)
    if (flags === null) return refuse(reply)
    const { text, etag } = await flags.definitions()
    reply.header('etag', etag)
    if (hasTag(request, etag)) return reply.code(304).send()
    return reply.type('application/json').send(text)
  })

  fastify.get<{ Params: Params }>('/flags/:service/:environment/events', async (request, reply) => {
    const { key } = streamQuery.parse(request.query)
    const flags = admit(of(request.params), request, key)
    if (flags === null) return refuse(reply)
    return events.open(flags, request, reply)
  })
}

/** The flags when this caller may ask for them, else null: whoever may not does not learn which targets there are. */
function admit(flags: ServedFlags | null, request: FastifyRequest, streamKey?: string): ServedFlags | null {
  if (flags === null) return null
  if (flags.token === null) return isOfThisMachine(request) ? flags : null
  const shown = tokenOf(request)
  if (shown !== null && isSame(shown, flags.token)) return flags
  return streamKey !== undefined && isSame(streamKey, streamKeyOf(flags.token)) ? flags : null
}

function isOfThisMachine({ socket, headers }: FastifyRequest): boolean {
  if (!isLoopback((socket.remoteAddress ?? '').replace(/^::ffff:/, ''))) return false
  try {
    refuseForeigners(headers)
    return true
  } catch {
    return false
  }
}

function tokenOf({ headers }: FastifyRequest): string | null {
  const bearer = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(headers.authorization ?? '')?.[1]
  const key = headers['x-api-key']
  return bearer ?? (typeof key === 'string' && key !== '' ? key : null)
}

/** Opens the event stream and nothing else: browsers cannot send a header with it, and addresses end up in logs. */
function streamKeyOf(token: string): string {
  return createHmac('sha256', token).update('event stream of flags').digest('base64url')
}

function streamAddress({ token, address }: ServedFlags, request: FastifyRequest): string {
  const { service, environment } = request.params as Params
  const base = address ?? `${request.protocol}://${request.host}/flags/${service}/${environment}`
  return `${base.replace(/\/+$/, '')}/events${token === null ? '' : `?key=${streamKeyOf(token)}`}`
}

function contextOf(body: unknown): FlagContext | null {
  const parsed = evaluationBody.safeParse(body ?? {})
  return parsed.success ? parsed.data.context : null
}

function badContext(reply: FastifyReply, key?: string): FastifyReply {
  const errorDetails = 'expected an object with the context of the evaluation, such as {"context":{"targetingKey":"…"}}'
  return reply.code(400).send({ ...(key !== undefined && { key }), errorCode: 'INVALID_CONTEXT', errorDetails })
}

function refuse(reply: FastifyReply, key?: string): FastifyReply {
  const errorDetails = 'no flags here for you: check the address and the token'
  reply.header('www-authenticate', 'Bearer')
  return reply.code(401).send({ ...(key !== undefined && { key }), errorCode: 'GENERAL', errorDetails })
}

function hasTag({ headers }: FastifyRequest, etag: string): boolean {
  const tags = (headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes(etag)
}

function isSame(left: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(left), digest(right))
}
