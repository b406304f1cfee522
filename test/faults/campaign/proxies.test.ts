import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MetricsProxy, openMetricsProxy } from '../../../faults/world/metrics-proxy.ts'
import { openSocketProxy, type SocketProxy } from '../../../faults/world/socket-proxy.ts'

describe('the proxy before the runtime API', () => {
  const carriedOut: string[] = []
  let folder = ''
  let proxy: SocketProxy
  const haproxy = createServer((client) => {
    client.on('data', (data) => {
      carriedOut.push(String(data).trim())
      client.end('done\n\n')
    })
  })

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-proxy-'))
    const socket = join(folder, 'admin.sock')
    haproxy.listen(socket)
    await once(haproxy, 'listening')
    proxy = await openSocketProxy(socket)
  })
  afterAll(async () => {
    proxy.close()
    haproxy.close()
    await rm(folder, { recursive: true, force: true })
  })

  /** The whole answer; empty when the connection was cut. */
  function ask(command: string): Promise<string> {
    return new Promise((resolve) => {
      let answer = ''
      const client = connect(proxy.port, '127.0.0.1')
      client.on('data', (data) => {
        answer += String(data)
      })
      client.on('error', () => resolve(answer))
      client.on('close', () => resolve(answer))
      client.write(`${command}\n`)
    })
  }

  it('passes commands and answers on', async () => {
    expect(await ask('show info')).toBe('done\n\n')
  })

  it('carries out and cuts, so that nobody learns of it', async () => {
    proxy.set({ kind: 'cut' })
    expect(await ask('commit 1')).toBe('')
    expect(carriedOut.at(-1)).toBe('commit 1')
  })

  it('delivers late, and answers nothing', async () => {
    proxy.set({ kind: 'late', by: 20 })
    expect(await ask('commit 2')).toBe('')
    expect(carriedOut.at(-1)).toBe('commit 2')
  })

  it('answers late', async () => {
    proxy.set({ kind: 'slow', by: 20 })
    expect(await ask('commit 3')).toBe('done\n\n')
  })

  it('swallows commands: nothing is carried out, and nothing is closed', async () => {
    proxy.set({ kind: 'silent' })
    const client = connect(proxy.port, '127.0.0.1')
    client.write('commit 4\n')
    proxy.set({ kind: 'silent' })
    await once(client, 'connect')
    proxy.set({ kind: 'pass' })
    await ask('show info')
    expect(client.destroyed).toBe(false)
    client.destroy()
  })
})

describe('the proxy before the metric sources', () => {
  let proxy: MetricsProxy
  const source = createHttpServer((request, response) => response.end(`page of ${request.url}`))

  beforeAll(async () => {
    source.listen(0, '127.0.0.1')
    await once(source, 'listening')
    const address = source.address()
    proxy = await openMetricsProxy(() => (typeof address === 'object' ? (address?.port ?? 0) : 0))
  })
  afterAll(() => {
    proxy.close()
    source.close()
  })

  const get = (path: string) => fetch(`http://127.0.0.1:${proxy.port}${path}`)

  it('passes requests on without the name of the service', async () => {
    expect(await (await get('/shop-1/metrics')).text()).toBe('page of /metrics')
  })

  it('answers for one service as it is told, and for the others as ever', async () => {
    proxy.set('shop-1', '500')
    expect((await get('/shop-1/metrics')).status).toBe(500)
    proxy.set('shop-1', 'garbage')
    expect(await (await get('/shop-1/metrics')).text()).toContain('<html>')
    proxy.set('shop-1', 'empty')
    expect(await (await get('/shop-1/metrics')).text()).toBe('')
    expect(await (await get('/shop-1/api/v1/query')).json()).toMatchObject({ data: { result: [] } })
    expect(await (await get('/shop-2/metrics')).text()).toBe('page of /metrics')
    proxy.set('shop-1', 'pass')
    expect((await get('/shop-1/metrics')).status).toBe(200)
  })
})
