import { afterEach, describe, expect, it } from 'vitest'
import { open } from '../support/calls.ts'
import { outsideOf, REQUEST, startListener } from './parts.ts'

const listeners: Awaited<ReturnType<typeof startListener>>[] = []
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close()))
})

async function listening(answer: Parameters<typeof startListener>[0]) {
  const listener = await startListener(answer)
  listeners.push(listener)
  return listener
}

const OWN = { outbound: { privateAddresses: ['127.0.0.0/8'] } }

describe('the dry form of a call', () => {
  it('is another call that is asked for a yes, and the call itself is left alone', async () => {
    const real = await listening((response) => response.end())
    const dry = await listening((response) => response.end('{"answer":"no","reason":"the table is gone"}'))
    const hooks = {
      restore: { webhook: { url: real.url }, dry: 'restorable' },
      restorable: { webhook: { url: dry.url } },
    }
    const outside = outsideOf({ ...OWN, hooks })
    const request = { ...REQUEST, call: 'restore', direction: 'ask' } as const
    expect(await outside.dry(request, open())).toEqual({ kind: 'no', reason: 'the table is gone' })
    expect([real.heard.length, dry.heard.length]).toEqual([0, 1])
    expect(await outside.dry({ ...request, call: 'restorable' }, open())).toBeNull()
  })
})

describe('the version behind the router', () => {
  it('is asked as one with a ticket and as anybody', async () => {
    const router = await listening((response, { headers }) =>
      response.end(headers.cookie?.startsWith('sluice-try=') === true ? '2.4.0' : '2.3.9'),
    )
    const version = { url: 'http://{pool}.internal/version', through: router.url }
    const outside = outsideOf({ ...OWN, tickets: { secretFile: 'tickets' } }, {}, { version })
    const ask = (testerOf: string | null) => outside.reached({ ...REQUEST, testerOf }, open())
    expect([await ask('lane/checkout/production'), await ask(null)]).toMatchObject([
      { says: '2.4.0' },
      { says: '2.3.9' },
    ])
  })

  it('is nobody’s to say where no address is named, or nobody gives tickets', async () => {
    const ask = (outside: ReturnType<typeof outsideOf>) => outside.reached({ ...REQUEST, testerOf: null }, open())
    const version = { url: 'http://{pool}.internal/version', through: 'http://shop.example' }
    expect(await ask(outsideOf(OWN, {}, { version }))).toBeNull()
    expect(await ask(outsideOf(OWN))).toBeNull()
  })
})
