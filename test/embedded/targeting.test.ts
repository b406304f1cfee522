import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { observeSources } from '../../src/activities/ask-sources.ts'
import { beginWatch } from '../../src/activities/begin-watch.ts'
import type { CohortRules } from '../../src/domain/cohorts/cohort-rule.ts'
import type { Exposure } from '../../src/domain/exposure.ts'
import type { GuardInput } from '../../src/domain/release/guard.ts'
import { scrapeSource } from '../../src/metrics/scrape.ts'
import { embeddedRouter } from '../../src/routers/embedded.ts'
import { type DesiredRouting, isRoutedAs } from '../../src/routers/router.ts'
import { issueTicket, ticketKeyOf } from '../../src/tickets/ticket.ts'
import { open } from '../support/calls.ts'
import { type RunningPlane, runPlane } from './running.ts'

const RELEASE = 'release/checkout/production/7'
const SECRET = 'a-secret-of-more-than-32-characters'
const ROLES = { stable: 'blue', canary: 'green' } as const
const POOLS = ['blue', 'green'] as const
const BETA: CohortRules = { beta: { kind: 'cookie', name: 'beta', values: ['1'] }, vip: { kind: 'gateway' } }

let plane: RunningPlane
let epoch = 0
/** What green was sent last. */
let seen: Readonly<Record<string, unknown>> = {}
beforeEach(async () => {
  plane = await runPlane({
    green: (request, response) => {
      seen = request.headers
      response.end('green')
    },
  })
  epoch = 0
})
afterEach(() => plane.stop())

function adapter(cohorts: CohortRules = BETA, secret: string | null = SECRET) {
  const context = { pools: POOLS, target: { service: 'checkout', environment: 'production' }, cohorts }
  const ticketSecret = secret === null ? null : () => secret
  return embeddedRouter.open({ kind: 'embedded', admin: plane.admin() }, { ...context, ticketSecret })
}

function wanted(exposure: Exposure): DesiredRouting {
  epoch += 1
  return { roles: ROLES, exposure, fence: { release: 1, epoch }, releaseId: RELEASE }
}

async function expose(exposure: Exposure, router = adapter()): Promise<DesiredRouting> {
  const wish = wanted(exposure)
  await router.apply(wish, open())
  expect(isRoutedAs(await router.read(open()), wish)).toBe(true)
  return wish
}

const ask = async (headers: Record<string, string> = {}, path = '/') =>
  fetch(`${plane.url()}${path}`, { headers: { 'x-user': 'ada', ...headers }, redirect: 'manual' })
const poolOf = async (headers: Record<string, string>) => (await ask(headers)).text()
const ticket = () =>
  issueTicket(ticketKeyOf(SECRET, RELEASE), { until: Date.now() + 600_000, number: '0123456789abcdef' })

describe('the embedded data plane, told by its adapter', () => {
  it('finds who is of a pinned cohort by itself, also after a restart, until it is pinned no more', async () => {
    await expose({ weight: 0, cohorts: ['beta'] })
    expect(await poolOf({ cookie: 'beta=1' })).toBe('green')
    await plane.restart()
    expect(await poolOf({ cookie: 'beta=1' })).toBe('green')
    expect(await poolOf({ cookie: 'beta=0' })).toBe('blue')
    await expose({ weight: 0, cohorts: [] })
    expect(await poolOf({ cookie: 'beta=1' })).toBe('blue')
  })

  it('shows other rules than those of sluice.yaml as a flaw, which the next write puts right', async () => {
    const wish = await expose({ weight: 0, cohorts: ['beta', 'vip'] })
    const other = adapter({ ...BETA, beta: { kind: 'cookie', name: 'beta', values: ['2'] } })
    const observed = await other.read(open())
    expect(observed.flaw).toBe('beta matched by other rules than those of sluice.yaml')
    expect(isRoutedAs(observed, wish)).toBe(false)
    await other.apply(wish, open())
    expect(isRoutedAs(await other.read(open()), wish)).toBe(true)
    expect(await poolOf({ cookie: 'beta=2' })).toBe('green')
  })

  it('shows neither the people of a cohort nor the key of tickets', async () => {
    await expose(
      { weight: 0, cohorts: ['pilots'], tickets: true },
      adapter({ pilots: { kind: 'user', values: ['grace'] } }),
    )
    const shown = await (await fetch(`${plane.admin()}/routing`)).text()
    expect(shown).toContain(RELEASE)
    expect(shown).not.toContain('grace')
    expect(shown).not.toContain(ticketKeyOf(SECRET, RELEASE))
  })

  it('lets a ticket in at 0%, counts it nowhere else, and tells the service', async () => {
    await expose({ weight: 0, cohorts: [], tickets: true })
    const cookie = `sluice-try=${ticket()}`
    const linked = await ask({}, `/cart?${cookie}&a=1`)
    expect([linked.status, linked.headers.get('location')]).toEqual([303, '/cart?a=1'])
    expect(linked.headers.getSetCookie()[0]?.split(';')[0]).toBe(cookie)
    expect(await poolOf({ cookie })).toBe('green')
    expect(seen['x-sluice-try']).toBe('1')
    expect(await poolOf({ 'x-sluice-try': '1' })).toBe('blue')
    const page = await plane.metricsText()
    expect(page).toContain('sluice_proxy_tries_total{pool="green"} 1\n')
    expect(page).not.toMatch(/^sluice_proxy_requests\w*\{pool="green"/m)
    expect((await adapter().read(open())).served).toEqual({ blue: 1, green: 0 })
    await expose({ weight: 0, cohorts: [] })
    expect(await poolOf({ cookie })).toBe('blue')
  })

  it('is not told to let tickets in by a worker without a secret, and takes a way back from it', async () => {
    const router = adapter(BETA, null)
    await expect(router.apply(wanted({ weight: 0, cohorts: [], tickets: true }), open())).rejects.toMatchObject({
      code: 'config.invalid',
    })
    await expose({ weight: 0, cohorts: [] }, router)
  })

  it('counts a cohort apart, for checks of that cohort alone', async () => {
    await expose({ weight: 10_000, cohorts: ['beta'] })
    const metric = 'sluice_proxy_requests_total'
    const options = { kind: 'scrape', urls: [`${plane.admin()}/metrics`], cohortLabel: 'cohort', requests: { metric } }
    const errors = { metric, label: 'code', match: { prefix: '5' } }
    const proxy = scrapeSource.open({ ...options, errors }, { pools: POOLS })
    const check = { kind: 'errorRate', source: 'proxy', limits: {} }
    const checks = [
      { ...check, name: 'all' },
      { ...check, name: 'beta', cohort: 'beta' },
    ]
    const target = { service: 'checkout', environment: 'production' }
    const at = Date.now()
    const input = {
      ...{ target, releaseId: RELEASE, roles: ROLES, exposure: { weight: 10_000, cohorts: ['beta'] }, checks },
      ...{ exposedAt: at, interval: 1_000, blindLimit: null, watchesRouter: true, endsWhenProven: false, resume: null },
      fence: { release: 1, epoch: 1 },
    } as unknown as GuardInput
    const begun = beginWatch({ ...input, checks: [] }, at)
    await poolOf({ cookie: 'beta=1' })
    await poolOf({})
    const first = await observeSources({ metrics: { proxy } }, input, begun, at + 1_000, open())
    expect(Object.keys(first)).toEqual(['proxy', 'proxy@beta'])
    const cursors = Object.fromEntries(Object.entries(first).map(([key, { cursor }]) => [key, cursor]))
    for (const headers of [{ cookie: 'beta=1' }, {}, {}]) await poolOf(headers as Record<string, string>)
    const second = await observeSources({ metrics: { proxy } }, input, { ...begun, cursors }, at + 2_000, open())
    const countOf = (key: string) => {
      const canary = second[key]?.canary
      return canary?.kind === 'value' ? canary.value.requests : canary?.reason
    }
    expect([countOf('proxy'), countOf('proxy@beta')]).toEqual([3, 1])
  })
})
