import { afterEach, describe, expect, it } from 'vitest'
import { createServer } from '../../src/api/server.ts'
import { createCalendars } from '../../src/calendars/calendars.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { apiParts } from '../support/api-parts.ts'
import { demoInstallation, PLAN } from '../support/demo-installation.ts'
import { createFakeReleases } from '../support/fake-releases.ts'
import { runServed } from '../support/program.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const MONDAY = Date.UTC(2026, 2, 2, 12)
const hours = (day: number, hour: number) => Date.UTC(2026, 2, day, hour)

function setUp() {
  const demo = demoInstallation()
  const forms = {
    windows: { 'office-hours': 'Mon-Fri 09:00-16:00 Europe/Berlin' },
    freezes: {
      weekend: 'Fri 18:00-24:00 UTC',
      now: { from: '2026-03-02T00:00', until: '2026-03-03T00:00', override: 'checkout-owners' },
      broken: { ics: 'a' },
    },
  }
  const [target] = demo.targets.map((one) => ({ ...one, freezes: ['weekend', 'now'] }))
  const installation = {
    ...demo,
    targets: target === undefined ? [] : [target],
    freezes: forms.freezes,
    calendars: createCalendars(forms, () => 'no calendar'),
  }
  const parts = { releases: createFakeReleases(), installation, metrics: createMetrics({ isBare: true }) }
  const frozen = { windows: { only: [], freeze: ['now'] } }
  const base = apiParts({ ...parts, plans: async () => PLAN })
  const server = createServer({
    ...base,
    now: () => MONDAY,
    async readPlan(written) {
      const read = await base.readPlan(written)
      return 'plan' in read ? { ...read, plan: { ...read.plan, ...frozen } } : read
    },
  })
  closers.push(() => server.close())
  return server
}

const run = (...args: string[]) => runServed(setUp(), args, { now: MONDAY, file: JSON.stringify(PLAN) })

describe('GET /api/v1/freezes', () => {
  it('says when windows, freezes and targets close and open next', async () => {
    const answer = await setUp().inject({ method: 'GET', url: '/api/v1/freezes' })
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toMatchObject({
      at: MONDAY,
      windows: [{ name: 'office-hours', isOpen: true, closesAt: hours(2, 15), opensAt: hours(3, 8), problem: null }],
      freezes: [
        { name: 'weekend', isOpen: true, override: null, closesAt: hours(6, 18), opensAt: hours(7, 0) },
        {
          name: 'now',
          isOpen: false,
          override: 'checkout-owners',
          frozenBy: ['now'],
          opensAt: hours(3, 0),
          closesAt: null,
        },
        { name: 'broken', isOpen: false, problem: expect.stringContaining('the calendar file cannot be read') },
      ],
      targets: [
        { service: 'checkout', isOpen: false, frozenBy: ['now'], opensAt: hours(3, 0), closesAt: hours(6, 18) },
      ],
    })
  })

  it('is a table of the command line', async () => {
    const { code, out } = await run('freezes')
    expect(code).toBe(0)
    expect(out).toMatch(/window +office-hours +open +2026-03-02 15:00 UTC +2026-03-03 08:00 UTC/)
    expect(out).toMatch(/target +checkout\/production +frozen by now +2026-03-06 18:00 UTC +2026-03-03 00:00 UTC/)
    expect(out).toMatch(/broken counts as closed: the calendar file cannot be read/)
  })
})

describe('a start in a freeze', () => {
  const payload = { plan: PLAN, version: 'v2', reason: 'hotfix' }

  it('is refused over HTTP, unless somebody who may overrides it', async () => {
    const server = setUp()
    const send = (person: string, more: object = {}) =>
      server.inject({
        method: 'POST',
        url: '/api/v1/releases',
        headers: { 'x-sluice-person': person },
        payload: { ...payload, ...more },
      })
    expect((await send('alice')).json()).toMatchObject({ code: 'lane.frozen', status: 423 })
    expect((await send('carol', { overrideFreeze: true })).json()).toMatchObject({ code: 'command.forbidden' })
    expect((await send('alice', { overrideFreeze: true })).statusCode).toBe(201)
  })

  it('is refused on the command line, which says until when and who may', async () => {
    const { code, err } = await run('start', 'plan.yaml', '--version', 'v2')
    expect(code).toBe(1)
    expect(err).toContain('checkout/production is frozen by the freeze now until 2026-03-03 00:00 UTC')
    expect(err).toContain('ask somebody of checkout-owners to start with --override-freeze and a reason')
  })
})
