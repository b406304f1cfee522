import { afterEach, describe, expect, it } from 'vitest'
import { HEALTHY, startDemoService } from '../../src/embedded/demo-service/demo-service.ts'
import { listen } from '../../src/embedded/loopback-server.ts'
import { definitionOf, writeFlagSet } from '../../src/flags/flagd/definitions.ts'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean()
})

async function run(faults: object = {}, more: object = {}) {
  const service = await startDemoService({ port: 0, version: '1.4.0', faults, ...more })
  cleanups.push(() => service.close())
  const url = `http://127.0.0.1:${service.ports.http}`
  const put = (path: string, body: unknown) =>
    fetch(`${url}${path}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  return { url, put }
}

describe('the demo service', () => {
  it('says its version with each answer, and takes a new one', async () => {
    const { url, put } = await run()
    expect((await fetch(url)).headers.get('x-version')).toBe('1.4.0')
    expect((await put('/__version', { version: '1.5.0' })).status).toBe(200)
    expect(await (await fetch(`${url}/__version`)).json()).toEqual({ version: '1.5.0' })
    expect((await fetch(url)).headers.get('x-version')).toBe('1.5.0')
  })

  it('fails as often as it is told to', async () => {
    const { url, put } = await run({ errorRate: 1 })
    expect((await fetch(url)).status).toBe(500)
    await put('/__faults', { errorRate: 0 })
    expect((await fetch(url)).status).toBe(200)
  })

  it('reports an order with each good answer that is one, and none with a bad answer', async () => {
    const { url, put } = await run({ errorRate: 0, orderRate: 1 })
    const order = async () => (await fetch(url)).headers.get('x-sluice-event')
    expect(await order()).toBe('orders')
    await put('/__faults', { orderRate: 0 })
    expect(await order()).toBeNull()
    await put('/__faults', { orderRate: 1, errorRate: 1 })
    expect(await order()).toBeNull()
  })

  it('keeps the faults that a change does not name', async () => {
    const { url, put } = await run()
    const answer = await put('/__faults', { slowShare: 0.5, slowFactor: 4 })
    expect(await answer.json()).toEqual({ ...HEALTHY, slowShare: 0.5, slowFactor: 4 })
    expect(await (await fetch(`${url}/__faults`)).json()).toEqual({ ...HEALTHY, slowShare: 0.5, slowFactor: 4 })
  })

  it('asks for the feature of its version as an OpenFeature client, user by user, and has its faults only with it', async () => {
    let flags = '{"flags":{}}'
    const sluice = await listen((request, response) => {
      response.setHeader('content-type', 'application/json')
      response.setHeader('etag', JSON.stringify(flags.length))
      response.end(request.url === '/flags/flagd.json' ? flags : '')
    }, 0)
    cleanups.push(() => sluice.close(0))
    const { url, put } = await run({ errorRate: 1 }, { flags: `http://127.0.0.1:${sluice.port}/flags` })
    await put('/__version', { version: '1.5.0', feature: 'gift-cards' })
    const featureOf = async (user: string) => {
      const { status, headers } = await fetch(url, { headers: { 'x-user': user } })
      return [headers.get('x-feature'), status === 500 ? 'fails' : 'works']
    }
    expect((await featureOf('ada'))[0]).toBeNull()
    flags = writeFlagSet({ 'gift-cards': definitionOf({ weight: 5_000, cohorts: [] }, null, 'cohort') }, 1)
    const users = Array.from({ length: 40 }, (_, number) => `user-${number}`)
    const whoHas = async () => (await Promise.all(users.map(featureOf))).filter(([feature]) => feature === 'gift-cards')
    await expect.poll(async () => (await whoHas()).length).toBeGreaterThan(5)
    const has = await whoHas()
    expect(has.length).toBeLessThan(35)
    expect(has.every(([, answer]) => answer === 'fails')).toBe(true)
    flags = writeFlagSet({ 'gift-cards': definitionOf({ weight: 0, cohorts: [] }, null, 'cohort') }, 22)
    await expect.poll(whoHas).toEqual([])
  })

  it.each([{ errorRate: 1.5 }, { errorRate: '0.5' }, { slowFactor: 0.5 }, { errors: 1 }])(
    'refuses the faults %j',
    async (faults) => {
      const { url, put } = await run()
      expect((await put('/__faults', faults)).status).toBe(422)
      expect(await (await fetch(`${url}/__faults`)).json()).toEqual(HEALTHY)
    },
  )

  it('has about the errors and orders of a healthy shop', async () => {
    const { url } = await run({ errorRate: 0.1, orderRate: 0.3 })
    const answers = await Promise.all(Array.from({ length: 600 }, () => fetch(url)))
    const errors = answers.filter(({ status }) => status === 500).length
    const orders = answers.filter(({ headers }) => headers.get('x-sluice-event') === 'orders').length
    // Six standard deviations of the binomial counts around 60 and 162.
    expect(Math.abs(errors - 60)).toBeLessThan(45)
    expect(Math.abs(orders - 162)).toBeLessThan(66)
  })
})
