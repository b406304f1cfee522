import { afterEach, describe, expect, it } from 'vitest'
import { signatureProblem } from '../../src/outbound/signature.ts'
import { open } from '../support/calls.ts'
import { NOW, outsideOf, REQUEST, startListener } from './parts.ts'

type Listener = Awaited<ReturnType<typeof startListener>>
const listeners: Listener[] = []
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close()))
})

async function listening(answer: Parameters<typeof startListener>[0]): Promise<Listener> {
  const listener = await startListener(answer)
  listeners.push(listener)
  return listener
}
const answering = (status: number, body = '', headers: Record<string, string> = {}) =>
  listening((response) => response.writeHead(status, headers).end(body))

const call = (url: string, more: object = {}, variables: NodeJS.ProcessEnv = {}) =>
  outsideOf({ hooks: { deploy: { webhook: { url, ...more } } } }, variables).call(REQUEST, open())
const ask = (url: string) =>
  outsideOf({ hooks: { deploy: { webhook: { url } } } }).ask({ ...REQUEST, direction: 'ask' }, open())

describe('a webhook', () => {
  it('says what is released where, signed, with the key of the call', async () => {
    const { url, heard } = await answering(200)
    expect(await call(url, { secret: { env: 'HOOK_SECRET' } }, { HOOK_SECRET: 's3cret' })).toEqual({
      kind: 'done',
      text: '',
    })
    const [one] = heard
    if (one === undefined) throw new Error('nothing was heard')
    const { method, headers, body } = one
    expect(method).toBe('POST')
    expect(headers['idempotency-key']).toBe(REQUEST.key)
    expect(signatureProblem('s3cret', body, headers, NOW)).toBeNull()
    expect(JSON.parse(body)).toEqual({
      ...{ call: 'deploy', direction: 'do', key: REQUEST.key, release: REQUEST.releaseId, step: 2, version: '2.4.0' },
      ...{ service: 'checkout', environment: 'production', pool: 'green', stable: 'blue' },
    })
  })

  it('may have a body, an address and headers of its own, with placeholders', async () => {
    const { url, heard } = await answering(204)
    const own = { body: { ref: 'main', inputs: { version: '{version}', to: ['{pool}'] } }, headers: { accept: 'a/b' } }
    await call(`${url}/{environment}/{version}`, { ...own, bearer: { env: 'TOKEN' } }, { TOKEN: 't0ken' })
    expect(heard[0]).toMatchObject({
      url: '/production/2.4.0',
      headers: { accept: 'a/b', authorization: 'Bearer t0ken' },
    })
    expect(JSON.parse(heard[0]?.body ?? '')).toEqual({ ref: 'main', inputs: { version: '2.4.0', to: ['green'] } })
  })

  it('has begun, and says later how it ended, where it has a callback', async () => {
    const { url, heard } = await answering(202)
    const outcome = await call(url, { secret: { env: 'S' }, callback: { within: '15m' } }, { S: 'x' })
    expect(outcome).toEqual({ kind: 'begun', within: 900_000 })
    expect(JSON.parse(heard[0]?.body ?? '')).toMatchObject({
      callback: 'https://sluice.example.com/callbacks/checkout/production/7',
    })
  })

  it.each([
    [400, '{"reason":"no such version"}', 'it answered 400: no such version'],
    [404, '<html>secret internals</html>', 'it answered 404'],
    [301, '', 'it answered with a redirect, which is not followed'],
  ])('is refused by %d, and only a reason that is meant to be shown is', async (status, body, reason) => {
    const { url } = await answering(status, body, { location: 'http://127.0.0.1:1/' })
    expect(await call(url)).toEqual({ kind: 'refused', reason })
  })

  it.each([408, 425, 429, 500, 503])('is unanswered after %d, so that it is sent again', async (status) => {
    const { url } = await answering(status)
    expect(await call(url)).toMatchObject({ kind: 'unanswered' })
  })

  it('does not wait for an answer that goes on for ever', async () => {
    const { url } = await listening((response) => {
      response.writeHead(200)
      const drip = setInterval(() => response.write('x'), 20)
      response.on('close', () => clearInterval(drip))
    })
    expect(await call(url, { deadline: '300ms' })).toEqual({
      kind: 'unanswered',
      reason: expect.stringMatching(/^no whole answer within \d+ms$/),
    })
  })

  it('does not read an answer that is too long', async () => {
    const { url } = await answering(200, 'x'.repeat(100_000))
    expect(await call(url)).toEqual({ kind: 'refused', reason: 'it answered with an answer of more than 65536 bytes' })
  })

  it('goes nowhere that the installation does not allow', async () => {
    const { url, heard } = await answering(200)
    const hooks = { deploy: { webhook: { url } } }
    const strict = outsideOf({ hooks, outbound: { privateAddresses: [] } })
    await expect(strict.call(REQUEST, open())).rejects.toMatchObject({ code: 'hook.misconfigured' })
    expect(heard).toEqual([])
  })

  it('is not sent without its secret', async () => {
    const { url, heard } = await answering(200)
    await expect(call(url, { secret: { env: 'NOT_SET' } })).rejects.toThrow('NOT_SET')
    expect(heard).toEqual([])
  })

  it('ends when it is no longer wanted', async () => {
    const { url } = await listening(() => undefined)
    const leaving = new AbortController()
    const ended = outsideOf({ hooks: { deploy: { webhook: { url } } } }).call(REQUEST, leaving.signal)
    leaving.abort(new Error('no longer wanted'))
    await expect(ended).rejects.toThrow('no longer wanted')
  })
})

describe('a webhook that is asked for a yes', () => {
  it.each([
    [200, '{"answer":"yes","reason":"JIRA-7 is approved"}', { kind: 'yes', reason: 'JIRA-7 is approved' }],
    [200, '{"answer":"no","reason":"a\\u202eb\\nc"}', { kind: 'no', reason: 'a<U+202E>b c' }],
    [200, '{"answer":"wait"}', { kind: 'wait', reason: '' }],
    [202, '', { kind: 'wait', reason: '' }],
  ])('says so: %d %s', async (status, body, outcome) => {
    expect(await ask((await answering(status, body)).url)).toEqual(outcome)
  })

  it.each([
    [200, '{"answer":"maybe"}'],
    [200, 'yes'],
    [200, ''],
    [403, '{"answer":"yes"}'],
    [500, '{"answer":"no"}'],
    [302, '{"answer":"yes"}'],
  ])('says nothing that can be read with %d %s', async (status, body) => {
    expect(await ask((await answering(status, body)).url)).toMatchObject({ kind: 'unreadable' })
  })
})
