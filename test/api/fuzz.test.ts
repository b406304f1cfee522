import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import fc from 'fast-check'
import type { FastifyInstance, HTTPMethods } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createServer } from '../../src/api/server.ts'
import { createSlack } from '../../src/slack/app.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { apiParts, readDemoPipeline, readDemoPlan } from '../support/api-parts.ts'
import { demoInstallation, PLAN } from '../support/demo-installation.ts'
import { createFakePipelines } from '../support/fake-pipelines.ts'
import { createFakeReleases } from '../support/fake-releases.ts'
import { HOSTILE } from '../support/hostile-text.ts'

const SECRET = 'shhh'
const routes: { readonly method: HTTPMethods; readonly url: string }[] = []
const strays: unknown[] = []
const catchStray = (error: unknown) => void strays.push(error)
let server: FastifyInstance

beforeAll(async () => {
  process.on('unhandledRejection', catchStray)
  process.on('uncaughtException', catchStray)
  const releases = createFakeReleases()
  const metrics = createMetrics({ isBare: true })
  const send = async () => new Response('{"ok":true}', { headers: { 'content-type': 'application/json' } })
  const slack = await createSlack({
    foresee: async () => [],
    learnWarmUp: async () => ({ notes: [] }),
    releases,
    pipelines: createFakePipelines(),
    installation: demoInstallation(),
    plans: async () => PLAN,
    readPlan: readDemoPlan,
    readPipeline: readDemoPipeline,
    signingSecret: SECRET,
    botToken: 'xoxb-test',
    fetch: send as typeof fetch,
  })
  server = createServer(apiParts({ releases, metrics, mount: slack.mount }))
  server.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) routes.push({ method: one, url })
  })
  await server.ready()
})
afterAll(async () => {
  await server.close()
  process.off('unhandledRejection', catchStray)
  process.off('uncaughtException', catchStray)
})

const anyJson = fc.oneof(
  fc.constantFrom(...['null', 'true', '0', '""', '[]', '{}', '[null]', '{"plan":null}', '1e999', '-0', '[[[[]]]]']),
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc.constantFrom('{', '[', '"', 'nul', '{"a":', '\ufeff{}', '{"__proto__":{}}', '{"constructor":{"prototype":1}}'),
)
/** Bodies with the keys of some request, and anything as their values. */
const nearly = fc
  .dictionary(
    fc.constantFrom('plan', 'version', 'verb', 'step', 'key', 'reason', 'by', 'whenBusy', 'since', 'traffic', 'stable'),
    fc.oneof(fc.jsonValue(), HOSTILE, fc.constant(PLAN), fc.constantFrom('abort', 'extend', '10m', 'queue')),
  )
  .map((value) => JSON.stringify(value))
const body = fc.oneof(
  anyJson,
  nearly,
  HOSTILE,
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
)
const contentType = fc.constantFrom(
  ...['application/json', 'application/json; charset=utf-16', 'text/plain', 'application/x-www-form-urlencoded', ''],
  ...['multipart/form-data', 'application/json;;;', '*/*', 'application/problem+json'],
)
const part = fc.oneof(
  fc.constantFrom('checkout', 'production', '1', '0', '-1', '%00', '..', '%ff', 'lane.busy'),
  HOSTILE,
)
const query = fc.oneof(
  fc.constant(''),
  HOSTILE.map((text) => `?next=${encodeURIComponent(text.replace(/\p{Cs}/gu, '�'))}`),
  fc.constantFrom('?size=1e9', '?phase[]=a', '?a&b=%', '?next=..'),
)

async function isAlive(): Promise<boolean> {
  const answer = await server.inject({ url: '/healthz' })
  await new Promise((resolve) => setImmediate(resolve))
  return answer.statusCode === 200 && strays.length === 0
}

describe('every route', () => {
  it('is known to this test', () => {
    const urls = routes.map(({ method, url }) => `${String(method)} ${url}`)
    expect(urls).toEqual(
      expect.arrayContaining([
        ...['POST /slack/events', 'POST /api/v1/releases', 'POST /api/v1/plans/check', 'POST /api/v1/calibrations'],
        ...[
          'POST /api/v1/targets/:service/:environment/recover',
          'GET /errors/:code',
          'GET /api/v1/lanes/:service/:environment',
        ],
      ]),
    )
  })

  it('answers whatever it is sent with a yes or a 4xx, and lives', async () => {
    const request = fc.record({
      route: fc.nat(),
      parts: fc.array(part, { minLength: 3, maxLength: 3 }),
      query,
      body,
      contentType,
      person: HOSTILE,
    })
    await fc.assert(
      fc.asyncProperty(request, async ({ route, parts, query: search, body: payload, contentType: type, person }) => {
        const { method, url } = routes[route % routes.length] ?? { method: 'GET', url: '/' }
        let index = 0
        const path = url.replace(/:\w+/g, () =>
          encodeURI((parts[index++] ?? '').replace(/\p{Cs}/gu, '�')).replaceAll('?', '%3F'),
        )
        const headers = {
          'content-type': type,
          'x-sluice-person': Buffer.from(person).toString('latin1'),
          'idempotency-key': parts[0] ?? '',
        }
        const hasBody = method !== 'GET' && method !== 'HEAD'
        const answer = await server.inject({
          ...{ method: method as 'GET', url: path + search, headers },
          ...(hasBody && { payload }),
        })
        expect(answer.statusCode).toBeLessThan(500)
        expect(await isAlive()).toBe(true)
      }),
      { numRuns: 400 },
    )
  })
})

/** A request to Slack’s address with a right signature over whatever bytes. */
function signed(payload: Buffer, type: string) {
  const time = String(Math.floor(Date.now() / 1_000))
  const signature = `v0=${createHmac('sha256', SECRET).update(`v0:${time}:`).update(payload).digest('hex')}`
  const headers = { 'content-type': type, 'x-slack-request-timestamp': time, 'x-slack-signature': signature }
  return { method: 'POST' as const, url: '/slack/events', payload, headers }
}

const form = (payload: string) => Buffer.from(new URLSearchParams({ payload }).toString())
const FORM = 'application/x-www-form-urlencoded'
const TYPES = [
  'block_actions',
  'view_submission',
  'view_closed',
  'shortcut',
  'message_action',
  'block_suggestion',
  'dialog_submission',
  'event_callback',
  'url_verification',
  'interactive_message',
] as const
const FIELDS = [
  'user',
  'team',
  'actions',
  'channel',
  'event',
  'command',
  'name',
  'view',
  'response_url',
  'response_urls',
  'trigger_id',
  'authorizations',
  'is_enterprise_install',
  'function_data',
  'enterprise',
  'challenge',
  'text',
] as const

describe('a signed request', () => {
  it.each(['null', 'true', '7', '"x"', '[]', '[null]', '{', ''])('that holds %s ends nothing', async (text) => {
    for (const request of [signed(Buffer.from(text), 'application/json'), signed(form(text), FORM)]) {
      const answer = await server.inject(request)
      expect(answer.statusCode).toBe(400)
      expect(await isAlive()).toBe(true)
    }
  })

  it('of any type with anything in any field ends nothing', async () => {
    const fields = fc.dictionary(fc.constantFrom(...FIELDS), fc.oneof(fc.jsonValue(), HOSTILE, fc.constant(null)))
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...TYPES), fields, fc.boolean(), async (type, more, isForm) => {
        const text = JSON.stringify({ type, ...more })
        const answer = await server.inject(
          signed(isForm ? form(text) : Buffer.from(text), isForm ? FORM : 'application/json'),
        )
        expect(answer.statusCode).toBeLessThan(500)
        expect(await isAlive()).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('of any bytes ends nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), contentType, async (bytes, type) => {
        const answer = await server.inject(signed(Buffer.from(bytes), type))
        expect(answer.statusCode).toBeLessThan(500)
        expect(await isAlive()).toBe(true)
      }),
    )
  })
})

describe('a connection', () => {
  async function exchange(...chunks: readonly (string | Buffer)[]): Promise<string> {
    const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1')
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    for (const chunk of chunks) socket.write(chunk)
    await Promise.race([once(socket, 'close'), once(socket, 'data')])
    socket.destroy()
    return text
  }
  const head = (...lines: readonly string[]) =>
    ['POST /api/v1/releases HTTP/1.1', 'host: 127.0.0.1', ...lines, '', ''].join('\r\n')
  const STATUS = /^HTTP\/1\.1 4\d\d /

  beforeAll(async () => {
    await server.listen({ host: '127.0.0.1', port: 0 })
  })

  it('that floods, lies about its length or is no HTTP gets a 4xx', async () => {
    const json = 'content-type: application/json'
    for (const chunks of [
      [head(json, 'content-length: 1048576'), '['.repeat(1_048_576)],
      [head(json, ...Array.from({ length: 5_000 }, (_, index) => `x-${index}: ${'a'.repeat(20)}`))],
      [head(json, `x-long: ${'a'.repeat(100_000)}`)],
      [head(json, 'content-length: 5', 'content-length: 6'), '{}'],
      [head(json, 'content-length: -1'), '{}'],
      [head(json, 'content-length: 2', 'transfer-encoding: chunked'), '{}'],
      [head(json, 'transfer-encoding: chunked'), 'zz\r\n'],
      [head(json, 'content-length: 4'), Buffer.from([0x22, 0xc3, 0x28, 0x22])],
      [Buffer.from('\u0016\u0003\u0001\u0002\u0000garbage', 'latin1')],
      ['GET http://[::1 HTTP/1.1\r\n\r\n'],
    ]) {
      expect(await exchange(...chunks)).toMatch(STATUS)
      expect(await isAlive()).toBe(true)
    }
  })

  it('that is dropped in the middle of a request ends nothing', async () => {
    for (const part of [
      'POST',
      head('content-type: application/json', 'content-length: 500'),
      `${head('content-type: application/json', 'content-length: 500')}{"plan":{`,
    ]) {
      const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1')
      socket.on('error', () => undefined)
      await once(socket, 'connect')
      socket.write(part)
      socket.resetAndDestroy()
      await once(socket, 'close')
      expect(await isAlive()).toBe(true)
    }
  })
})
