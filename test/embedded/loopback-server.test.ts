import { request as send } from 'node:http'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startDemoService } from '../../src/embedded/demo-service/demo-service.ts'
import { createFaultReport } from '../../src/embedded/fault-report.ts'
import { startLoad } from '../../src/embedded/load/load-generator.ts'
import { type Handler, listen, readJson, sendJson } from '../../src/embedded/loopback-server.ts'
import { exchangeRaw } from './raw.ts'
import { runPlane } from './running.ts'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

async function run(handler: Handler) {
  const report = vi.fn<(fault: unknown) => void>()
  const server = await listen(handler, 0, report)
  cleanups.push(() => server.close(0))
  return { url: `http://127.0.0.1:${server.port}`, port: server.port, report }
}

describe('a fault in the answer to one request', () => {
  const faults: readonly (readonly [string, Handler])[] = [
    ['thrown at once', () => fault()],
    ['thrown later', async () => Promise.reject(fault())],
    ['thrown when the answer is half prepared', (_, response) => void response.setHeader('x', '1').writeHead(20, {})],
    ['thrown when the head was refused', (_, response) => void response.writeHead(204, 'O\u0001K').end()],
  ]
  it.each(faults)('%s ends it with 500, is reported, and the next one is answered', async (_, handler) => {
    let isFirst = true
    const { url, report } = await run((request, response) => {
      if (!isFirst) return void response.end('well')
      isFirst = false
      return handler(request, response)
    })
    expect((await fetch(url)).status).toBe(500)
    expect(report).toHaveBeenCalledTimes(1)
    expect(await (await fetch(url)).text()).toBe('well')
  })

  it('cuts the connection when the answer has begun', async () => {
    const { url, report } = await run(async (_, response) => {
      response.write('half')
      await Promise.reject(new Error('later'))
    })
    await expect(fetch(url).then((response) => response.text())).rejects.toThrow(/terminated/)
    expect(report).toHaveBeenCalledTimes(1)
  })

  it('is not a client that goes away while its body is read or its answer is written', async () => {
    const { url, report } = await run(async (request, response) => {
      const read = await readJson(request, 1_000)
      sendJson(response, read.ok ? 200 : read.status, {})
      response.write('after the end')
    })
    const head = 'PUT / HTTP/1.1\r\nHost: x\r\ncontent-type: application/json\r\nContent-Length: 100\r\n\r\n{'
    await exchangeRaw(url, head, 20)
    await exchangeRaw(url, `${head}${' '.repeat(98)}}`, 20)
    expect(report).not.toHaveBeenCalled()
  })
})

function fault(): never {
  throw new Error('a defect')
}

describe('the report of faults', () => {
  it('tells the first at once, then one in a second with how many were left out, whatever was thrown', () => {
    const lines: string[] = []
    let now = 0
    const report = createFaultReport(
      (line) => lines.push(line),
      () => now,
    )
    for (const thrown of [new Error('first'), 'second', { third: 3 }]) report(thrown)
    now = 1_000
    report(Object.assign(new Error('fourth'), { stack: undefined }))
    expect(lines).toEqual([
      expect.stringMatching(/^a fault was contained: Error: first\n/),
      'a fault was contained (and 2 more before it): Error: fourth\n',
    ])
  })
})

describe('the door of a loopback server', () => {
  const servers: readonly (readonly [string, () => Promise<{ port: number; path: string }>])[] = [
    [
      'the data plane’s admin API',
      async () => {
        const plane = await runPlane()
        cleanups.push(plane.stop)
        return { port: Number(new URL(plane.admin()).port), path: '/routing' }
      },
    ],
    [
      'the metrics page',
      async () => {
        const plane = await runPlane()
        cleanups.push(plane.stop)
        return { port: Number(new URL(plane.admin()).port), path: '/metrics' }
      },
    ],
    [
      'the knobs of the demo service',
      async () => {
        const service = await startDemoService({ port: 0, version: '1' })
        cleanups.push(service.close)
        return { port: service.ports.http, path: '/__faults' }
      },
    ],
    [
      'the figures of the load generator',
      async () => {
        const load = await startLoad({ target: 'http://127.0.0.1:9', statsPort: 0, rate: 0.1 })
        cleanups.push(load.close)
        return { port: load.ports.stats, path: '/stats' }
      },
    ],
  ]

  describe.each(servers)('%s', (_, start) => {
    it('is open to its own loopback names and its own origin', async () => {
      const { port, path } = await start()
      for (const name of ['127.0.0.1', 'localhost', 'LOCALHOST', '127.1.2.3', '[::1]']) {
        expect(await status(port, path, { host: `${name}:${port}` }), name).toBe(200)
        const origin = `http://${name.toLowerCase()}:${port}`
        expect(await status(port, path, { host: `${name}:${port}`, origin }), name).toBe(200)
      }
    })

    it('is closed to other names, ports and origins', async () => {
      const { port, path } = await start()
      const own = `127.0.0.1:${port}`
      const hosts = ['evil.example', `evil.example:${port}`, '127.0.0.1', `127.0.0.1:${port + 1}`, `localhost.:${port}`]
      for (const host of hosts) expect(await status(port, path, { host }), host).toBe(403)
      const origins = [
        'http://evil.example',
        'null',
        `https://${own}`,
        `http://127.0.0.1:${port + 1}`,
        '',
        `http://${own}/`,
      ]
      for (const origin of origins) expect(await status(port, path, { host: own, origin }), origin).toBe(403)
    })

    it('is closed to whatever else stands in Host or Origin', async () => {
      const { port, path } = await start()
      const text = fc.string({ unit: fc.constantFrom(...'127.0.0.1localhost[]:@/ \tx8'.split('')), minLength: 1 })
      await fc.assert(
        fc.asyncProperty(text, fc.boolean(), async (value, isHost) => {
          const headers = isHost ? { host: value } : { host: `127.0.0.1:${port}`, origin: value }
          const own = isHost ? OWN_HOST(port) : OWN_ORIGIN(port)
          expect(await status(port, path, headers)).toBe(own.test(value.trim()) ? 200 : 403)
        }),
        { numRuns: 60 },
      )
    })
  })

  it('is for the knobs, not for the shop, which is called whatever its users call it', async () => {
    const service = await startDemoService({ port: 0, version: '1', faults: { errorRate: 0 } })
    cleanups.push(service.close)
    expect(await status(service.ports.http, '/', { host: 'shop.example', origin: 'http://shop.example' })).toBe(200)
  })

  it('keeps users of the proxy from the knobs behind it', async () => {
    const service = await startDemoService({ port: 0, version: '1' })
    const plane = await runPlane({
      blue: (request, response) =>
        void send(
          { port: service.ports.http, path: request.url, method: request.method, headers: request.headers },
          (answer) => answer.pipe(response.writeHead(answer.statusCode ?? 0)),
        ).end(),
    })
    cleanups.push(service.close, plane.stop)
    expect((await fetch(`${plane.url()}/__faults`)).status).toBe(403)
  })
})

const LOOPBACK = String.raw`(?:localhost|127(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}|\[::1\])`
const OWN_HOST = (port: number) => new RegExp(`^${LOOPBACK}:0*${port}$`, 'i')
const OWN_ORIGIN = (port: number) => new RegExp(`^http://127\\.0\\.0\\.1:${port}$`)

function status(port: number, path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    send({ host: '127.0.0.1', port, path, headers, agent: false }, (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
      .on('error', reject)
      .end()
  })
}
