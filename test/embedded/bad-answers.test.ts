import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileEmbedded } from './compiled.ts'
import { exchangeRaw, serveRaw } from './raw.ts'
import { serve, temporaryFolder } from './running.ts'

/** The data plane as a process of its own, so that an end of it is seen as one; green answers as it is told. */
let plane: ChildProcess
let url = ''
let admin = ''
let complaints = ''
let green: Awaited<ReturnType<typeof serveRaw>>
const cleanups: (() => unknown)[] = []

beforeAll(async () => {
  const compiled = await compileEmbedded(['data-plane/main.ts'])
  const folder = await temporaryFolder()
  green = await serveRaw()
  const blue = await serve((_, response) => response.end('blue'))
  const settings = {
    ...{ proxyPort: 0, adminPort: 0, stateFile: join(folder.path, 'routing.json'), patience: 2_000, grace: 100 },
    pools: { blue: blue.url, green: green.url },
  }
  const file = compiled.path('data-plane/main.ts')
  plane = fork(file, [JSON.stringify(settings)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] })
  plane.stderr?.on('data', (chunk: Buffer) => (complaints += chunk.toString()))
  cleanups.push(() => plane.kill('SIGKILL'), green.stop, blue.stop, folder.remove, compiled.remove)
  const [{ listening }] = (await once(plane, 'message')) as [{ listening: { proxy: number; admin: number } }]
  url = `http://127.0.0.1:${listening.proxy}`
  admin = `http://127.0.0.1:${listening.admin}`
  // Whoever is in the cohort meets green, everybody else blue.
  const wish = { split: { blue: 10_000, green: 0 }, cohorts: { brave: 'green' }, fence: { release: 1, epoch: 1 } }
  const headers = { 'content-type': 'application/json' }
  await fetch(`${admin}/routing`, { method: 'PUT', headers, body: JSON.stringify(wish) })
}, 60_000)
afterAll(async () => {
  for (const clean of cleanups) await clean()
})

/** How often green has ended with a code. */
async function counted(code: string): Promise<number> {
  const page = await (await fetch(`${admin}/metrics`)).text()
  const line = new RegExp(`^sluice_proxy_requests_total\\{pool="green",cohort="brave",code="${code}"\\} (\\d+)$`, 'm')
  return Number(line.exec(page)?.[1] ?? 0)
}

async function expectUnharmed(): Promise<void> {
  expect(plane.exitCode, complaints).toBeNull()
  expect(await (await fetch(url)).text()).toBe('blue')
  expect(complaints).toBe('')
}

const ask = (method: string) => fetch(url, { method, headers: { 'x-cohort': 'brave' } })
const head = (line: string, ...headers: string[]) => [`HTTP/1.1 ${line}`, ...headers, '', ''].join('\r\n')

const BAD: readonly (readonly [string, string])[] = [
  ['a status below 100', head('099 Low', 'Content-Length: 0')],
  ['a status of four digits', head('1000 High', 'Content-Length: 0')],
  ['a status that no answer has', head('999 High', 'Content-Length: 0')],
  ['an upgrade that nobody asked for', head('101 Switching Protocols', 'Upgrade: x', 'Connection: Upgrade')],
  ['a control character in the reason', head('200 O\u0001K', 'Content-Length: 0')],
  ['a control character in a header', head('200 OK', 'X: a\u0001b', 'Content-Length: 0')],
  ['a header without a name', head('200 OK', ': v', 'Content-Length: 0')],
  ['a space in the name of a header', head('200 OK', 'A B: v', 'Content-Length: 0')],
  ['two lengths', `${head('200 OK', 'Content-Length: 2', 'Content-Length: 3')}ok`],
  ['a length and chunks', `${head('200 OK', 'Content-Length: 2', 'Transfer-Encoding: chunked')}2\r\nok\r\n0\r\n\r\n`],
  ['a coding that nobody asked for', `${head('200 OK', 'Transfer-Encoding: gzip, chunked')}2\r\nok\r\n0\r\n\r\n`],
  ['more than it announced', `${head('200 OK', 'Content-Length: 2')}ok and more`],
  ['a body where there is none', `${head('204 No Content')}ok`],
  ['more headers than fit', head('200 OK', `X: ${'a'.repeat(20_000)}`)],
  ['another protocol', '\u0016\u0003\u0001garbage'],
  ['nothing', ''],
  ['an informational answer and no other', head('103 Early Hints', 'Link: x')],
]

describe('a version that answers badly', () => {
  it.each(BAD)('gets its users 502 with %s, is counted for it, and harms nobody else', async (_, answer) => {
    green.answer = answer
    const before = await counted('502')
    const statuses = [(await ask('GET')).status, (await ask('HEAD')).status, (await ask('POST')).status]
    expect(statuses).toEqual([502, 502, 502])
    expect(await counted('502')).toBe(before + 3)
    await expectUnharmed()
  })

  it('gets its users 504 when it only ever says that the answer is on its way', async () => {
    green.endsAfter = false
    green.answer = head('100 Continue').repeat(50)
    const before = await counted('504')
    expect((await ask('GET')).status).toBe(504)
    expect(await counted('504')).toBe(before + 1)
    green.endsAfter = true
    await expectUnharmed()
  })

  it('is cut off, and counted, when it goes silent in the middle of a body', async () => {
    green.endsAfter = false
    green.answer = `${head('200 OK', 'Content-Length: 10')}ok`
    const before = await counted('504')
    await expect(ask('GET').then((response) => response.text())).rejects.toThrow('terminated')
    await expect.poll(() => counted('504')).toBe(before + 1)
    green.endsAfter = true
    await expectUnharmed()
  })

  it('is passed on where only its words are unusual', async () => {
    for (const [answer, status] of [
      [head('200', 'Content-Length: 0'), 200],
      [head('200 \u00ff\u00fe', 'X: \u00ff\u00fe', 'Content-Length: 0'), 200],
      [`${head('103 Early Hints', 'Link: x')}${head('200 OK', 'Content-Length: 0')}`, 200],
      [head('426 Upgrade Required', 'Upgrade: x', 'Connection: upgrade', 'Content-Length: 0'), 426],
      [`${head('200 OK', 'Connection: close, content-length', 'Content-Length: 2')}ok`, 200],
      ['HTTP/1.0 200 OK\r\n\r\nabc', 200],
    ] as const) {
      green.answer = answer
      expect((await ask('GET')).status, answer).toBe(status)
    }
    await expectUnharmed()
  })

  it('cannot say which pool it is', async () => {
    green.answer = head('200 OK', 'x-sluice-pool: blue; why=weight', 'Content-Length: 0')
    expect((await ask('GET')).headers.get('x-sluice-pool')).toBe('green; why=cohort')
  })
})

/** Bytes that look like HTTP nearly everywhere: well-formed parts, some of them damaged, in an order that may be wrong. */
const nearlyHttp = (parts: readonly string[]) =>
  fc
    .tuple(
      fc.array(
        fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...parts) }, fc.string({ unit: 'binary', maxLength: 12 })),
      ),
      fc.array(fc.tuple(fc.nat(400), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
    )
    .map(([pieces, damages]) => {
      const bytes = Buffer.from(pieces.join(''), 'latin1')
      for (const [at, byte] of damages) if (at < bytes.length) bytes[at] = byte
      return bytes
    })

const ANSWER_PARTS = [
  ...['HTTP/1.1 200 OK\r\n', 'HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n', 'HTTP/1.1 204 No\r\n'],
  ...['HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 099 X\r\n', 'HTTP/1.1 599 X\r\n', 'HTTP/1.0 200 OK\r\n'],
  ...['Content-Length: 2\r\n', 'Transfer-Encoding: chunked\r\n', 'Connection: close, content-length\r\n'],
  ...[
    'x-sluice-event: orders\r\n',
    'Set-Cookie: a=b\r\n',
    'Trailer: x\r\n',
    '\r\n',
    '\r\n',
    'ok',
    '2\r\nok\r\n',
    '0\r\n\r\n',
  ],
]
const REQUEST_PARTS = [
  ...['GET / HTTP/1.1\r\n', 'POST /x HTTP/1.1\r\n', 'CONNECT a:1 HTTP/1.1\r\n', 'OPTIONS * HTTP/1.1\r\n'],
  ...['GET http://other/ HTTP/1.1\r\n', 'GET /\u00e9\u0080 HTTP/1.1\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ...[
    'Host: x\r\n',
    'Host: x\r\nHost: y\r\n',
    'x-cohort: brave\r\n',
    'x-user: \u00ff\r\n',
    'Cookie: sluice-user=%\r\n',
  ],
  ...['Expect: 100-continue\r\n', 'Expect: the-worst\r\n', 'Upgrade: websocket\r\nConnection: Upgrade\r\n'],
  ...[
    'Content-Length: 4\r\n',
    'Content-Length: 99\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding: gzip, chunked\r\n',
  ],
  ...['Connection: content-length, host\r\n', 'TE: trailers\r\nTrailer: x\r\n', `X: ${'a'.repeat(9_000)}\r\n`],
  ...['\r\n', '\r\n', 'body', '4\r\nbody\r\n', '0\r\nx: y\r\n\r\n', '0\r\n\r\n'],
]
const ROUNDS = { numRuns: 150, endOnFailure: true }

describe('the data plane', () => {
  it('lives through whatever a version answers', async () => {
    await fc.assert(
      fc.asyncProperty(nearlyHttp(ANSWER_PARTS), fc.constantFrom('GET', 'HEAD', 'POST'), async (answer, method) => {
        green.answer = answer
        const response = await ask(method).catch(() => null)
        await response?.text().catch(() => null)
        await expectUnharmed()
      }),
      ROUNDS,
    )
    expect(plane.exitCode).toBeNull()
  }, 120_000)

  it.each([
    ['users', () => url],
    ['its administrators', () => admin],
  ])(
    'lives through whatever is sent to the port of %s',
    async (_, address) => {
      green.answer = `${head('200 OK', 'Content-Length: 2')}ok`
      await fc.assert(
        fc.asyncProperty(nearlyHttp(REQUEST_PARTS), async (request) => {
          await exchangeRaw(address(), request, 30)
          await expectUnharmed()
        }),
        ROUNDS,
      )
      expect(plane.exitCode).toBeNull()
    },
    120_000,
  )
})
