import { describe, expect, it } from 'vitest'
import { lookOnce } from '../../src/activities/guard-look.ts'
import { armNames } from '../../src/domain/arm-names.ts'
import type { Check } from '../../src/domain/plan/checks.ts'
import { type GuardInput, type GuardOutcome, type GuardState, standingOf } from '../../src/domain/release/guard.ts'
import { errorCheck } from '../analysis/judges/looks.ts'
import { healthyScript, scriptedSource } from '../e2e/scripted-source.ts'
import { createMemoryRouterWorld } from '../support/memory-router.ts'

const CHECK = { ...errorCheck({ notWorseThan: 1.5, minRequests: 20 }), source: 'scripted' }
const CEILING = {
  ...{ kind: 'errorRate', name: 'ceiling', source: 'scripted' },
  rule: { judge: 'threshold', max: 0.05, failures: 1, of: 1, minRequests: 1 },
} as const
const ROLES = { stable: 'blue', canary: 'green' }
const RIGHTS = { isHolder: async () => 'yes' as const, permit: { confirm: async () => {}, check: () => {} } }
const BAD = { requestsPerSecond: 400, errorRate: 0.2, slowShare: 0 }
const GOOD = { requestsPerSecond: 400, errorRate: 0.025, slowShare: 0 }

/** Looks of a guard over scripted traffic, one a second, from the moment an exposure was read back. */
function openWatch(checks: readonly Check[] = [CHECK]) {
  const script = healthyScript()
  for (const pool of ['blue', 'green']) script.pools[pool] = GOOD
  const router = createMemoryRouterWorld({ pools: ['blue', 'green'], deadline: 300, sticky: 'hash' })
  const adapters = {
    pools: ['blue', 'green'] as const,
    router: router.connect(),
    metrics: { scripted: scriptedSource(script, router) },
  }
  let [now, epoch] = [10_000, 0]
  let state: GuardState | null = null
  const never = new AbortController().signal
  let input: GuardInput | null = null

  async function expose(weight: number, more: Partial<GuardInput> = {}): Promise<void> {
    epoch += 1
    const fence = { release: 1, epoch }
    const exposure = { weight, cohorts: [] }
    await adapters.router.apply({ roles: ROLES, exposure, fence }, never)
    input = {
      ...{ target: { service: 'shop', environment: 'production' }, releaseId: 'release/shop/production/1' },
      ...{ roles: ROLES, exposure, fence, exposedAt: now, checks, interval: 1_000, blindLimit: null },
      ...{ watchesRouter: true, endsWhenProven: false, resume: state, names: armNames('2.4.0', '2.3.9') },
      ...{ floor: { errors: 0.5, requests: 20 }, ...more },
    }
    state = null
  }

  async function look(looks: number): Promise<GuardOutcome | null> {
    let outcome: GuardOutcome | null = null
    for (let index = 0; index < looks && outcome === null; index += 1) {
      now += 1_000
      if (input === null) throw new Error('nothing is exposed')
      ;({ state, outcome } = await lookOnce(adapters, input, state, now, RIGHTS, never))
    }
    return outcome
  }
  const verdict = (name = 'errors') => state?.checks[name]?.verdict
  return { script, expose, look, verdict, state: () => state }
}

describe('a canary that warms up', () => {
  it('is not judged by what it does meanwhile, and every look says so with the figures', async () => {
    const { script, expose, look, verdict, state } = openWatch([CHECK, CEILING])
    script.pools['green'] = BAD
    await expose(1_000, { warmsUpFor: 10_000 })
    expect(await look(4)).toBeNull()
    expect(verdict()).toMatchObject({
      ...{ outcome: 'inconclusive', cause: 'undecided', evidence: { figures: { canaryRequests: expect.any(Number) } } },
      reason: expect.stringMatching(/^2\.4\.0 warms up for 6s more and is not judged yet; meanwhile: errors 20% on 2/),
    })
    expect(verdict('ceiling')?.reason).toMatch(/^2\.4\.0 warms up for 6s more .*: errors 20% on 2\.4\.0 /)
    expect(standingOf([CHECK], state())).toMatchObject({ isPassing: false })
    expect(await look(5)).toBeNull()
    script.pools['green'] = GOOD
    expect(await look(40)).toBeNull()
    expect(verdict()).toMatchObject({
      outcome: 'pass',
      reason: expect.stringMatching(/^errors 2\.5% on 2\.4\.0 against 2\.5% on /),
    })
    expect(state()?.checks['errors']).not.toHaveProperty('warmUp')
  })

  it('is failed for what it goes on with, and all of that counts', async () => {
    const { script, expose, look } = openWatch()
    script.pools['green'] = BAD
    await expose(1_000, { warmsUpFor: 5_000 })
    expect(await look(30)).toMatchObject({ kind: 'failed', check: 'errors' })
  })

  it('has no look counted that begins in the warm-up, even when it ends after it', async () => {
    const { script, expose, look, verdict } = openWatch([CEILING])
    script.pools['green'] = BAD
    await expose(1_000, { warmsUpFor: 2_500 })
    expect(await look(3)).toBeNull()
    expect(verdict('ceiling')?.reason).toMatch(/^2\.4\.0 warms up until the next look and is not judged yet; /)
    expect(await look(1)).toMatchObject({ kind: 'failed', check: 'ceiling' })
  })

  it('counts neither for it: good looks of a warm-up are no minimum of requests', async () => {
    const { expose, look, verdict } = openWatch([
      { ...errorCheck({ notWorseThan: 1.5, minRequests: 100 }), source: 'scripted' },
    ])
    await expose(1_000, { warmsUpFor: 10_000 })
    await look(11)
    expect(verdict()?.reason).toMatch(/^not enough requests yet: 40 on 2\.4\.0/)
  })

  it('is judged from the start by a check without a warm-up, and where the exposure has none', async () => {
    const [own, older] = [openWatch([{ ...CHECK, warmsUpFor: 0 }]), openWatch([{ ...CHECK, warmsUpFor: 60_000 }])]
    for (const { script, expose, look } of [own, older]) {
      script.pools['green'] = BAD
      await expose(1_000, own.look === look ? { warmsUpFor: 60_000 } : {})
      expect(await look(30)).toMatchObject({ kind: 'failed', check: 'errors' })
    }
  })

  it('is taken off at once when it is not fit for anybody', async () => {
    const { script, expose, look } = openWatch()
    script.pools['green'] = { requestsPerSecond: 400, errorRate: 0.9, slowShare: 0 }
    await expose(1_000, { warmsUpFor: 600_000 })
    expect(await look(10)).toMatchObject({ kind: 'floor' })
  })

  it('is as blind as ever when nothing can be measured', async () => {
    const { script, expose, look, verdict } = openWatch()
    await expose(1_000, { warmsUpFor: 600_000, blindLimit: 5_000 })
    await look(2)
    script.outage = { kind: 'error', fault: 'unavailable', reason: 'the store is away' }
    expect(await look(20)).toMatchObject({ kind: 'blind' })
    expect(verdict()).toMatchObject({ cause: 'blind' })
  })

  it('proves nothing', async () => {
    const { script, expose, look, state } = openWatch()
    for (const pool of ['blue', 'green'])
      script.pools[pool] = { requestsPerSecond: 2_000, errorRate: 0.02, slowShare: 0 }
    await expose(5_000, { warmsUpFor: 300_000, endsWhenProven: true })
    expect(await look(299)).toBeNull()
    expect(state()?.checks['errors']?.proof).toBeUndefined()
    expect(await look(300)).toMatchObject({ kind: 'proven' })
  })

  it('keeps the evidence of the exposures before: it stays, and nothing is added to it', async () => {
    const { script, expose, look, state } = openWatch()
    await expose(1_000)
    await look(10)
    const before = state()?.checks['errors']?.state
    script.pools['green'] = BAD
    await expose(2_000, { warmsUpFor: 10_000 })
    await look(9)
    const evidence = (of: unknown) => (of as { above: unknown }).above
    expect(evidence(state()?.checks['errors']?.state)).toEqual(evidence(before))
  })

  it('is left alone at 100% as well, where there is only the past to compare with', async () => {
    const { script, expose, look, verdict } = openWatch()
    await expose(5_000)
    await look(5)
    script.pools['green'] = BAD
    await expose(10_000, { warmsUpFor: 30_000 })
    expect(await look(29)).toBeNull()
    expect(verdict()?.reason).toMatch(/^2\.4\.0 warms up for 1s more .*: everybody is on 2\.4\.0: errors 20% /)
    script.pools['green'] = GOOD
    expect(await look(40)).toBeNull()
    expect(verdict()?.outcome).toBe('pass')
  })
})
