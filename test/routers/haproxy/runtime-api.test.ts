import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { runCommands } from '../../../src/routers/haproxy/runtime-api.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const clean of cleanups.splice(0)) clean()
})

/** A runtime API that answers one blank now and then, without end. */
async function drippingSocket() {
  const sockets: Socket[] = []
  const closed: Promise<void>[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    const dripping = setInterval(() => socket.write(' '), 10)
    closed.push(
      new Promise((resolve) => {
        socket.on('close', () => {
          clearInterval(dripping)
          resolve()
        })
      }),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const letGo = async () => (await Promise.all(closed)).length
  return { address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port }, letGo }
}

describe('a command to a runtime API whose answer drips', () => {
  it('ends at its deadline and lets go of the connection', async () => {
    const { address, letGo } = await drippingSocket()
    await expect(runCommands(address, ['show info'], 150, new AbortController().signal)).rejects.toMatchObject({
      code: 'router.unreachable',
      received: 'no whole answer within 150ms',
    })
    expect(await letGo()).toBe(1)
  })

  it('ends with the reason of its caller and lets go of the connection', async () => {
    const { address, letGo } = await drippingSocket()
    const caller = new AbortController()
    const reason = new Error('no longer wanted')
    setTimeout(() => caller.abort(reason), 100)
    await expect(runCommands(address, ['show info'], 60_000, caller.signal)).rejects.toBe(reason)
    expect(await letGo()).toBe(1)
  })

  it('ends at once when no time is left', async () => {
    const { address } = await drippingSocket()
    await expect(runCommands(address, ['show info'], -5, new AbortController().signal)).rejects.toMatchObject({
      code: 'router.unreachable',
    })
  })
})
