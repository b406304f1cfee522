import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { servedFlagsOf } from '../../src/api/served-flags.ts'
import { createServer } from '../../src/api/server.ts'
import { ADAPTERS } from '../../src/catalog.ts'
import { flagdStore } from '../../src/flags/flagd.ts'
import { apiParts } from '../support/api-parts.ts'

const TOKEN = 'SLUICE_TEST_FLAG_TOKEN'
const BASE = '/flags/checkout/production'
const ONE = `${BASE}/ofrep/v1/evaluate/flags/new-checkout`
const ALL = `${BASE}/ofrep/v1/evaluate/flags`
const flags = ['new-checkout', 'new-search']
const pools = ['blue', 'green'] as const

const closers: (() => Promise<unknown>)[] = []
let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-ofrep-'))
  process.env[TOKEN] = 'app-token'
})
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
  await rm(folder, { recursive: true, force: true })
})

const withToken = () => ({ kind: 'flagd', folder, flags, token: { env: TOKEN } })
const withoutToken = () => ({ kind: 'flagd', folder, flags })

function setUp(options: object = withToken()) {
  const served = flagdStore.serveWith(options)
  if (served === null) throw new Error('flagd serves its flags')
  const server = createServer(apiParts({ servedFlags: new Map([['checkout/production', served]]) }))
  closers.push(() => server.close())
  return server
}

let epoch = 0
async function set(weight: number, cohorts: readonly string[] = []): Promise<void> {
  epoch += 1
  const wish = { flags: { 'new-checkout': { weight, cohorts } }, fence: { release: 1, epoch } }
  await flagdStore.open(withoutToken(), { pools }).apply(wish, new AbortController().signal)
}

const ask = (url: string, context: object, headers: Record<string, string> = {}) => ({
  ...{ method: 'POST' as const, url, payload: { context } },
  headers: { authorization: 'Bearer app-token', ...headers },
})

describe('the evaluation of one flag over OFREP', () => {
  it('answers what the flag is for somebody, at once after a change', async () => {
    const server = setUp()
    const value = async (context: object) => (await server.inject(ask(ONE, context))).json()
    expect(await value({ targetingKey: 'carol' })).toMatchObject({
      ...{ key: 'new-checkout', value: false, variant: 'off', reason: 'STATIC' },
    })
    await set(0, ['beta'])
    expect(await value({ targetingKey: 'carol', cohort: 'beta' })).toMatchObject({ value: true, variant: 'on' })
    expect(await value({ targetingKey: 'carol' })).toMatchObject({ value: false })
    await set(10_000)
    expect(await value({})).toMatchObject({ value: true, metadata: { fence: `1:${epoch}` } })
  })

  it('says in the words of OFREP what is wrong', async () => {
    const server = setUp()
    const unknown = await server.inject(ask(`${ALL}/other`, {}))
    expect([unknown.statusCode, unknown.json()]).toMatchObject([404, { key: 'other', errorCode: 'FLAG_NOT_FOUND' }])
    const odd = await server.inject({ ...ask(ONE, {}), payload: { context: 'carol' } })
    expect([odd.statusCode, odd.json()]).toMatchObject([400, { key: 'new-checkout', errorCode: 'INVALID_CONTEXT' }])
    const broken = await server.inject({
      ...{ method: 'POST', url: ONE, payload: '{"context":' },
      headers: { authorization: 'Bearer app-token', 'content-type': 'application/json' },
    })
    expect([broken.statusCode, broken.json()]).toMatchObject([400, { errorCode: 'PARSE_ERROR' }])
  })

  it('takes no names of prototypes for flags', async () => {
    const server = setUp()
    for (const name of ['__proto__', 'constructor', 'toString', '..%2f..']) {
      expect((await server.inject(ask(`${ALL}/${name}`, {}))).statusCode).toBe(404)
    }
  })
})

describe('the evaluation of all flags over OFREP', () => {
  it('answers each flag, and nothing new to whoever has it already', async () => {
    const server = setUp()
    await set(10_000)
    const first = await server.inject(ask(ALL, { targetingKey: 'carol' }))
    expect(first.json()).toMatchObject({
      flags: [
        { key: 'new-checkout', value: true },
        { key: 'new-search', value: false },
      ],
      eventStreams: [
        {
          type: 'sse',
          url: expect.stringMatching(/^http:\/\/localhost.*\/flags\/checkout\/production\/events\?key=/) as string,
        },
      ],
    })
    const etag = String(first.headers.etag)
    const again = (context: object) => server.inject(ask(ALL, context, { 'if-none-match': `W/"x", ${etag}` }))
    expect((await again({ targetingKey: 'carol' })).statusCode).toBe(304)
    expect((await again({ targetingKey: 'dave' })).statusCode).toBe(200)
    await set(0)
    expect((await again({ targetingKey: 'carol' })).json()).toMatchObject({
      flags: [{ value: false }, { value: false }],
    })
  })

  it('does not give the token away in the address of the event stream', async () => {
    const answer = await setUp().inject(ask(ALL, {}))
    expect(answer.body).not.toContain('app-token')
  })
})

describe('the doors of the flags', () => {
  it.each([
    ['no token', {}, 401],
    ['another token', { authorization: 'Bearer other' }, 401],
    ['the token', { authorization: 'Bearer app-token' }, 200],
    ['the token as an API key', { 'x-api-key': 'app-token' }, 200],
  ])('with a token set are open as they should be to %s', async (_, headers, status) => {
    const server = setUp()
    const asked = [ONE, ALL].map((url) => server.inject({ method: 'POST', url, headers: { ...headers }, payload: {} }))
    const read = server.inject({ url: `${BASE}/flagd.json`, headers: { ...headers } })
    expect((await Promise.all([...asked, read])).map(({ statusCode }) => statusCode)).toEqual([status, status, status])
  })

  it.each([
    ['this machine', { remoteAddress: '127.0.0.1' }, 200],
    ['another machine', { remoteAddress: '10.0.0.7' }, 401],
    ['a page that points its own name here', { headers: { host: 'evil.example' } }, 401],
    ['a page of another site', { headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' } }, 401],
  ])('without one are open as they should be to %s', async (_, from, status) => {
    const server = setUp(withoutToken())
    expect((await server.inject({ method: 'POST', url: ALL, payload: {}, ...from })).statusCode).toBe(status)
  })

  it('do not tell an unknown target from one that is closed', async () => {
    const server = setUp()
    const answers = await Promise.all(
      ['/flags/checkout/production', '/flags/checkout/staging'].map((base) =>
        server.inject({ method: 'POST', url: `${base}/ofrep/v1/evaluate/flags`, payload: {} }),
      ),
    )
    expect(answers[0]?.json()).toEqual(answers[1]?.json())
  })

  it('hand out the definitions for flagd', async () => {
    const server = setUp()
    await set(2_500)
    const headers = { authorization: 'Bearer app-token' }
    const answer = await server.inject({ url: `${BASE}/flagd.json`, headers })
    expect(answer.json()).toMatchObject({
      flags: {
        'new-checkout': {
          targeting: {
            fractional: [
              ['on', 2_500],
              ['off', 7_500],
            ],
          },
        },
      },
    })
    const again = await server.inject({
      ...{ url: `${BASE}/flagd.json`, headers: { ...headers, 'if-none-match': String(answer.headers.etag) } },
    })
    expect(again.statusCode).toBe(304)
  })
})

describe('the flags that a process serves', () => {
  const target = (service: string, options: object) => ({ service, environment: 'production', flags: options })

  it('are those of the stores that Sluice serves itself; one without its token is left out, and says so', () => {
    const told: string[] = []
    const targets = [
      target('checkout', withToken()),
      target('search', { kind: 'memory', world: 'x', flags: ['a'] }),
      target('basket', { ...withToken(), token: { env: 'SLUICE_TEST_NOT_SET' } }),
      { service: 'plain', environment: 'production' },
    ]
    const installation = { targets } as unknown as Parameters<typeof servedFlagsOf>[0]
    const served = servedFlagsOf(installation, ADAPTERS, (sentence) => told.push(sentence))
    expect([...served.keys()]).toEqual(['checkout/production'])
    expect(told).toHaveLength(1)
    expect(told[0]).toContain('the flags of basket/production are not served')
  })
})

describe('the event stream of flags', () => {
  async function listen(server: ReturnType<typeof setUp>) {
    await server.listen({ host: '127.0.0.1', port: 0 })
    return `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`
  }

  /** The events of a stream, one at a time; comments and the rest are left out. */
  async function* eventsOf(response: Response) {
    const decoder = new TextDecoder()
    let text = ''
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true })
      const parts = text.split('\n\n')
      text = parts.pop() ?? ''
      for (const part of parts) {
        const id = /^id: (.*)$/m.exec(part)?.[1]
        const data = /^data: (.*)$/m.exec(part)?.[1]
        if (data !== undefined) yield { id, data: JSON.parse(data) as { type: string } }
      }
    }
  }

  it('tells clients to ask again when a flag has changed, and what they get then is new', async () => {
    const server = setUp()
    const base = await listen(server)
    await set(10_000)
    const post = () =>
      fetch(`${base}${ALL}`, {
        ...{ method: 'POST', body: '{}' },
        headers: { authorization: 'Bearer app-token', 'content-type': 'application/json' },
      }).then((answer) => answer.json() as Promise<{ flags: { value: boolean }[]; eventStreams: { url: string }[] }>)
    const first = await post()
    const stream = await fetch(first.eventStreams[0]?.url ?? '')
    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const events = eventsOf(stream)
    // What has changed before the stream was there is told at once.
    expect((await events.next()).value).toMatchObject({ id: '1', data: { type: 'refetchEvaluation' } })
    await set(0)
    expect((await events.next()).value).toMatchObject({ id: '2', data: { type: 'refetchEvaluation', etag: '"2"' } })
    expect((await post()).flags[0]).toMatchObject({ value: false })
    await events.return()
  })

  it('tells a client that comes back only what it has not heard, and ends when the process does', async () => {
    const server = setUp(withoutToken())
    const base = await listen(server)
    await set(10_000)
    const stream = await fetch(`${base}${BASE}/events`, { headers: { 'last-event-id': '1' } })
    await set(2_000)
    const events = eventsOf(stream)
    expect((await events.next()).value).toMatchObject({ id: '2' })
    await server.close()
    expect((await events.next()).done).toBe(true)
  })

  it('is closed to whoever has neither the token nor the key of the stream, and its key opens nothing else', async () => {
    const server = setUp()
    expect((await server.inject({ url: `${BASE}/events` })).statusCode).toBe(401)
    expect((await server.inject({ url: `${BASE}/events?key=app-token` })).statusCode).toBe(401)
    const { eventStreams } = (await server.inject(ask(ALL, {}))).json<{ eventStreams: { url: string }[] }>()
    const key = new URL(eventStreams[0]?.url ?? '').searchParams.get('key') ?? ''
    const other = await server.inject({
      method: 'POST',
      url: `${ALL}?key=${key}`,
      payload: {},
      headers: { 'x-api-key': key },
    })
    expect(other.statusCode).toBe(401)
  })
})
