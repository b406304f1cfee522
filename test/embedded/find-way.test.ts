import { describe, expect, it } from 'vitest'
import type { CohortRule } from '../../src/domain/cohorts/cohort-rule.ts'
import { createWayfinder } from '../../src/embedded/data-plane/find-way.ts'
import type { Routing } from '../../src/embedded/data-plane/routing.ts'
import { issueTicket, ticketKeyOf } from '../../src/tickets/ticket.ts'

type Asking = Parameters<ReturnType<typeof createWayfinder>>[1]

const POOLS = ['blue', 'green'] as const
const NOW = Date.UTC(2026, 0, 1)
const KEY = ticketKeyOf('a-secret-of-more-than-32-characters', 'release/checkout/production/7')
const RULES: Record<string, CohortRule> = {
  beta: { kind: 'cookie', name: 'beta', values: ['1'] },
  'eu-west': { kind: 'header', name: 'x-country', values: ['DE', 'FR'] },
  office: { kind: 'address', ranges: ['10.0.0.0/8'], header: null },
  pilots: { kind: 'user', values: ['user-7', 'user-70000'] },
}

function routed(green: number, more: Partial<Routing> = {}): Routing {
  return { split: { blue: 10_000 - green, green }, cohorts: {}, fence: null, seed: 'checkout/production', ...more }
}

const pinned = (...names: string[]): Partial<Routing> => ({
  cohorts: Object.fromEntries(names.map((name) => [name, 'green'])),
  rules: Object.fromEntries(names.flatMap((name) => (RULES[name] === undefined ? [] : [[name, RULES[name]]]))),
})

function asks(
  headers: Record<string, string> = {},
  more: { url?: string; address?: string; method?: string } = {},
): Asking {
  const headersDistinct = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]))
  const { url = '/', address = '192.0.2.1', method = 'GET' } = more
  return { headers, headersDistinct, method, url, socket: { remoteAddress: address } }
}

function poolOf(routing: Routing, request: Asking, user = 'nobody', findWay = createWayfinder(POOLS, () => NOW)) {
  const way = findWay(routing, request, user)
  return way.kind === 'pool' ? way.assignment.pool : 'admitted'
}

describe('the way of a request', () => {
  it.each([
    ['a cookie', asks({ cookie: 'a=b; beta=1' }), 'u', 'green'],
    ['another value', asks({ cookie: 'beta=0' }), 'u', 'blue'],
    ['the last of two cookies', asks({ cookie: 'beta=1; beta=0' }), 'u', 'blue'],
    ['a header', asks({ 'x-country': 'DE' }), 'u', 'green'],
    ['a header of another case', asks({ 'x-country': 'de' }), 'u', 'blue'],
    ['an address', asks({}, { address: '::ffff:10.2.3.4' }), 'u', 'green'],
    ['another address', asks({}, { address: '11.2.3.4' }), 'u', 'blue'],
    ['a listed user', asks(), 'user-7', 'green'],
    ['what the gateway says', asks({ 'x-cohort': 'other, office' }), 'u', 'green'],
    ['nothing', asks(), 'u', 'blue'],
  ])('goes by %s', (_, request, user, pool) => {
    expect(poolOf(routed(0, pinned('beta', 'eu-west', 'office', 'pilots')), request, user)).toBe(pool)
  })

  it('goes by no header that was sent twice: nobody knows which one counts', () => {
    const twice = { ...asks({ 'x-country': 'DE' }), headersDistinct: { 'x-country': ['DE', 'DE'] } }
    expect(poolOf(routed(0, pinned('eu-west')), twice)).toBe('blue')
  })

  it('goes by no cohort that is not pinned, and by no rule of a routing before', () => {
    const findWay = createWayfinder(POOLS, () => NOW)
    const beta = asks({ cookie: 'beta=1' })
    expect(poolOf(routed(0, pinned('beta')), beta, 'u', findWay)).toBe('green')
    expect(poolOf(routed(0, pinned('office')), beta, 'u', findWay)).toBe('blue')
    expect(poolOf(routed(0), beta, 'u', findWay)).toBe('blue')
  })

  it('takes none of 100,000 users back while the exposure grows, and gives everybody else the commanded weight', () => {
    const users = Array.from({ length: 100_000 }, (_, index) => `user-${index}`)
    const isBeta = (index: number) => index % 20 === 0
    const growth = [
      routed(0, pinned('pilots')),
      routed(0, pinned('pilots', 'beta')),
      ...[1, 100, 1_000, 2_500, 5_000].map((weight) => routed(weight, pinned('pilots', 'beta'))),
      routed(10_000),
    ]
    let before = new Set<string>()
    for (const routing of growth) {
      const findWay = createWayfinder(POOLS, () => NOW)
      const on = new Set(
        users.filter((user, index) => {
          const request = isBeta(index) ? asks({ cookie: 'beta=1' }) : asks()
          return poolOf(routing, request, user, findWay) === 'green'
        }),
      )
      expect([...before].filter((user) => !on.has(user))).toEqual([])
      const others = users.filter((user, index) => !isBeta(index) && !['user-7', 'user-70000'].includes(user))
      const weight = (routing.split['green'] ?? 0) / 10_000
      const share = others.filter((user) => on.has(user)).length / others.length
      // Five standard deviations of a fair draw.
      expect(Math.abs(share - weight)).toBeLessThanOrEqual(5 * Math.sqrt((weight * (1 - weight)) / others.length))
      before = on
    }
    expect(before.size).toBe(users.length)
  })
})

describe('a try-it ticket', () => {
  const open = routed(0, { tickets: { release: 'release/checkout/production/7', key: KEY, pool: 'green' } })
  const ticket = issueTicket(KEY, { until: NOW + 60_000, number: '0123456789abcdef' })
  const inCookie = (text: string) => asks({ cookie: `a=b; sluice-try=${text}` })

  it('leads to the canary at 0%, by a cookie', () => {
    expect(createWayfinder(POOLS, () => NOW)(open, inCookie(ticket), 'u')).toEqual({
      kind: 'pool',
      assignment: { pool: 'green', why: 'ticket' },
    })
  })

  it.each([
    [`/cart?sluice-try=${ticket}`, '/cart'],
    [`/cart?a=1&sluice-try=${ticket}&b=2`, '/cart?a=1&b=2'],
    [`/?a=1&sluice-try=${ticket}`, '/?a=1'],
  ])('in the link %s is kept in a cookie and leads on to %s', (url, location) => {
    const way = createWayfinder(POOLS, () => NOW)(open, asks({}, { url }), 'u')
    expect(way).toEqual({ kind: 'admitted', ticket, location })
  })

  it.each([
    ['after its end', open, inCookie(ticket), NOW + 60_000],
    ['after the release', routed(0), inCookie(ticket), NOW],
    ['in a link to another host', open, asks({}, { url: `//evil.example/?sluice-try=${ticket}` }), NOW],
    ['in a link that is posted', open, asks({}, { url: `/?sluice-try=${ticket}`, method: 'POST' }), NOW],
    ['with a changed end', open, inCookie(ticket.replace(/^\d/, '9')), NOW],
  ])('leads to stable %s', (_, routing, request, now) => {
    expect(
      poolOf(
        routing,
        request,
        'u',
        createWayfinder(POOLS, () => now),
      ),
    ).toBe('blue')
  })
})
