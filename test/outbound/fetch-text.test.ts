import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fetchText } from '../../src/outbound/fetch-text.ts'
import { serve } from '../embedded/running.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const cleanups: (() => Promise<void>)[] = []
let collecting: NodeJS.Timeout
beforeEach(() => {
  collecting = setInterval(collectGarbage, 10)
})
afterEach(async () => {
  clearInterval(collecting)
  await Promise.all(cleanups.splice(0).map((clean) => clean()))
})

/** A server that sends its headers and one byte, then one more now and then, without end. */
async function drippingServer(status = 200) {
  let isLetGo: Promise<unknown> = Promise.resolve()
  const server = await serve((_, response) => {
    response.writeHead(status)
    response.write('a')
    const dripping = setInterval(() => response.write(' '), 10)
    isLetGo = once(response, 'close').then(() => clearInterval(dripping))
  })
  cleanups.push(server.stop)
  return { url: server.url, letGo: () => isLetGo }
}

describe('a call to a server whose answer drips', () => {
  it.each([200, 500])('ends at its deadline and lets go of the connection, at status %s', async (status) => {
    const { url, letGo } = await drippingServer(status)
    const answer = await fetchText(fetch, url, {}, { deadline: 150, maxBytes: 1_000_000 })
    expect(answer).toEqual({ kind: 'late', reason: 'no whole answer within 150ms' })
    await letGo()
  })

  it('ends with the reason of its caller, and lets go of the connection', async () => {
    const { url, letGo } = await drippingServer()
    const caller = new AbortController()
    const reason = new Error('no longer wanted')
    setTimeout(() => caller.abort(reason), 100)
    const bounds = { deadline: 60_000, maxBytes: 1_000_000, signal: caller.signal }
    await expect(fetchText(fetch, url, {}, bounds)).rejects.toBe(reason)
    await letGo()
  })

  it('ends with the reason of a caller whose signal nobody else holds', async () => {
    const { url, letGo } = await drippingServer()
    const caller = new AbortController()
    setTimeout(() => caller.abort(new Error('no longer wanted')), 100)
    const bounds = { deadline: 60_000, maxBytes: 1_000_000, signal: AbortSignal.any([caller.signal]) }
    await expect(fetchText(fetch, url, {}, bounds)).rejects.toThrow('no longer wanted')
    await letGo()
  })

  it('ends once it is longer than may be read', async () => {
    const { url, letGo } = await drippingServer()
    const answer = await fetchText(fetch, url, {}, { deadline: 60_000, maxBytes: 3 })
    expect(answer).toEqual({ kind: 'too-long', reason: 'an answer of more than 3 bytes' })
    await letGo()
  })
})

describe('a call', () => {
  it('gives status, headers and the whole body, whatever the status', async () => {
    const server = await serve((_, response) => response.writeHead(404, { 'x-reason': 'gone' }).end('nöthing'))
    cleanups.push(server.stop)
    const answer = await fetchText(fetch, server.url, {}, { deadline: 60_000, maxBytes: 100 })
    expect(answer).toMatchObject({ kind: 'answer', status: 404, text: 'nöthing' })
    expect(answer.kind === 'answer' && answer.headers.get('x-reason')).toBe('gone')
  })

  it('follows no redirect', async () => {
    const visited: string[] = []
    const server = await serve((request, response) => {
      visited.push(request.url ?? '')
      response.writeHead(302, { location: '/elsewhere' }).end()
    })
    cleanups.push(server.stop)
    const answer = await fetchText(fetch, `${server.url}/here`, {}, { deadline: 60_000, maxBytes: 100 })
    expect(answer).toEqual({ kind: 'unreachable', reason: 'a redirect, which is not followed', hasAnswered: true })
    expect(visited).toEqual(['/here'])
  })

  it('says what it heard when that was no HTTP', async () => {
    const server = createServer((socket) => void socket.on('error', () => undefined).end('SSH-2.0-x\r\n'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanups.push(async () => void server.close())
    const { port } = server.address() as AddressInfo
    const answer = await fetchText(fetch, `http://127.0.0.1:${port}`, {}, { deadline: 60_000, maxBytes: 100 })
    expect(answer).toEqual({
      kind: 'unreachable',
      reason: 'something other than HTTP: "SSH-2.0-x\\r\\n"',
      hasAnswered: true,
    })
  })

  it('says why nobody answered', async () => {
    const server = await serve(() => undefined)
    await server.stop()
    const answer = await fetchText(fetch, server.url, {}, { deadline: 60_000, maxBytes: 100 })
    expect(answer).toMatchObject({ kind: 'unreachable', reason: expect.stringContaining('ECONNREFUSED') })
  })

  it('ends though the way out that it was given takes no notice of a signal', async () => {
    const deaf = () => new Promise<Response>(() => undefined)
    const answer = await fetchText(deaf as typeof fetch, 'http://nobody.test', {}, { deadline: 20, maxBytes: 100 })
    expect(answer.kind).toBe('late')
  })
})
