import type { FastifyInstance } from 'fastify'
import type { RequestListener } from 'node:http'
import type { SlackMetrics, SlackRequestAnswer } from '../telemetry/slack-metrics.ts'
import type { SignedRequest } from './signature.ts'

export const SLACK_ADDRESS = '/slack/events'

/** Largest body that is read before its signature is known, in bytes. */
const BODY_LIMIT = 64 * 1_024

export interface MountOptions {
  readonly check: (request: SignedRequest) => SlackRequestAnswer
  /** Bolt's own listener; it verifies the signature once more and parses. */
  readonly listener: RequestListener
  readonly metrics: SlackMetrics | undefined
}

/** Adds Slack's address to the API's port: the raw body is kept, checked, and handed on to Bolt. */
export function mountSlack(fastify: FastifyInstance, { check, listener, metrics }: MountOptions): void {
  fastify.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_LIMIT }, (_request, body, done) =>
      done(null, body),
    )
    scope.post<{ Body: Buffer | undefined }>(SLACK_ADDRESS, { bodyLimit: BODY_LIMIT }, (request, reply) => {
      const body = request.body ?? Buffer.alloc(0)
      const answer = isSslCheck(body) ? 'taken' : check({ headers: request.headers, body })
      metrics?.received(answer)
      switch (answer) {
        case 'bad-signature':
        case 'bad-time':
          return reply.code(401).send()
        // Slack itself may deliver twice: it is told that all is well, and nothing happens.
        case 'replayed':
          return reply.code(200).send()
        case 'taken':
          reply.hijack()
          // Bolt takes a body that was read already from this property.
          return listener(Object.assign(request.raw, { rawBody: body }), reply.raw)
      }
    })
  })
}

/** Slack looks now and then, unsigned, whether the address is there; Bolt answers it and looks at nothing else in it. */
function isSslCheck(body: Buffer): boolean {
  return body.length < 1_024 && new URLSearchParams(body.toString()).get('ssl_check') === '1'
}
