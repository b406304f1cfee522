import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { SluiceError } from '../../../src/domain/errors.ts'
import { haproxyRouter } from '../../../src/routers/haproxy.ts'
import type { DesiredRouting } from '../../../src/routers/router.ts'
import { type HaproxyServer, startDataPath } from '../../support/haproxy-server.ts'

export const POOLS = ['blue', 'green'] as const
export const ROLES = { stable: 'blue', canary: 'green' } as const

/** What a test has started; ended in the reverse order. */
export function createCleanups() {
  const cleanups: (() => Promise<unknown> | void)[] = []
  return {
    add: (cleanup: () => Promise<unknown> | void) => void cleanups.push(cleanup),
    run: async () => {
      for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
    },
  }
}

export type Cleanups = ReturnType<typeof createCleanups>

/** HAProxy nodes with two backends behind them. */
export async function dataPath(cleanups: Cleanups, nodes: number) {
  const path = await startDataPath(nodes)
  cleanups.add(path.stop)
  return path
}

export async function oneNode(cleanups: Cleanups) {
  const path = await dataPath(cleanups, 1)
  return { path, server: path.servers[0] as HaproxyServer }
}

/** An adapter over these nodes. */
export function routerFor(
  servers: readonly Pick<HaproxyServer, 'socket' | 'map'>[],
  more: { readonly persist?: string; readonly deadline?: string; readonly pools?: readonly [string, string] } = {},
) {
  const { pools = POOLS, ...options } = more
  const sockets = servers.map(({ socket }) => socket)
  return haproxyRouter.open({ kind: 'haproxy', sockets, map: servers[0]?.map, deadline: '1s', ...options }, { pools })
}

export function wish(weight: number, epoch: number, cohorts: readonly string[] = []): DesiredRouting {
  return { roles: ROLES, exposure: { weight, cohorts }, fence: { release: 1, epoch } }
}

/** The error a call ends with, or null when it succeeds. */
export async function errorOf(call: Promise<unknown>): Promise<SluiceError | null> {
  try {
    await call
    return null
  } catch (error) {
    if (error instanceof SluiceError) return error
    throw error
  }
}

/** A server on loopback that does with each connection what it is told. */
export async function standIn(cleanups: Cleanups, answer: (socket: Socket) => void) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined))
    answer(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  cleanups.add(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { host: '127.0.0.1', port: address.port, address: `127.0.0.1:${address.port}` }
}

export interface RelayHooks {
  /** Awaited before a request is handed on. */
  readonly onRequest?: (text: string) => Promise<unknown>
  /** Awaited before an answer is handed back: the moment in which something may happen to the one who asks. */
  readonly onAnswer?: (request: string) => Promise<unknown>
  /** Makes another request of it. */
  readonly rewrite?: (request: string) => string
  /** Makes another answer of it. */
  readonly answer?: (answer: string) => string
}

/** A way to a runtime API on which something may happen. */
export async function relayTo(cleanups: Cleanups, socket: string, hooks: RelayHooks) {
  const { onRequest, onAnswer, rewrite = (text) => text, answer = (text) => text } = hooks
  return standIn(cleanups, (client) => {
    const upstream = connect(socket).on('error', () => client.destroy())
    client.on('close', () => upstream.destroy())
    client.on('data', (chunk) => {
      const request = chunk.toString()
      void (async () => {
        await onRequest?.(request)
        upstream.write(rewrite(request))
        let text = ''
        for await (const part of upstream) text += String(part)
        await onAnswer?.(request)
        client.end(answer(text))
      })().catch(() => client.destroy())
    })
  })
}
