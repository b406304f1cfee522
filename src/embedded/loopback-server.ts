import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { z } from 'zod'
import { SluiceError } from '../domain/errors.ts'
import { issueTexts } from '../domain/plan/plan-issues.ts'
import type { Milliseconds } from '../domain/units.ts'
import { createFaultReport, type Report } from './fault-report.ts'

/** A port to listen on; 0 takes a free one. */
export const portSchema = z.int().min(0).max(65_535)

/** A server that listens. */
interface Listening {
  readonly port: number
  /** Takes no new connections, lets running requests end for up to `patience` milliseconds, then cuts them. */
  readonly close: (patience?: Milliseconds) => Promise<void>
}

/** Answers one request; whatever it throws or rejects with ends that request only. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

/**
 * Listens on 127.0.0.1 only. Rejects when the port is taken. This is the one place where a fault ends: what a handler
 * throws, an error that no stream expected, a connection that cannot be accepted. Each is reported and ends at most its own
 * request, never the process, because the next request may be somebody else's.
 */
export async function listen(handler: Handler, port: number, report: Report = createFaultReport()): Promise<Listening> {
  const server = createServer({ keepAliveTimeout: 65_000 })
  const connections = trackConnections(server)
  server.on('request', (request, response) => void contain(handler, request, response, report))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      server.on('error', report)
      resolve()
    })
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

async function contain(
  handler: Handler,
  request: IncomingMessage,
  response: ServerResponse,
  report: Report,
): Promise<void> {
  // A stream without a listener for its error would throw it at the process. What broke, the handler learns otherwise.
  request.on('error', () => {})
  response.on('error', () => {})
  try {
    await handler(request, response)
  } catch (fault) {
    report(fault)
    giveUp(response)
  }
}

/** Ends an answer that may be half prepared. */
function giveUp(response: ServerResponse): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  response.writeHead(500, 'Internal Server Error', { connection: 'close', 'content-length': 0 }).end()
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

/** The JSON body of a request, or why there is none: 413 too long, 415 not declared as JSON, 400 broken off or not JSON. */
export async function readJson(
  request: IncomingMessage,
  maxBytes: number,
): Promise<{ ok: true; body: unknown } | { ok: false; status: number; error: string }> {
  // A page in a browser cannot send this type elsewhere without asking first, so it cannot write here.
  if (!/^application\/json\s*(?:;|$)/i.test(request.headers['content-type'] ?? '')) {
    request.resume()
    return { ok: false, status: 415, error: 'the body must be application/json' }
  }
  const body = await readAtMost(request, maxBytes)
  if (body === 'too long') return { ok: false, status: 413, error: `the body is longer than ${maxBytes} bytes` }
  if (body === 'broken off') return { ok: false, status: 400, error: 'the body is not whole' }
  try {
    return { ok: true, body: JSON.parse(body.toString('utf8')) }
  } catch {
    return { ok: false, status: 400, error: 'the body is not JSON' }
  }
}

async function readAtMost(request: IncomingMessage, maxBytes: number): Promise<Buffer | 'too long' | 'broken off'> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    // The rest of a body that is too long is thrown away, so that the answer still arrives.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.byteLength
      if (bytes > maxBytes) return 'too long'
      chunks.push(chunk)
    }
  } catch {
    return 'broken off'
  }
  return Buffer.concat(chunks)
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
    message: `the settings of the ${name} are invalid`,
    received: problemsOf(parsed.error, settings),
  })
}

/** All problems of a refused value in one line. */
export function problemsOf({ issues }: z.ZodError, value: unknown): string {
  return issueTexts(issues, value, 'the whole').join('; ')
}
