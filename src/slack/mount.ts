import type { FastifyInstance } from 'fastify'
import type { SlackMetrics, SlackRequestAnswer } from '../telemetry/slack-metrics.ts'
import { readSlackRequest, type SlackRequest } from './requests.ts'
import type { SignedRequest } from './signature.ts'

const SLACK_ADDRESS = '/slack/events'

/** Largest body that is read before its signature is known, in bytes. */
const BODY_LIMIT = 64 * 1_024

type SlackEvent = Extract<SlackRequest, { kind: 'event' }>['body']

interface MountOptions {
  readonly check: (request: SignedRequest) => SlackRequestAnswer
  /** Hands an event on; answers as soon as a listener has taken it: true, or false when nobody listens. Never throws. */
  readonly deliver: (body: SlackEvent) => Promise<boolean>
  readonly metrics: SlackMetrics | undefined
}

/** Adds Slack's address to the API's port: the raw body is kept, checked, read, and only then handed on. */
export function mountSlack(fastify: FastifyInstance, { check, deliver, metrics }: MountOptions): void {
  fastify.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_LIMIT }, (_request, body, done) =>
      done(null, body),
    )
    scope.post<{ Body: Buffer | undefined }>(SLACK_ADDRESS, { bodyLimit: BODY_LIMIT }, async (request, reply) => {
      const body = request.body ?? Buffer.alloc(0)
      if (isSslCheck(body)) return reply.code(200).send()
      const answer = check({ headers: request.headers, body })
      metrics?.received(answer)
      switch (answer) {
        case 'bad-signature':
        case 'bad-time':
          return reply.code(401).send()
        // Slack itself may deliver twice: it is told that all is well, and nothing happens.
        case 'replayed':
          return reply.code(200).send()
        case 'taken':
          break
      }
      const read = readSlackRequest(request.headers['content-type'] ?? '', body)
      switch (read.kind) {
        case 'event':
          return reply.code((await deliver(read.body)) ? 200 : 404).send()
        case 'challenge':
          return reply.code(200).send({ challenge: read.challenge })
        case 'other':
          return reply.code(200).send()
        case 'malformed':
          return reply.code(400).send()
      }
    })
  })
}

/** Slack looks now and then, unsigned, whether the address is there; nothing else in such a request is looked at. */
function isSslCheck(body: Buffer): boolean {
  return body.length < 1_024 && new URLSearchParams(body.toString()).get('ssl_check') === '1'
}
