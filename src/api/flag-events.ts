import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Milliseconds } from '../domain/units.ts'
import type { ServedFlags } from '../flags/served-flags.ts'
import { SECURITY_HEADERS } from './errors.ts'

/** Streams of one process; a client that gets none polls. */
const MOST_STREAMS = 5_000
/** A sign of life, well before proxies and this server itself take a silent connection for dead. */
const BEAT_EVERY: Milliseconds = 10_000
/** How soon a client that lost its stream may come back. */
const RETRY_AFTER: Milliseconds = 1_000
/** A client that reads so slowly loses its stream and comes back to the newest version. */
const MOST_UNREAD = 16_384

interface FlagEvents {
  /** Answers with a stream that ends when either side goes. */
  open(flags: ServedFlags, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply>
  /** Ends every stream. */
  close(): void
}

/** Tells the clients of this process that flags have changed; what they are now, clients ask. */
export function createFlagEvents(): FlagEvents {
  const streams = new Set<ServerResponse>()
  let beat: NodeJS.Timeout | null = null

  function forget(stream: ServerResponse): void {
    streams.delete(stream)
    if (streams.size > 0 || beat === null) return
    clearInterval(beat)
    beat = null
  }

  function send(stream: ServerResponse, text: string): void {
    if (stream.writableLength > MOST_UNREAD) stream.destroy()
    else stream.write(text)
  }

  return {
    async open(flags, request, reply) {
      if (streams.size >= MOST_STREAMS) {
        reply.header('retry-after', '10')
        return reply.code(429).send({ errorCode: 'GENERAL', errorDetails: 'too many event streams: poll instead' })
      }
      const seen = request.headers['last-event-id']
      const stream = reply.raw
      reply.hijack()
      stream.writeHead(200, {
        ...SECURITY_HEADERS,
        'content-type': 'text/event-stream; charset=utf-8',
        'x-accel-buffering': 'no',
      })
      streams.add(stream)
      beat ??= setInterval(() => {
        for (const one of streams) send(one, ': \n\n')
      }, BEAT_EVERY).unref()
      send(stream, `retry: ${RETRY_AFTER}\n\n`)
      const end = flags.watch((version) => send(stream, eventOf(version)))
      stream.once('close', () => {
        end()
        forget(stream)
      })
      // Between the client's last answer and this stream something may have changed, which nobody would tell.
      const version = await flags.version().catch(() => null)
      if (version !== null && String(version) !== seen) send(stream, eventOf(version))
      return reply
    },
    close() {
      for (const stream of streams) stream.end()
      streams.clear()
    },
  }
}

function eventOf(version: number): string {
  return `id: ${version}\ndata: ${JSON.stringify({ type: 'refetchEvaluation', etag: `"${version}"` })}\n\n`
}
