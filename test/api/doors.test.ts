import { EventEmitter } from 'node:events'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { extentOf } from '../../src/api/json-body.ts'
import { createServer } from '../../src/api/server.ts'
import { catchStrays } from '../../src/api/strays.ts'
import { SluiceError } from '../../src/domain/errors.ts'
import type { CommandOutcome } from '../../src/releases/releases.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { apiParts } from '../support/api-parts.ts'
import { demoInstallation, PLAN } from '../support/demo-installation.ts'
import { createFakeReleases } from '../support/fake-releases.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

function setUp(options: { hasTokens?: boolean; now?: () => number } = {}) {
  const releases = createFakeReleases()
  const metrics = createMetrics({ isBare: true })
  const installation = demoInstallation(options)
  const now = options.now ?? Date.now
  const server = createServer(apiParts({ releases, installation, metrics, now }))
  closers.push(() => server.close())
  return { server, releases, metrics }
}

const START = { plan: PLAN, version: 'v2' }
const RELEASE = '/api/v1/releases/checkout/production/1'
const LANE = '/api/v1/lanes/checkout/production'
const JSON_BODY = { 'content-type': 'application/json' }

describe('what became of a request', () => {
  it.each([
    ['request.not-taken', 503, '2'],
    ['request.unsettled', 503, '2'],
    ['request.too-many', 429, '1'],
  ] as const)('is told with %s, and when to send it again', async (code, status, retryAfter) => {
    const { server, releases } = setUp()
    releases.failWith(new SluiceError(code, { message: 'not now', fix: 'send it again' }))
    for (const [url, payload] of [
      ['/api/v1/releases', START],
      [`${RELEASE}/commands`, { verb: 'abort' }],
    ] as const) {
      const answer = await server.inject({ method: 'POST', url, payload })
      expect([answer.statusCode, answer.headers['retry-after']]).toEqual([status, retryAfter])
      expect(answer.json()).toMatchObject({ code, detail: 'not now', fix: 'send it again' })
    }
  })

  it('is told apart when a command is kept but not carried out yet', async () => {
    const { server, releases } = setUp()
    await server.inject({ method: 'POST', url: '/api/v1/releases', payload: START })
    const outcome: CommandOutcome = {
      releaseId: 'release/checkout/production/1',
      phase: null,
      text: 'x',
      isSettled: false,
    }
    Object.assign(releases, { command: async () => outcome })
    const answer = await server.inject({ method: 'POST', url: `${RELEASE}/commands`, payload: { verb: 'abort' } })
    expect([answer.statusCode, answer.json()]).toEqual([202, outcome])
  })

  it('is shown of a release that waits, and an abort takes it out of the queue', async () => {
    const { server } = setUp()
    const start = (version: string) =>
      server.inject({ method: 'POST', url: '/api/v1/releases', payload: { ...START, version, whenBusy: 'queue' } })
    await start('v2')
    await start('v3')
    const second = '/api/v1/releases/checkout/production/2'
    expect((await server.inject({ url: second })).json()).toMatchObject({
      ...{ phase: 'queued', version: 'v3', verbs: ['abort'] },
      waiting: { behind: 'release/checkout/production/1', ahead: 1, isFrozen: false },
    })
    const pause = await server.inject({ method: 'POST', url: `${second}/commands`, payload: { verb: 'pause' } })
    expect([pause.statusCode, pause.json<{ code: string }>().code]).toEqual([409, 'release.waiting'])
    const abort = await server.inject({ method: 'POST', url: `${second}/commands`, payload: { verb: 'abort' } })
    expect(abort.json()).toMatchObject({ phase: 'withdrawn', isSettled: true })
    expect((await server.inject({ url: LANE })).json()).toMatchObject({ queue: [] })
  })

  it('says how old a look is that is handed out again', async () => {
    const { server, releases } = setUp({ now: () => 10_000 })
    await server.inject({ method: 'POST', url: '/api/v1/releases', payload: START })
    const card = await releases.show('checkout/production/1')
    Object.assign(releases, { show: async () => ({ ...card, asOf: 6_500 }) })
    expect((await server.inject({ url: RELEASE })).headers['age']).toBe('3')
  })
})

describe('recover', () => {
  const url = '/api/v1/targets/checkout/production/recover'

  it('brings the router back in the name of the sender, and asks why', async () => {
    const { server } = setUp()
    await server.inject({ method: 'POST', url: '/api/v1/releases', payload: START })
    expect((await server.inject({ method: 'POST', url, payload: {} })).statusCode).toBe(400)
    const headers = { 'x-sluice-person': 'bob' }
    const payload = { reason: 'the canary hangs', stable: 'blue' }
    const answer = await server.inject({ method: 'POST', url, payload, headers })
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toMatchObject({ target: { service: 'checkout' }, keeper: { state: expect.any(String) } })
  })

  it('knows only targets that are registered', async () => {
    const { server } = setUp()
    const other = url.replace('checkout', 'billing')
    const answer = await server.inject({ method: 'POST', url: other, payload: { reason: 'x' } })
    expect(answer.json()).toMatchObject({ code: 'target.unknown' })
  })
})

describe('without tokens', () => {
  const addresses = ['/api/v1/targets', '/api/v1/releases', LANE, '/metrics', '/healthz', '/readyz', '/errors/internal']

  it.each(addresses)('%s is for this machine and its own pages only', async (url) => {
    const { server } = setUp()
    const host = '127.0.0.1:8230'
    for (const headers of [
      { host: 'evil.example' },
      { host: 'evil.example:8230' },
      { host: '127.0.0.1.nip.io:8230' },
      { host, origin: 'http://evil.example' },
      { host, origin: 'http://127.0.0.1:9999' },
      { host, origin: 'null' },
      { host, 'sec-fetch-site': 'cross-site' },
    ]) {
      const answer = await server.inject({ url, headers: headers as Record<string, string> })
      expect({ headers, status: answer.statusCode }).toEqual({ headers, status: 401 })
    }
    for (const headers of [
      { host },
      { host: 'localhost:8230', origin: 'http://localhost:8230', 'sec-fetch-site': 'same-origin' },
      { host: 'localhost', origin: 'http://localhost' },
      { host: '[::1]:8230', origin: 'http://[::1]:8230' },
    ]) {
      const answer = await server.inject({ url, headers: headers as Record<string, string> })
      expect({ headers, status: answer.statusCode }).toEqual({ headers, status: 200 })
    }
  })

  it('refuses what changes something likewise', async () => {
    const { server, releases } = setUp()
    const headers = { host: '127.0.0.1:8230', origin: 'http://evil.example' }
    for (const url of ['/api/v1/releases', `${RELEASE}/commands`, `${LANE}/freeze`]) {
      expect((await server.inject({ method: 'POST', url, headers, payload: START })).statusCode).toBe(401)
    }
    expect((await releases.list({}, { size: 5, next: null })).releases).toEqual([])
  })

  it('a token lets its bearer in from anywhere', async () => {
    const { server } = setUp({ hasTokens: true })
    const headers = { host: 'sluice.example', authorization: 'Bearer token-alice' }
    expect((await server.inject({ url: '/api/v1/targets', headers })).statusCode).toBe(200)
  })
})

describe('bodies', () => {
  const post = (payload: string, url = '/api/v1/releases') => ({
    method: 'POST' as const,
    url,
    payload,
    headers: JSON_BODY,
  })

  it('are refused before they are parsed when they are nested too deeply or hold too much', async () => {
    const { server } = setUp()
    const deep = '['.repeat(100_000)
    const wide = `{"plan":[${'1,'.repeat(60_000)}1]}`
    for (const [payload, words] of [
      [deep, 'nested too deeply'],
      [`{"plan":${'{"a":'.repeat(1_000)}1${'}'.repeat(1_000)}}`, 'nested too deeply'],
      [wide, 'too many values'],
    ] as const) {
      const answer = await server.inject(post(payload))
      expect([answer.statusCode, answer.json<{ detail: string }>().detail]).toEqual([
        400,
        `the body ${words === 'too many values' ? 'holds ' : 'is '}${words}`,
      ])
    }
  })

  it('without a plan are small', async () => {
    const { server } = setUp()
    const reason = 'x'.repeat(20_000)
    for (const url of [`${RELEASE}/commands`, `${LANE}/freeze`, '/api/v1/targets/checkout/production/recover']) {
      expect((await server.inject(post(JSON.stringify({ verb: 'abort', reason }), url))).statusCode).toBe(413)
    }
  })

  it('with very many problems are answered with the first of them and their number', async () => {
    const { server } = setUp()
    const steps = Array.from({ length: 150 }, () => ({ a: 1, b: 2 }))
    const answer = await server.inject({
      method: 'POST',
      url: '/api/v1/plans/check',
      payload: { plan: { ...PLAN, steps } },
    })
    const { problems, detail } = answer.json<{ problems: unknown[]; detail: string }>()
    expect(answer.statusCode).toBe(422)
    expect(problems.length).toBeLessThanOrEqual(101)
    expect(detail).toMatch(/^there are \d+ problems, and these are the first 100$/)
    const keys = Object.fromEntries(Array.from({ length: 9_000 }, (_, index) => [`k${index}`, 1]))
    const other = await server.inject({ method: 'POST', url: '/api/v1/releases', payload: { ...START, ...keys } })
    expect(other.statusCode).toBe(400)
    expect(other.json<{ problems: unknown[] }>().problems.length).toBeLessThanOrEqual(101)
  })

  it('are measured as they would be parsed', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 10 }), (value) => {
        const { depth } = extentOf(JSON.stringify(value))
        expect(depth).toBe(Math.min(41, depthOf(value)))
      }),
    )
  })
})

describe('the last net', () => {
  it('logs what nobody has dealt with, and lets the process live', () => {
    const process = new EventEmitter()
    const seen: unknown[] = []
    catchStrays(process, { error: ({ err }) => void seen.push(err) })
    process.emit('unhandledRejection', null)
    process.emit('uncaughtException', 'thrown')
    expect(seen).toEqual([null, 'thrown'])
  })
})

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}
