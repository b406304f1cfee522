import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'

/** A service that answers each request with the bytes it is told to, and ends the connection after them unless told not to. */
export async function serveRaw(): Promise<{
  readonly url: string
  answer: string | Buffer
  endsAfter: boolean
  /** What has arrived, of all connections. */
  readonly seen: () => string
  readonly stop: () => Promise<void>
}> {
  const open = new Set<Socket>()
  let seen = ''
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => open.delete(socket))
    socket.on('data', (chunk) => (seen += chunk.toString('latin1')))
    socket.once('data', () => {
      const bytes = typeof service.answer === 'string' ? Buffer.from(service.answer, 'latin1') : service.answer
      if (service.endsAfter) socket.end(bytes)
      else socket.write(bytes)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const service = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' as string | Buffer,
    endsAfter: true,
    seen: () => seen,
    async stop() {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return service
}

/** Sends bytes and collects what comes back until the other side closes, or `patience` milliseconds without a byte. */
export function exchangeRaw(url: string, bytes: string | Buffer, patience = 200): Promise<string> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(url)
    let text = ''
    const socket = connect({ host: hostname, port: Number(port) })
    socket.setTimeout(patience, () => socket.destroy())
    socket.on('data', (chunk) => (text += chunk.toString('latin1')))
    socket.on('error', () => {})
    socket.on('close', () => resolve(text))
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  })
}
