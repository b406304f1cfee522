import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createServer } from '../../src/api/server.ts'
import { SluiceError } from '../../src/domain/errors.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { apiParts } from '../support/api-parts.ts'
import { demoInstallation, PLAN } from '../support/demo-installation.ts'
import { createFakeReleases } from '../support/fake-releases.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

function setUp(options: { hasTokens?: boolean; plan?: unknown } = {}) {
  const releases = createFakeReleases()
  const metrics = createMetrics({ isBare: true })
  const installation = demoInstallation(options)
  const plans = async () => ('plan' in options ? options.plan : PLAN)
  const server = createServer(apiParts({ releases, installation, plans, metrics }))
  closers.push(() => server.close())
  return { server, releases, metrics }
}

const START = { plan: PLAN, version: 'v2' }
const RELEASE = '/api/v1/releases/checkout/production/1'

describe('starting a release', () => {
  it('takes a plan as JSON and answers with the address of the release', async () => {
    const { server } = setUp()
    const answer = await server.inject({ method: 'POST', url: '/api/v1/releases', payload: START })
    expect(answer.statusCode).toBe(201)
    expect(answer.json()).toEqual({ releaseId: 'release/checkout/production/1', placed: 'started', ahead: 0 })
    expect(answer.headers.location).toBe(RELEASE)
  })

  it('takes the plan that the target has registered when none is sent', async () => {
    const { server } = setUp()
    const payload = { service: 'checkout', environment: 'production', version: 'v2' }
    const answer = await server.inject({ method: 'POST', url: '/api/v1/releases', payload })
    expect(answer.statusCode).toBe(201)
  })

  it('says that there is no plan when the target has none either', async () => {
    const { server } = setUp({ plan: null })
    const payload = { service: 'checkout', environment: 'production', version: 'v2' }
    const answer = await server.inject({ method: 'POST', url: '/api/v1/releases', payload })
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toMatchObject({
      code: 'request.invalid',
      detail: 'checkout/production has no plan of its own',
    })
  })

  it('answers a repeated key with the same release and another wish under that key with a conflict', async () => {
    const { server } = setUp()
    const headers = { 'idempotency-key': 'deploy-7' }
    const send = (version: string) =>
      server.inject({ method: 'POST', url: '/api/v1/releases', headers, payload: { ...START, version } })
    const [first, second, third] = [await send('v2'), await send('v2'), await send('v3')]
    expect(second.json()).toEqual(first.json())
    expect(third.statusCode).toBe(409)
    expect(third.json()).toMatchObject({ code: 'lane.key-reused' })
  })

  it('refuses two different keys in header and body', async () => {
    const { server } = setUp()
    const request = { headers: { 'idempotency-key': 'one' }, payload: { ...START, key: 'two' } }
    const answer = await server.inject({ method: 'POST', url: '/api/v1/releases', ...request })
    expect(answer.statusCode).toBe(400)
  })

  it('lists every problem of a plan with its path and starts nothing', async () => {
    const { server, releases } = setUp()
    const plan = { ...PLAN, steps: [{ weight: '5%' }, { weight: '2%' }, { wieght: '9%' }], onFial: 'pause' }
    const answer = await server.inject({ method: 'POST', url: '/api/v1/releases', payload: { plan, version: 'v2' } })
    expect(answer.statusCode).toBe(422)
    expect(answer.headers['content-type']).toContain('application/problem+json')
    const problem = answer.json<{ code: string; problems: { path: unknown[]; where: string; fix: string }[] }>()
    expect(problem.code).toBe('plan.invalid')
    expect(problem.problems.map(({ where }) => where)).toEqual([
      'onFial',
      'steps[2].wieght',
      'steps[1].weight',
      'steps',
    ])
    expect(problem.problems[1]).toMatchObject({ path: ['steps', 2, 'wieght'], fix: 'did you mean weight?' })
    expect((await releases.list({}, { size: 10, next: null })).releases).toEqual([])
  })

  it('refuses a second release of a busy target, and queues it when asked to', async () => {
    const { server } = setUp()
    const send = (more: object) =>
      server.inject({ method: 'POST', url: '/api/v1/releases', payload: { ...START, ...more } })
    await send({})
    const refused = await send({ version: 'v3' })
    expect(refused.statusCode).toBe(409)
    expect(refused.json()).toMatchObject({ code: 'lane.busy', type: '/errors/lane.busy' })
    const queued = await send({ version: 'v3', whenBusy: 'queue' })
    expect(queued.json()).toMatchObject({ placed: 'queued', ahead: 1 })
  })

  it('never takes the author from the body', async () => {
    const { server, releases } = setUp()
    const payload = { ...START, author: { person: 'mallory' } }
    const answer = await server.inject({ method: 'POST', url: '/api/v1/releases', payload })
    expect(answer.statusCode).toBe(400)
    expect(answer.json<{ problems: { where: string }[] }>().problems[0]?.where).toBe('author')
    await server.inject({
      method: 'POST',
      url: '/api/v1/releases',
      payload: START,
      headers: { 'x-sluice-person': 'carol' },
    })
    expect((await releases.show('checkout/production/1')).author).toBe('carol')
  })
})

describe('commands', () => {
  it('carries out a command as the person of the header and gives the card', async () => {
    const { server } = setUp()
    await server.inject({ method: 'POST', url: '/api/v1/releases', payload: START })
    const pause = { verb: 'pause', reason: 'lunch' }
    const headers = { 'x-sluice-person': 'bob', 'x-sluice-entrance': 'cli' }
    const answer = await server.inject({ method: 'POST', url: `${RELEASE}/commands`, payload: pause, headers })
    expect(answer.json()).toMatchObject({
      releaseId: 'release/checkout/production/1',
      text: 'pause accepted, now paused (starting)',
    })
    const card = await server.inject({ url: RELEASE })
    expect(card.json()).toMatchObject({
      phase: 'paused (starting)',
      reason: 'lunch',
      verbs: ['resume', 'abort', 'retry'],
    })
  })

  it('refuses what the state does not allow, with the sentence', async () => {
    const { server, metrics } = setUp()
    await server.inject({ method: 'POST', url: '/api/v1/releases', payload: START })
    const answer = await server.inject({ method: 'POST', url: `${RELEASE}/commands`, payload: { verb: 'resume' } })
    expect(answer.statusCode).toBe(409)
    expect(answer.json()).toMatchObject({ code: 'command.refused', detail: 'the release is not paused' })
    expect(await metrics.registry.metrics()).toContain(
      'sluice_commands_total{verb="resume",answer="command.refused"} 1',
    )
  })

  it('wants a duration for extend and for nothing else', async () => {
    const { server } = setUp()
    for (const payload of [{ verb: 'extend' }, { verb: 'pause', by: '10m' }, { verb: 'extend', by: 10 }]) {
      const answer = await server.inject({ method: 'POST', url: `${RELEASE}/commands`, payload })
      expect(answer.statusCode).toBe(400)
      expect(answer.json<{ problems: { where: string }[] }>().problems.map(({ where }) => where)).toEqual(['by'])
    }
  })

  it('answers 404 for a release that never was', async () => {
    const { server } = setUp()
    const answer = await server.inject({ url: RELEASE })
    expect(answer.statusCode).toBe(404)
    expect(answer.json()).toMatchObject({ code: 'release.unknown' })
  })
})

describe('lists, lanes, targets, plans', () => {
  it('pages through releases', async () => {
    const { server, releases } = setUp()
    for (const version of ['v1', 'v2', 'v3']) {
      await server.inject({ method: 'POST', url: '/api/v1/releases', payload: { plan: PLAN, version } })
      const { running } = await releases.lane({ service: 'checkout', environment: 'production' })
      await releases.command({
        verb: 'abort',
        releaseId: running ?? '',
        step: null,
        key: version,
        reason: '',
        actor: { person: 'alice', entrance: 'demo' },
      })
      releases.advance(running ?? '')
    }
    const first = (await server.inject({ url: '/api/v1/releases?size=2&phase=closed' })).json<{
      releases: { version: string }[]
      next: string
    }>()
    expect(first.releases.map(({ version }) => version)).toEqual(['v3', 'v2'])
    const second = (await server.inject({ url: `/api/v1/releases?size=2&next=${first.next}` })).json<{
      releases: { version: string }[]
    }>()
    expect(second).toMatchObject({ releases: [{ version: 'v1' }], next: null })
  })

  it('refuses list parameters it does not know', async () => {
    const { server } = setUp()
    for (const query of ['size=0', 'size=1e1', 'phase=flying', 'service=A', 'user=x', "service=a'%20OR%201"]) {
      const { statusCode } = await server.inject({ url: `/api/v1/releases?${query}` })
      expect({ query, statusCode }).toEqual({ query, statusCode: 400 })
    }
  })

  it('freezes and thaws a lane in the name of the sender', async () => {
    const { server } = setUp()
    const url = '/api/v1/lanes/checkout/production'
    const headers = { 'x-sluice-person': 'bob' }
    const frozen = await server.inject({ method: 'POST', url: `${url}/freeze`, payload: { reason: 'audit' }, headers })
    expect(frozen.json()).toMatchObject({ freeze: { by: 'bob', reason: 'audit' } })
    const start = await server.inject({ method: 'POST', url: '/api/v1/releases', payload: START })
    expect(start.statusCode).toBe(423)
    expect((await server.inject({ method: 'DELETE', url: `${url}/freeze` })).json()).toMatchObject({ freeze: null })
    expect((await server.inject({ url: '/api/v1/lanes/billing/production' })).json()).toMatchObject({
      code: 'target.unknown',
    })
  })

  it('freezes and thaws once by one key, in the header or in the body', async () => {
    const { server } = setUp()
    const url = '/api/v1/lanes/checkout/production/freeze'
    const freeze = (payload: object, headers: Record<string, string> = {}) =>
      server.inject({ method: 'POST', url, payload: { reason: 'audit', ...payload }, headers })
    const thaw = (key: string) => server.inject({ method: 'DELETE', url, headers: { 'idempotency-key': key } })
    const frozen = await freeze({}, { 'idempotency-key': 'one' })
    expect((await thaw('two')).json()).toMatchObject({ freeze: null })
    expect((await freeze({ key: 'one' })).json()).toEqual(frozen.json())
    expect((await server.inject({ url: '/api/v1/lanes/checkout/production' })).json()).toMatchObject({ freeze: null })
    expect((await freeze({ key: 'three' })).statusCode).toBe(200)
    expect((await thaw('two')).json()).toMatchObject({ freeze: null })
    expect((await server.inject({ url: '/api/v1/lanes/checkout/production' })).json()).toMatchObject({
      freeze: { reason: 'audit' },
    })
    expect((await thaw('not a key')).statusCode).toBe(400)
    expect((await freeze({ key: 'one' }, { 'idempotency-key': 'two' })).statusCode).toBe(400)
  })

  it('shows targets without the addresses of their adapters', async () => {
    const { server } = setUp()
    const answer = await server.inject({ url: '/api/v1/targets' })
    expect(answer.json()).toMatchObject({ targets: [{ service: 'checkout', router: 'test', hasPlan: true }] })
    expect(answer.body).not.toContain('secret')
  })

  it('checks a plan without starting it', async () => {
    const { server } = setUp()
    const answer = await server.inject({ method: 'POST', url: '/api/v1/plans/check', payload: { plan: PLAN } })
    expect(answer.json()).toMatchObject({
      plan: { service: 'checkout', checks: [{ name: 'errors', kind: 'errorRate' }] },
    })
  })
})

describe('identity', () => {
  it('lets in only the bearers of tokens once there are tokens', async () => {
    const { server, releases } = setUp({ hasTokens: true })
    const start = (headers: Record<string, string>) =>
      server.inject({ method: 'POST', url: '/api/v1/releases', payload: START, headers })
    for (const headers of [
      {},
      { authorization: 'Bearer nothing' },
      { authorization: 'token-alice' },
      { 'x-sluice-person': 'alice' },
    ]) {
      const answer = await start(headers as Record<string, string>)
      expect(answer.statusCode).toBe(401)
      expect(answer.headers['www-authenticate']).toBe('Bearer')
    }
    expect((await start({ authorization: 'Bearer token-alice', 'x-sluice-person': 'bob' })).statusCode).toBe(201)
    expect((await releases.show('checkout/production/1')).author).toBe('alice')
  })

  it('asks for the token before it reads the body, on every route below /api', async () => {
    const { server } = setUp({ hasTokens: true })
    const garbage = {
      method: 'POST',
      url: '/api/v1/releases',
      payload: '{',
      headers: { 'content-type': 'application/json' },
    } as const
    expect((await server.inject(garbage)).statusCode).toBe(401)
    for (const url of ['/api/v1/releases', RELEASE, '/api/v1/targets', '/api/v1/lanes/checkout/production']) {
      const { statusCode } = await server.inject({ url })
      expect({ url, statusCode }).toEqual({ url, statusCode: 401 })
    }
  })

  it('refuses a header that is no name, and a request addressed to another host', async () => {
    const { server } = setUp()
    const named = await server.inject({ url: '/api/v1/targets', headers: { 'x-sluice-person': 'Alice <admin>' } })
    expect(named.statusCode).toBe(400)
    for (const host of ['evil.example', 'evil.example:8230', '127.0.0.1.nip.io', '10.0.0.1:8230']) {
      const { statusCode } = await server.inject({ url: '/api/v1/targets', headers: { host } })
      expect({ host, statusCode }).toEqual({ host, statusCode: 401 })
    }
    for (const host of ['127.0.0.1:8230', 'localhost:8230', '[::1]:8230']) {
      const { statusCode } = await server.inject({ url: '/api/v1/targets', headers: { host } })
      expect({ host, statusCode }).toEqual({ host, statusCode: 200 })
    }
  })
})

describe('malformed requests', () => {
  it('answers each with its own 4xx as problem+json and the security headers', async () => {
    const { server } = setUp()
    const json = { 'content-type': 'application/json' }
    const post = { method: 'POST', url: '/api/v1/releases' } as const
    const cases = [
      [404, { method: 'GET', url: '/nowhere' }],
      [404, { method: 'PUT', url: '/api/v1/releases' }],
      [415, { ...post, payload: 'plan: x', headers: { 'content-type': 'application/yaml' } }],
      [415, { ...post, payload: 'hello', headers: { 'content-type': 'text/plain' } }],
      [400, { ...post, payload: '{"plan":', headers: json }],
      [400, { ...post, payload: '', headers: json }],
      [400, { ...post, payload: '[]', headers: json }],
      [400, { ...post, payload: '{"__proto__":{"a":1},"version":"v1"}', headers: json }],
      [413, { ...post, payload: JSON.stringify({ ...START, reason: 'x'.repeat(300_000) }), headers: json }],
      [400, { method: 'GET', url: '/api/v1/releases/CHECKOUT/production/1' }],
      [400, { method: 'GET', url: '/api/v1/releases/checkout/production/0' }],
      [400, { method: 'GET', url: '/api/v1/releases/%zz/production/1' }],
    ] as const
    for (const [status, request] of cases) {
      const answer = await server.inject(request)
      expect({ request, statusCode: answer.statusCode }).toEqual({ request, statusCode: status })
      expect(answer.json()).toMatchObject({ status })
      expect(answer.headers['content-type']).toContain('application/problem+json')
      expect(answer.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' })
    }
  })

  it('lists everything that is wrong in a body at once', async () => {
    const { server } = setUp()
    const payload = { plan: [], version: '', whenBusy: 'shout', reason: 'a\nb', extra: 1 }
    const answer = await server.inject({ method: 'POST', url: '/api/v1/releases', payload })
    const places = answer.json<{ problems: { where: string }[] }>().problems.map(({ where }) => where)
    expect(places).toEqual(expect.arrayContaining(['plan', 'version', 'whenBusy', 'reason', 'extra']))
  })

  it('answers bytes that are no HTTP with a problem and closes', async () => {
    const { server } = setUp()
    await server.listen({ host: '127.0.0.1', port: 0 })
    const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1')
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
    socket.write('HELO sluice\r\n\r\n')
    await once(socket, 'close')
    expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(text).toContain('"code":"request.invalid"')
  })
})

describe('faults', () => {
  it('hides what nobody foresaw', async () => {
    const { server, releases } = setUp()
    releases.failWith(new Error('SECRET at /srv/app.ts'))
    const answer = await server.inject({ url: '/api/v1/releases' })
    expect(answer.statusCode).toBe(500)
    expect(answer.json()).toMatchObject({ code: 'internal' })
    expect(answer.body).not.toContain('SECRET')
  })

  it('says that Temporal is down, when to ask again, and which part it is', async () => {
    const { server, releases } = setUp()
    releases.failWith(new SluiceError('temporal.unavailable', { message: 'Temporal does not answer' }))
    const answer = await server.inject({ url: '/api/v1/releases' })
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '2'])
    const ready = await server.inject({ url: '/readyz' })
    expect(ready.statusCode).toBe(503)
    expect(ready.json()).toEqual({
      status: 'not ready',
      parts: { temporal: { status: 'down', reason: 'Temporal does not answer' } },
    })
    expect((await server.inject({ url: '/healthz' })).statusCode).toBe(200)
  })

  it('is ready when Temporal answers', async () => {
    const { server } = setUp()
    expect((await server.inject({ url: '/readyz' })).json()).toEqual({
      status: 'ready',
      parts: { temporal: { status: 'up' } },
    })
  })
})

describe('figures and codes', () => {
  it('counts requests by route pattern, never by release', async () => {
    const { server } = setUp()
    await server.inject({ method: 'POST', url: '/api/v1/releases', payload: START })
    await server.inject({ url: RELEASE })
    await server.inject({ url: '/random-scan-1' })
    const { body } = await server.inject({ url: '/metrics' })
    expect(body).toContain('route="/api/v1/releases/:service/:environment/:number",status="200"} 1')
    expect(body).toContain('sluice_release_starts_total{answer="started"} 1')
    expect(body).not.toMatch(/checkout|random-scan/)
  })

  it('explains each error code at the address that problems name', async () => {
    const { server } = setUp()
    expect((await server.inject({ url: '/errors/lane.busy' })).json()).toMatchObject({
      status: 409,
      title: expect.any(String),
    })
    expect((await server.inject({ url: '/errors/__proto__' })).statusCode).toBe(404)
  })
})
