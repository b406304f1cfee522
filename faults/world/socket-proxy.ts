import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Milliseconds } from '../../src/domain/units.ts'

/** What happens to commands on their way to HAProxy, while a rule stands. */
export type SocketRule =
  | { readonly kind: 'pass' }
  /** The answer comes this much late. */
  | { readonly kind: 'slow'; readonly by: Milliseconds }
  /** Nothing is carried out, nothing is answered, nothing is closed. */
  | { readonly kind: 'silent' }
  /** Carried out; then the connection is cut without an answer. */
  | { readonly kind: 'cut' }
  /** Carried out this much later, when its sender has given up; no answer. */
  | { readonly kind: 'late'; readonly by: Milliseconds }

export interface SocketProxy {
  readonly port: number
  readonly set: (rule: SocketRule) => void
  readonly close: () => void
}

/** TCP before the Unix socket of HAProxy's runtime API: one command line per connection, as its clients do. */
export async function openSocketProxy(socket: string): Promise<SocketProxy> {
  let rule: SocketRule = { kind: 'pass' }
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (client) => {
    open.add(client)
    client.on('close', () => open.delete(client))
    client.on('error', () => client.destroy())
    serve(client, socket, () => rule).catch(() => client.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    set(next) {
      rule = next
    },
    close() {
      server.close()
      for (const client of open) client.destroy()
    },
  }
}

async function serve(client: Socket, socket: string, ruleNow: () => SocketRule): Promise<void> {
  const line = await readLine(client)
  const rule = ruleNow()
  switch (rule.kind) {
    case 'silent':
      return
    case 'late':
      await sleep(rule.by, undefined, { ref: false })
      await exchange(socket, line)
      client.destroy()
      return
    case 'cut':
      await exchange(socket, line)
      client.destroy()
      return
    case 'slow': {
      const answer = await exchange(socket, line)
      await sleep(rule.by, undefined, { ref: false })
      client.end(answer)
      return
    }
    case 'pass':
      client.end(await exchange(socket, line))
  }
}

function readLine(client: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    client.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      if (chunk.includes(10)) resolve(Buffer.concat(chunks))
    })
    client.on('close', () => reject(new Error('closed before a line came')))
  })
}

/** A frozen HAProxy answers when it goes on: as without a proxy, the command lies in its socket until then. */
function exchange(path: string, line: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const connection = connect(path)
    connection.on('data', (chunk: Buffer) => chunks.push(chunk))
    connection.on('end', () => resolve(Buffer.concat(chunks)))
    connection.on('error', reject)
    connection.write(line)
  })
}
