import { afterEach, describe, expect, it } from 'vitest'
import { createServer } from '../../src/api/server.ts'
import type { ReleaseCard } from '../../src/domain/release/release-card.ts'
import { isTicket, ticketKeyOf } from '../../src/tickets/ticket.ts'
import { apiParts } from '../support/api-parts.ts'
import { demoInstallation, PLAN } from '../support/demo-installation.ts'
import { createFakeReleases } from '../support/fake-releases.ts'
import { runServed } from '../support/program.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const NOW = Date.UTC(2026, 2, 2, 12)
const SECRET = 'a-secret-of-more-than-32-characters'
const RELEASE = 'release/checkout/production/1'
const URL_OF_IT = '/api/v1/releases/checkout/production/1/tickets'

async function setUp(
  card: Partial<ReleaseCard> = { tickets: true },
  ticketSecret: (() => string) | null = () => SECRET,
) {
  const fake = createFakeReleases()
  const releases = { ...fake, show: async (id: string) => ({ ...(await fake.show(id)), ...card }) }
  const installation = { ...demoInstallation(), ticketSecret }
  const server = createServer({ ...apiParts({ releases, installation }), now: () => NOW })
  closers.push(() => server.close())
  await server.inject({ method: 'POST', url: '/api/v1/releases', payload: { plan: PLAN, version: 'v2' } })
  return server
}

async function ask(body: object, ...world: Parameters<typeof setUp>) {
  const server = await setUp(...world)
  const answer = await server.inject({ method: 'POST', url: URL_OF_IT, payload: body })
  return { status: answer.statusCode, body: answer.json() as Record<string, unknown> }
}

describe('a ticket', () => {
  it('is given for the release that lets it in, for as long as was asked', async () => {
    const { status, body } = await ask({ for: '2h' })
    expect(status).toBe(201)
    expect(body).toMatchObject({ releaseId: RELEASE, name: 'sluice-try', until: NOW + 7_200_000 })
    const key = ticketKeyOf(SECRET, RELEASE)
    expect(isTicket(String(body['ticket']), key, NOW + 7_199_999)).toBe(true)
    expect(isTicket(String(body['ticket']), key, NOW + 7_200_000)).toBe(false)
    expect(isTicket(String(body['ticket']), ticketKeyOf(SECRET, 'release/checkout/production/2'), NOW)).toBe(false)
    expect(JSON.stringify(body)).not.toContain(SECRET)
  })

  it.each<[string, Partial<ReleaseCard>, (() => string) | null, string]>([
    ['a release that has no step try', {}, () => SECRET, 'command.refused'],
    ['a release that has ended', { tickets: true, isEnded: true }, () => SECRET, 'release.ended'],
    ['an installation without a secret', { tickets: true }, null, 'command.refused'],
  ])('is refused by %s', async (_, card, secret, code) => {
    const { status, body } = await ask({}, card, secret)
    expect([status, body['code']]).toEqual([409, code])
    expect(body['fix']).toMatch(/\S/)
  })

  it.each(['8d', '30s', 'forever'])('is not given for %s', async (lasts) => {
    expect((await ask({ for: lasts })).status).toBe(400)
  })
})

describe('sluice try', () => {
  const run = async (...args: string[]) => runServed(await setUp(), args, { now: NOW })

  it('prints a link and a cookie', async () => {
    const { code, out } = await run(
      'try',
      'checkout/production/1',
      '--for',
      '2h',
      '--url',
      'https://shop.example/cart?a=1',
    )
    expect(code).toBe(0)
    const [first, link = '', cookie = ''] = out.split('\n')
    expect(first).toMatch(/^a ticket for checkout\/production\/1 until .*2026.*; whoever has it sees the canary$/)
    const ticket = /^cookie: {2}sluice-try=(\S+)$/.exec(cookie)?.[1] ?? ''
    expect(link).toBe(`link:    https://shop.example/cart?a=1&sluice-try=${ticket}`)
    expect(isTicket(ticket, ticketKeyOf(SECRET, RELEASE), NOW)).toBe(true)
  })

  it.each([
    [['try', 'checkout/production/1', '--for', 'soon'], '--for soon: expected'],
    [['try', 'checkout/production/1', '--url', 'shop'], '--url shop: expected an address'],
    [['try', 'nonsense'], 'nonsense is not a release'],
  ])('refuses %j', async (args, said) => {
    const { code, err } = await run(...args)
    expect(code).toBe(2)
    expect(err).toContain(said)
  })
})
