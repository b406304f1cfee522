import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { z } from 'zod'
import { SluiceError } from '../domain/errors.ts'

/** A port to listen on; 0 takes a free one. */
export const portSchema = z.int().min(0).max(65_535)

/** A server that listens. */
export interface Listening {
  readonly port: number
  /** Takes no new connections, lets running requests end for up to `patience` milliseconds, then cuts them. */
  readonly close: (patience?: number) => Promise<void>
}

/** Listens on 127.0.0.1 only. Rejects when the port is taken. */
export async function listen(listener: RequestListener, port: number): Promise<Listening> {
  const server = createServer({ keepAliveTimeout: 65_000 })
  const connections = trackConnections(server)
  server.on('request', listener)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve())
  })
  return {
    port: (server.address() as AddressInfo).port,
    async close(patience = 3_000) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      connections.endWhenIdle()
      const cut = setTimeout(() => server.closeAllConnections(), patience)
      await closed
      clearTimeout(cut)
    },
  }
}

/**
 * Knows which connections have a request under way. Node's own `closeIdleConnections` leaves those alone that have not
 * sent one yet, and clients open such in advance.
 */
function trackConnections(server: Server): { endWhenIdle(): void } {
  const running = new Map<Socket, number>()
  let isEnding = false
  const settle = (socket: Socket) => {
    if (isEnding && running.get(socket) === 0) socket.destroySoon()
  }
  server.on('connection', (socket) => {
    running.set(socket, 0)
    socket.once('close', () => running.delete(socket))
  })
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    running.set(socket, (running.get(socket) ?? 0) + 1)
    response.once('close', () => {
      if (running.has(socket)) running.set(socket, (running.get(socket) ?? 1) - 1)
      settle(socket)
    })
  })
  return {
    endWhenIdle() {
      isEnding = true
      for (const socket of running.keys()) settle(socket)
    },
  }
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** The JSON body of a request, or why there is none: 413 too long, 415 not declared as JSON, 400 not JSON. */
export async function readJson(
  request: IncomingMessage,
  maxBytes: number,
): Promise<{ ok: true; body: unknown } | { ok: false; status: number; error: string }> {
  // A page in a browser cannot send this type elsewhere without asking first, so it cannot write here.
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    request.resume()
    return { ok: false, status: 415, error: 'the body must be application/json' }
  }
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) return { ok: false, status: 413, error: `the body is longer than ${maxBytes} bytes` }
    chunks.push(chunk)
  }
  try {
    return { ok: true, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) }
  } catch {
    return { ok: false, status: 400, error: 'the body is not JSON' }
  }
}

/** Parses settings or throws `config.invalid` with every problem in one sentence. */
export function parseSettings<Schema extends z.ZodType>(
  name: string,
  schema: Schema,
  settings: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(settings)
  if (parsed.success) return parsed.data
  throw new SluiceError('config.invalid', {
    message: `The settings of the ${name} are not right.`,
    received: problemsOf(parsed.error),
  })
}

/** All problems of a refused value in one line. */
export function problemsOf(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`).join('; ')
}
