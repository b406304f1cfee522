import { describe, expect, it } from 'vitest'
import { lookOnce } from '../../src/activities/guard-look.ts'
import { armNames } from '../../src/domain/arm-names.ts'
import type { Check } from '../../src/domain/plan/checks.ts'
import {
  type GuardInput,
  type GuardOutcome,
  type GuardState,
  heldBy,
  standingOf,
} from '../../src/domain/release/guard.ts'
import { errorCheck } from '../analysis/judges/looks.ts'
import { healthyScript, scriptedSource } from '../e2e/scripted-source.ts'
import { createMemoryRouterWorld } from '../support/memory-router.ts'

const ERRORS: Check = { ...errorCheck({ notWorseThan: 1.5, minRequests: 20 }), source: 'scripted' }
const LIMIT = { judge: 'threshold', max: 0.05, failures: 1, of: 1, minRequests: 1 } as const
const CEILING = { kind: 'errorRate', name: 'ceiling', source: 'scripted', rule: LIMIT } as Check
const ROLES = { stable: 'blue', canary: 'green' }
const RIGHTS = { isHolder: async () => 'yes' as const, permit: { confirm: async () => {}, check: () => {} } }
const BAD = { requestsPerSecond: 400, errorRate: 0.2, slowShare: 0 }
const GOOD = { requestsPerSecond: 400, errorRate: 0.025, slowShare: 0 }

/** Looks of a guard over scripted traffic, one a second, at 50% from ten seconds on. */
async function openWatch(checks: readonly Check[], more: Partial<GuardInput> = {}) {
  const script = healthyScript()
  for (const pool of ['blue', 'green']) script.pools[pool] = GOOD
  const router = createMemoryRouterWorld({ pools: ['blue', 'green'], deadline: 300, sticky: 'hash' })
  const adapters = {
    pools: ['blue', 'green'] as const,
    router: router.connect(),
    metrics: { scripted: scriptedSource(script, router) },
  }
  const never = new AbortController().signal
  let now = 10_000
  let state: GuardState | null = null
  const exposure = { weight: 5_000, cohorts: [] }
  const fence = { release: 1, epoch: 1 }
  await adapters.router.apply({ roles: ROLES, exposure, fence }, never)
  const input: GuardInput = {
    ...{ target: { service: 'shop', environment: 'production' }, releaseId: 'release/shop/production/1' },
    ...{ roles: ROLES, exposure, fence, exposedAt: now, checks, interval: 1_000, blindLimit: 5_000 },
    ...{ watchesRouter: true, endsWhenProven: false, resume: null, names: armNames('2.4.0', '2.3.9') },
    ...{ floor: { errors: 0.5, requests: 20 }, ...more },
  }

  async function look(looks: number): Promise<GuardOutcome | null> {
    let outcome: GuardOutcome | null = null
    for (let index = 0; index < looks && outcome === null; index += 1) {
      now += 1_000
      ;({ state, outcome } = await lookOnce(adapters, input, state, now, RIGHTS, never))
    }
    return outcome
  }
  return { script, look, state: () => state, verdict: (name: string) => state?.checks[name]?.verdict }
}

describe('a check that holds', () => {
  it('ends the watch by failing with a note, says why, and holds until it has passed again for long enough', async () => {
    const checks = [{ ...ERRORS, onFail: 'hold' } as const]
    const { script, look, state, verdict } = await openWatch(checks)
    script.pools['green'] = BAD
    expect(await look(30)).toMatchObject({ kind: 'noted', reason: expect.stringContaining('errors') })
    expect(verdict('errors')).toMatchObject({ outcome: 'fail', only: 'hold' })
    expect(standingOf(checks, state())).toMatchObject({ isPassing: false, isHeld: true })
    expect(await look(20)).toBeNull()
    expect(verdict('errors')?.reason).toMatch(/^failed \d+s ago, not passed since; then: .*; now: /)
    script.pools['green'] = GOOD
    expect(await look(10)).toBeNull()
    expect(heldBy(checks, state())).toMatch(/^errors: failed \d+s ago, passes again for \d+s of \d+[ms]; then: /)
    expect(await look(200)).toMatchObject({ kind: 'noted', reason: 'errors passes again' })
    expect(heldBy(checks, state())).toBeNull()
    expect(standingOf(checks, state())).toEqual({ isPassing: true })
  })

  it('begins anew after a failure: a sequential test that failed once is no reason to hold for ever', async () => {
    const { script, look, verdict } = await openWatch([{ ...ERRORS, onFail: 'hold' }])
    script.pools['green'] = BAD
    await look(30)
    script.pools['green'] = GOOD
    await look(200)
    expect(verdict('errors')).toMatchObject({ outcome: 'pass' })
    script.pools['green'] = BAD
    expect(await look(60)).toMatchObject({ kind: 'noted' })
  })

  it('does not keep the floor from rolling the release back', async () => {
    const { script, look } = await openWatch([{ ...ERRORS, onFail: 'hold' }])
    script.pools['green'] = { ...BAD, errorRate: 0.9 }
    const outcomes = [await look(30), await look(5)]
    expect(outcomes.map((outcome) => outcome?.kind)).toContain('floor')
  })
})

describe('a check that only warns', () => {
  it('fails without a say: the others decide', async () => {
    const checks = [{ ...CEILING, onFail: 'warn' } as const]
    const { script, look, state, verdict } = await openWatch(checks)
    script.pools['green'] = BAD
    expect(await look(5)).toMatchObject({ kind: 'noted', reason: expect.stringContaining('ceiling') })
    expect(verdict('ceiling')).toMatchObject({ outcome: 'fail', only: 'warn' })
    expect(standingOf(checks, state())).toEqual({ isPassing: true })
    expect(await look(10)).toBeNull()
  })

  it('blinds nobody when its data is missing', async () => {
    const { script, look, state } = await openWatch([{ ...ERRORS, onFail: 'warn' }])
    await look(3)
    script.outage = { kind: 'error', fault: 'timeout', reason: 'the store is away' }
    expect(await look(20)).toBeNull()
    expect(state()?.blindSince).toBeNull()
  })

  it('is not waited for by a bake that may end when everything is proven', async () => {
    const never = { ...LIMIT, minRequests: 1e9 }
    const checks = [ERRORS, { ...CEILING, rule: never, onFail: 'warn' } as Check]
    const { look } = await openWatch(checks, { endsWhenProven: true })
    expect(await look(300)).toMatchObject({ kind: 'proven' })
  })
})

describe('checks that fail together', () => {
  const business = { ...CEILING, name: 'business', onFail: 'pause' } as const
  const errors = { ...CEILING, onFail: 'rollback' } as const

  it('roll back if one of them does, whichever comes first in the plan', async () => {
    const { script, look } = await openWatch([business, errors])
    script.pools['green'] = BAD
    expect(await look(5)).toMatchObject({ kind: 'failed', check: 'ceiling' })
  })

  it('let the one that rolls back go on standing guard while a person decides on the other', async () => {
    const { script, look } = await openWatch([business, { ...errors, rule: { ...LIMIT, max: 0.1 } } as Check], {
      acting: ['ceiling'],
      blindLimit: null,
    })
    script.pools['green'] = { ...BAD, errorRate: 0.07 }
    expect(await look(10)).toBeNull()
    script.pools['green'] = BAD
    expect(await look(10)).toMatchObject({ kind: 'failed', check: 'ceiling' })
  })
})

describe('a check that says what missing data does', () => {
  it.each(['rollback', 'pause'] as const)('asks for %s after the time that the plan holds', async (onNoData) => {
    const { script, look } = await openWatch([{ ...ERRORS, onNoData }])
    await look(3)
    script.outage = { kind: 'error', fault: 'timeout', reason: 'the store is away' }
    expect(await look(20)).toMatchObject({ kind: 'blind', then: onNoData, reason: expect.stringContaining('errors') })
  })

  it('holds without an end, and is not bake time', async () => {
    const checks = [{ ...ERRORS, onNoData: 'hold' } as const]
    const { script, look, state } = await openWatch(checks)
    await look(3)
    script.outage = { kind: 'error', fault: 'timeout', reason: 'the store is away' }
    expect(await look(60)).toBeNull()
    expect(state()?.blindSince).not.toBeNull()
    expect(standingOf(checks, state())).toMatchObject({ isPassing: false, isHeld: true })
  })

  it('lets the bake end without it where it only warns, and still fails by its data', async () => {
    const checks = [{ ...ERRORS, onNoData: 'warn' } as const]
    const { script, look, state } = await openWatch(checks)
    await look(3)
    script.outage = { kind: 'error', fault: 'timeout', reason: 'the store is away' }
    expect(await look(20)).toBeNull()
    expect(standingOf(checks, state())).toEqual({ isPassing: true })
    script.outage = null
    script.pools['green'] = BAD
    expect(await look(60)).toMatchObject({ kind: 'failed', check: 'errors' })
  })
})
