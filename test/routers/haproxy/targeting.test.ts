import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ADAPTERS } from '../../../src/catalog.ts'
import { readInstallation } from '../../../src/config/installation.ts'
import type { CohortRules } from '../../../src/domain/cohorts/cohort-rule.ts'
import type { Exposure } from '../../../src/domain/exposure.ts'
import { configText } from '../../../src/routers/haproxy/config-text.ts'
import { haproxyRouter } from '../../../src/routers/haproxy.ts'
import { type DesiredRouting, isRoutedAs } from '../../../src/routers/router.ts'
import { issueTicket, ticketKeyOf } from '../../../src/tickets/ticket.ts'
import { open } from '../../support/calls.ts'
import { startDataPath } from '../../support/haproxy-server.ts'
import { requireServer } from '../../support/require-server.ts'
import { xxh32 } from '../../support/xxh32.ts'
import { createCleanups, errorOf, POOLS, ROLES } from './harness.ts'

const EXAMPLE = 'examples/haproxy'
const RELEASE = 'release/checkout/production/7'
const SECRET = 'a-secret-of-more-than-32-characters'
const COHORTS = ['beta', 'eu-west', 'internal', 'office', 'pilots']

function exampleCohorts(): CohortRules {
  const read = readInstallation(readFileSync(`${EXAMPLE}/sluice.yaml`, 'utf8'), `${EXAMPLE}/sluice.yaml`, ADAPTERS)
  if ('problems' in read) throw new Error('the example has problems')
  return read.installation.cohortsOf({ service: 'checkout', environment: 'production' }) ?? {}
}

const cleanups = createCleanups()
afterEach(cleanups.run)

describe('the lines of sluice router config', () => {
  it('are what stands in the example', () => {
    const cfg = readFileSync(`${EXAMPLE}/haproxy.cfg`, 'utf8')
    expect(cfg).toContain(configText('/etc/haproxy/sluice-checkout.map', exampleCohorts()))
  })

  it('have no line that HAProxy would not read, however many sources there are', () => {
    const many = Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [
        `cohort-${index}`,
        { kind: 'header', name: `x-${'long-name-'.repeat(5)}${index}`, values: ['1'] } as const,
      ]),
    )
    const lines = configText('/etc/haproxy/sluice-checkout.map', many).split('\n')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(2_048)
  })
})

describe.skipIf(!requireServer('haproxy'))('a real HAProxy with the lines of sluice router config', () => {
  let path: Awaited<ReturnType<typeof startDataPath>>
  let epoch = 0
  beforeEach(async () => {
    path = await startDataPath()
    epoch = 0
    cleanups.add(path.stop)
  })

  function adapter(cohorts: CohortRules = exampleCohorts()) {
    const [server] = path.servers
    const options = { kind: 'haproxy', sockets: [server?.socket], map: server?.map, deadline: '1s' }
    return haproxyRouter.open(options, { pools: POOLS, cohorts, ticketSecret: () => SECRET })
  }

  function wanted(exposure: Exposure): DesiredRouting {
    epoch += 1
    return { roles: ROLES, exposure, fence: { release: 1, epoch }, releaseId: RELEASE }
  }

  async function expose(exposure: Exposure, router = adapter()) {
    const wish = wanted(exposure)
    await router.apply(wish, open())
    expect(isRoutedAs(await router.read(open()), wish)).toBe(true)
  }

  const poolOf = async (headers: Record<string, string>) => (await path.send(headers)).pool
  const all = (requests: readonly Record<string, string>[]) => Promise.all(requests.map(poolOf))

  const MEMBERS = [
    { 'x-user': 'u', cookie: 'a=b; beta=1' },
    { 'x-user': 'u', 'x-country': 'DE' },
    { 'x-user': 'u', 'x-forwarded-for': '1.2.3.4, 10.1.200.7' },
    { 'x-user': 'u', 'x-forwarded-for': '2001:db8:1::1' },
    { 'x-user': 'grace' },
    { 'x-user': 'u', 'x-cohort': 'internal' },
  ]
  const STRANGERS = [
    { 'x-user': 'u' },
    { 'x-user': 'u', cookie: 'beta=1; beta=0' },
    { 'x-user': 'u', 'x-country': 'de' },
    { 'x-user': 'u', 'x-forwarded-for': '10.1.200.7, 1.2.3.4' },
    { 'x-user': 'hopper' },
    { 'x-user': 'u', 'x-cohort': 'other' },
  ]

  it('pins who is of a cohort, and nobody else, as soon as it is pinned and no longer than that', async () => {
    await expose({ weight: 0, cohorts: [] })
    expect(new Set(await all(MEMBERS))).toEqual(new Set(['blue']))
    await expose({ weight: 0, cohorts: COHORTS })
    expect(new Set(await all(MEMBERS))).toEqual(new Set(['green']))
    expect(new Set(await all(STRANGERS))).toEqual(new Set(['blue']))
    await expose({ weight: 0, cohorts: ['beta'] })
    expect(await all(MEMBERS)).toEqual(['green', 'blue', 'blue', 'blue', 'blue', 'blue'])
    await expose({ weight: 0, cohorts: [] })
    expect(new Set(await all(MEMBERS))).toEqual(new Set(['blue']))
  })

  it('takes nobody back while the exposure grows, and gives everybody else the commanded weight, of 100,000 users', async () => {
    const router = adapter()
    const users = Array.from({ length: 100_000 }, (_, index) => `user-${index}`)
    const buckets = users.map((user) => xxh32(user, 7) % 10_000)
    const isBeta = (index: number) => index % 20 === 0
    let before = new Set<string>()
    for (const [weight, cohorts] of [
      [0, ['beta']],
      [100, ['beta']],
      [1_000, ['beta']],
      [5_000, ['beta']],
    ] as const) {
      await expose({ weight, cohorts }, router)
      const isOn = (index: number) => isBeta(index) || (buckets[index] ?? 0) < weight
      // A sample goes the real way, so that what is true of all of them is true of HAProxy.
      const sample = users.flatMap((_, index) => (index % 250 === 0 || index % 251 === 1 ? [index] : []))
      const real = await all(sample.map((index) => headersOf(users[index] ?? '', isBeta(index))))
      expect(real).toEqual(sample.map((index) => (isOn(index) ? 'green' : 'blue')))
      const on = new Set(users.filter((_, index) => isOn(index)))
      expect([...before].filter((user) => !on.has(user))).toEqual([])
      const others = users.filter((_, index) => !isBeta(index))
      const share = others.filter((user) => on.has(user)).length / others.length
      // Five standard deviations of a fair draw.
      const fair = weight / 10_000
      expect(Math.abs(share - fair)).toBeLessThanOrEqual(5 * Math.sqrt((fair * (1 - fair)) / others.length))
      before = on
    }
  })

  it('shows a foreign hand in who is matched, and is put right by the next change', async () => {
    const router = adapter()
    await expose({ weight: 0, cohorts: ['beta'] }, router)
    const [server] = path.servers
    await server?.command(`add map ${server.map} is:header:x-country:DE green`)
    const wish = wanted({ weight: 0, cohorts: ['beta'] })
    const observed = await router.read(open())
    expect(observed.flaw).toBe('cohorts matched by other rules than those of sluice.yaml')
    expect(isRoutedAs(observed, wish)).toBe(false)
    await router.apply(wish, open())
    expect(isRoutedAs(await router.read(open()), wish)).toBe(true)
    expect(await poolOf({ 'x-user': 'u', 'x-country': 'DE' })).toBe('blue')
  })

  it('is not written where its configuration does not look for what a cohort goes by, and a way back is all the same', async () => {
    await expose({ weight: 500, cohorts: [] })
    const router = adapter({ staff: { kind: 'header', name: 'x-staff', values: ['yes'] } })
    const error = await errorOf(router.apply(wanted({ weight: 500, cohorts: ['staff'] }), open()))
    expect(error).toMatchObject({ code: 'router.misconfigured', expected: 'header:x-staff' })
    expect(error?.fix).toContain('sluice router config')
    expect((await router.read(open())).cohorts).toEqual({})
    await expose({ weight: 0, cohorts: [] }, router)
  })

  describe('and a try-it ticket', () => {
    const until = () => Math.floor(Date.now() / 1_000) * 1_000 + 600_000
    const ticketOf = (releaseId = RELEASE, end = until()) =>
      issueTicket(ticketKeyOf(SECRET, releaseId), { until: end, number: '0123456789abcdef' })
    const withCookie = (ticket: string) => ({ 'x-user': 'u', cookie: `a=b; sluice-try=${ticket}` })

    it('lets its owner in at 0% until the release ends, and nobody with another one', async () => {
      const [own, other, ended] = [ticketOf(), ticketOf('release/checkout/production/8'), ticketOf(RELEASE, Date.now())]
      await expose({ weight: 0, cohorts: [] })
      expect(await poolOf(withCookie(own))).toBe('blue')
      await expose({ weight: 0, cohorts: [], tickets: true })
      expect(await all([own, other, ended].map(withCookie))).toEqual(['green', 'blue', 'blue'])
      await expose({ weight: 0, cohorts: [] })
      expect(await poolOf(withCookie(own))).toBe('blue')
    })

    it('in a link is kept in a cookie and leads on without it, never to another host', async () => {
      await expose({ weight: 0, cohorts: [], tickets: true })
      const ticket = ticketOf()
      const port = path.servers[0]?.port ?? 0
      expect(await visit(port, `/cart?a=1&sluice-try=${ticket}&b=2`)).toEqual({
        status: 303,
        location: '/cart?a=1&b=2',
        cookie: `sluice-try=${ticket}`,
      })
      expect((await visit(port, `//evil.example/?sluice-try=${ticket}`)).status).toBe(200)
    })

    it('is not forged in 10,000 tries', async () => {
      await expose({ weight: 0, cohorts: [], tickets: true })
      const ticket = ticketOf()
      const letters = '0123456789abcdefABCDEF.'
      const pools: (string | null)[] = []
      for (let round = 0; round < 100; round += 1) {
        const forged = Array.from({ length: 100 }, (_, index) => {
          const at = (round * 100 + index) % ticket.length
          const letter = letters[(round + index) % letters.length] ?? '.'
          const changed = ticket.slice(0, at) + letter + ticket.slice(at + 1)
          if (index % 3 === 0) return ticket.slice(0, at)
          return changed === ticket ? `${ticket}${letter}` : changed
        })
        pools.push(...(await all(forged.map(withCookie))))
      }
      expect(pools).toHaveLength(10_000)
      expect(new Set(pools)).toEqual(new Set(['blue']))
    })

    it('of another key in the map is shown as a flaw', async () => {
      const router = adapter()
      await expose({ weight: 0, cohorts: [], tickets: true }, router)
      const [server] = path.servers
      await server?.command(`set map ${server.map} try:key ${ticketKeyOf('another secret', RELEASE)}`)
      expect((await router.read(open())).flaw).toBe('try-it tickets checked with another key')
    })
  })
})

function headersOf(user: string, isBeta: boolean): Record<string, string> {
  return isBeta ? { 'x-user': user, cookie: 'beta=1' } : { 'x-user': user }
}

function visit(port: number, path: string) {
  return new Promise<{ status?: number | undefined; location?: string | undefined; cookie?: string | undefined }>(
    (resolve, reject) => {
      request({ host: '127.0.0.1', port, path, headers: { 'x-user': 'u' } }, (response) => {
        const { statusCode: status, headers } = response
        const cookie = headers['set-cookie']?.[0]?.split(';')[0]
        response.resume().on('end', () => resolve({ status, location: headers.location, cookie }))
      })
        .on('error', reject)
        .end()
    },
  )
}
