import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createServer } from '../../src/api/server.ts'
import { signedHeaders } from '../../src/outbound/signature.ts'
import { apiParts } from '../support/api-parts.ts'
import { demoInstallation, validPlan } from '../support/demo-installation.ts'
import { createFakeReleases } from '../support/fake-releases.ts'

const NOW = 1_800_000_000_000
const webhook = (env: string) => ({
  webhook: {
    ...({ url: 'https://a', method: 'POST', headers: {}, deadline: 1_000, callback: { within: 60_000 } } as const),
    secret: { env },
  },
})
const installation = {
  ...demoInstallation({ hasTokens: true }),
  hooks: { deploy: webhook('DEPLOY_SECRET'), other: webhook('OTHER_SECRET'), unset: webhook('UNSET_SECRET') },
}
const ID = 'release/checkout/production/1'
const key = `${ID}/step-1/deploy`
let server: ReturnType<typeof createServer>

beforeEach(async () => {
  vi.stubEnv('DEPLOY_SECRET', 's3cret')
  vi.stubEnv('OTHER_SECRET', 'other')
  const releases = createFakeReleases({ now: () => NOW })
  server = createServer(apiParts({ releases, installation, now: () => NOW }))
  const author = { person: 'alice', entrance: 'http' } as const
  await releases.start({ ...{ plan: validPlan(), version: '2', author, reason: '', key: 'a' }, whenBusy: 'reject' })
  releases.record(ID, { type: 'hook-called', step: 1, call: 'deploy', direction: 'do', undo: null })
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await server.close()
})

function send(body: object | string, { secret = 's3cret', headers = {} as object } = {}) {
  const payload = typeof body === 'string' ? body : JSON.stringify(body)
  const signed = { 'content-type': 'application/json', ...signedHeaders(secret, payload, NOW), ...headers }
  return server.inject({ method: 'POST', url: '/callbacks/checkout/production/1', payload, headers: signed })
}
const done = () => ({ call: 'deploy', key, answer: 'done', reason: '3 of 3' })

describe('a callback', () => {
  it('is heard once, without a token, however often it is sent', async () => {
    const answers = [await send(done()), await send({ ...done(), answer: 'failed' })]
    expect(answers.map((answer) => [answer.statusCode, answer.json()])).toEqual([
      [200, { isRepeat: false }],
      [200, { isRepeat: true }],
    ])
  })

  it.each([
    ['with another secret', { secret: 'guess' }],
    ['without a signature', { headers: { 'sluice-signature': '' } }],
    ['of long ago', { headers: { 'sluice-timestamp': '1' } }],
  ])('%s is not taken', async (_, how) => {
    expect((await send(done(), how)).json()).toMatchObject({ status: 401, code: 'request.unauthenticated' })
  })

  it.each([['constructor'], ['gone'], ['unset'], [7]])(
    'for the call %s, which has no secret, is not taken',
    async (call) => {
      expect((await send({ ...done(), call }, { secret: '' })).statusCode).toBe(401)
    },
  )

  it('of one call cannot answer another', async () => {
    expect((await send({ ...done(), call: 'other' }, { secret: 'other' })).json()).toMatchObject({
      code: 'hook.unknown-key',
    })
  })

  it('that nobody waits for is refused', async () => {
    expect((await send({ ...done(), key: 'guess' })).json()).toMatchObject({ status: 409, code: 'hook.unknown-key' })
  })

  it.each([
    ['{"call":"deploy"}', 400],
    ['{"call":"deploy","key":"k","answer":"maybe"}', 400],
    ['{', 400],
    ['[]', 401],
    ['"deploy"', 401],
    [`{"call":"deploy","key":"${'x'.repeat(17_000)}"}`, 413],
  ])('is read strictly: %s', async (body, status) => {
    expect((await send(body)).statusCode).toBe(status)
  })
})
