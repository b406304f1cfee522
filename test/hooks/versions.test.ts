import { afterEach, describe, expect, it } from 'vitest'
import { valueAt } from '../../src/hooks/ask-versions.ts'
import { open } from '../support/calls.ts'
import { outsideOf, REQUEST, startListener } from './parts.ts'

const listeners: Awaited<ReturnType<typeof startListener>>[] = []
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close()))
})

async function instance(status: number, body: string): Promise<string> {
  const listener = await startListener((response) => response.writeHead(status).end(body))
  listeners.push(listener)
  return listener.url
}

async function saidBy(urls: readonly string[], json?: string) {
  const version = { instances: { blue: ['http://127.0.0.1:1'], green: urls }, ...(json !== undefined && { json }) }
  const said = await outsideOf({}, {}, { version }).versionsOf(REQUEST, 'green', open())
  return said.map(({ says, fault }) => says ?? fault)
}

describe('the versions that instances say', () => {
  it('are asked of each of them', async () => {
    const urls = [await instance(200, '{"version":"2.4.0"}'), await instance(200, '{"version":"2.3.9"}')]
    expect(await saidBy(urls, '$.version')).toEqual(['2.4.0', '2.3.9'])
  })

  it('are the whole text where no place is named', async () => {
    expect(await saidBy([await instance(200, '2.4.0\n')])).toEqual(['2.4.0'])
  })

  it.each([
    [200, '{"version":24}', '$.version', 'its answer has no text at $.version'],
    [200, 'oops', '$.version', 'its answer has no text at $.version'],
    [503, '{"version":"2.4.0"}', '$.version', 'it answered 503'],
    [200, '', undefined, 'its answer is no version'],
    [302, '2.4.0', undefined, 'a redirect, which is not followed'],
  ])('are none in %d %s', async (status, body, json, fault) => {
    expect(await saidBy([await instance(status, body)], json)).toEqual([fault])
  })

  it('are none of an instance that is away', async () => {
    expect(await saidBy(['http://127.0.0.1:1/version'])).toEqual([expect.stringContaining('ECONNREFUSED')])
  })

  it('are asked of every address that the name of a pool has', async () => {
    const url = await instance(200, '2.4.0')
    const version = { url: url.replace('127.0.0.1', 'localhost') }
    const outside = outsideOf({ outbound: { privateAddresses: ['127.0.0.0/8', '::1/128'] } }, {}, { version })
    const said = await outside.versionsOf(REQUEST, 'green', open())
    expect(said.find(({ instance: of }) => of === url.replace('http://', ''))?.says).toBe('2.4.0')
  })

  it.each([
    ['$', 'x', 'x'],
    ['$.build[1].tag', { build: [{}, { tag: '2' }] }, '2'],
    ['$.constructor', {}, undefined],
    ['$.a.b', { a: null }, undefined],
  ])('stand at %s', (path, value, found) => {
    expect(valueAt(value, path)).toEqual(found)
  })
})
