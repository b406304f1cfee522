import { describe, expect, it } from 'vitest'
import { lookOnce } from '../../src/activities/guard-look.ts'
import { keepRouter } from '../../src/activities/keep-router.ts'
import { armNames } from '../../src/domain/arm-names.ts'
import { NO_EXPOSURE } from '../../src/domain/exposure.ts'
import type { GuardInput, GuardOutcome, GuardState } from '../../src/domain/release/guard.ts'
import { errorCheck } from '../analysis/judges/looks.ts'
import { healthyScript, scriptedSource } from '../e2e/scripted-source.ts'
import { createMemoryRouterWorld } from '../support/memory-router.ts'

const CHECK = { ...errorCheck({ notWorseThan: 1.5, minRequests: 20 }), source: 'scripted' }
const ROLES = { stable: 'blue', canary: 'green' }
const NAMES = armNames('2.4.0', '2.3.9')

/** Looks of a guard over a router in memory and scripted traffic, one a second. */
function openWatch(sticky: 'none' | 'hash' = 'hash') {
  const script = healthyScript()
  const router = createMemoryRouterWorld({ pools: ['blue', 'green'], deadline: 300, sticky })
  const adapters = {
    pools: ['blue', 'green'] as const,
    router: router.connect(),
    metrics: { scripted: scriptedSource(script, router) },
  }
  let now = 10_000
  let epoch = 0
  let state: GuardState | null = null
  const never = new AbortController().signal

  async function watch(
    weight: number,
    looks: number,
    more: Partial<GuardInput> = { names: NAMES },
  ): Promise<GuardOutcome | null> {
    epoch += 1
    const fence = { release: 1, epoch }
    const exposure = { weight, cohorts: [] }
    await adapters.router.apply({ roles: ROLES, exposure, fence }, never)
    const input: GuardInput = {
      ...{ target: { service: 'shop', environment: 'production' }, releaseId: 'release/shop/production/1' },
      ...{ roles: ROLES, exposure, fence, exposedAt: now, checks: [CHECK], interval: 1_000, blindLimit: null },
      ...{ watchesRouter: true, endsWhenProven: false, resume: state, ...more },
    }
    let before: GuardState | null = null
    let outcome: GuardOutcome | null = null
    for (let look = 0; look < looks && outcome === null; look += 1) {
      now += 1_000
      ;({ state: before, outcome } = await lookOnce(adapters, input, before, now, RIGHTS, never))
    }
    state = before
    return outcome
  }
  return { script, watch, reason: () => state?.checks['errors']?.verdict.reason }
}

const RIGHTS = { isHolder: async () => 'yes' as const, permit: { confirm: async () => {}, check: () => {} } }

describe('a look that finds a newer fence', () => {
  const signal = new AbortController().signal
  const HOUR = 3_600_000

  async function lookAt(release: number, isHolder: 'yes' | 'no' = 'yes') {
    const router = createMemoryRouterWorld({ pools: ['blue', 'green'], deadline: 300, sticky: 'hash' }).connect()
    const now = Date.now()
    const [keep, wish] = [
      { release: now - 2 * HOUR, epoch: 1 },
      { release, epoch: 1 },
    ]
    await router.apply({ roles: ROLES, exposure: { weight: 10_000, cohorts: [] }, fence: wish }, signal)
    const rights = { ...RIGHTS, isHolder: async () => isHolder, unseenSince: now - HOUR }
    const look = await keepRouter(router, { roles: ROLES, exposure: NO_EXPOSURE, fence: keep }, rights, signal)
    return { ...look, weight: (await router.read(signal)).split['green'] }
  }

  it('leaves the router to a release that began while nobody looked', async () => {
    expect(await lookAt(Date.now() - HOUR / 2)).toMatchObject({
      ...{ weight: 10_000, repair: null, foreign: null, stranger: expect.stringContaining('does not know') },
    })
  })

  it.each([
    ['began before', Date.now() - 1.5 * HOUR],
    ['is to begin one day', Date.now() + HOUR],
    ['no clock says', 99_999_999_999_999],
  ])('puts the router right where it %s', async (_, release) => {
    expect(await lookAt(release)).toMatchObject({
      weight: 0,
      stranger: null,
      repair: expect.stringContaining('repaired'),
    })
  })

  it('leaves it to another release of the same lane, whenever that began', async () => {
    const known = { weight: 10_000, stranger: null, foreign: expect.stringContaining('another release') }
    expect(await lookAt(Date.now() - HOUR / 2, 'no')).toMatchObject(known)
    expect(await lookAt(99_999_999_999_999, 'no')).toMatchObject(known)
  })
})

describe('a look of the guard', () => {
  it('calls both sides by their versions', async () => {
    const { script, watch, reason } = openWatch()
    expect(await watch(1_000, 5)).toBeNull()
    expect(reason()).toMatch(
      /^errors [\d.]+% on 2\.4\.0 against [\d.]+% on 2\.3\.9 \(.*\): no sign of 1\.5 times as many or more /,
    )
    script.pools['green'] = { requestsPerSecond: 400, errorRate: 0.2, slowShare: 0 }
    const failed = await watch(1_000, 30)
    expect(failed).toMatchObject({
      kind: 'failed',
      check: 'errors',
      reason: expect.stringMatching(/^errors .* 2\.4\.0/),
    })
  })

  it('says canary and stable for a release that was started before versions had names', async () => {
    const { watch, reason } = openWatch()
    await watch(1_000, 5, {})
    expect(reason()).toMatch(/^errors [\d.]+% on canary against [\d.]+% on stable /)
  })

  it('goes on at full weight with what stable has shown before, however many exposures there are', async () => {
    const { watch, reason } = openWatch()
    await watch(5_000, 5)
    await watch(10_000, 3)
    await watch(10_000, 3)
    expect(reason()).toMatch(
      /^everybody is on 2\.4\.0: errors 0\.5% \(.*\) against 0\.5% \(5 of 1,000\) on 2\.3\.9 before: no sign of being above /,
    )
  })

  it('says once that nobody is left to compare with, where too little is known of stable', async () => {
    const { script, watch, reason } = openWatch()
    for (const pool of ['blue', 'green']) script.pools[pool] = { requestsPerSecond: 60, errorRate: 0, slowShare: 0 }
    await watch(5_000, 3)
    const before = reason()
    await watch(10_000, 3)
    await watch(10_000, 3)
    expect(reason()).toBe(`everybody is on 2.4.0, so nobody is left on 2.3.9 to compare with; before: ${before}`)
  })

  it('says which version gets the wrong share of the requests, of a router that promises one', async () => {
    const { script, watch } = openWatch('none')
    script.pools['green'] = { requestsPerSecond: 4_000, errorRate: 0.005, slowShare: 0.01 }
    expect(await watch(1_000, 30)).toMatchObject({
      kind: 'misrouted',
      reason: expect.stringMatching(/^2\.4\.0 gets \d+% of the requests \(.*\) instead of 10%: /),
    })
  })

  it('says what every check has proven', async () => {
    const { script, watch } = openWatch()
    for (const pool of ['blue', 'green']) {
      script.pools[pool] = { requestsPerSecond: 2_000, errorRate: 0.02, slowShare: 0 }
    }
    expect(await watch(5_000, 300, { endsWhenProven: true, names: NAMES })).toMatchObject({
      kind: 'proven',
      reason: expect.stringMatching(
        /^every check has shown that 2\.4\.0 is within its limits: errors on 2\.4\.0 fewer than 1\.5 times as many as on 2\.3\.9: shown, odds of a false proof 1 : \d+$/,
      ),
    })
  })

  it('names the check that is blind, and the version it cannot see', async () => {
    const { script, watch } = openWatch()
    await watch(1_000, 2)
    script.outage = { kind: 'error', fault: 'timeout', reason: 'The store did not answer in time.' }
    expect(await watch(1_000, 30, { blindLimit: 5_000, names: NAMES })).toMatchObject({
      kind: 'blind',
      reason: 'no usable data for 5s; errors: 2.4.0 cannot be seen: the store did not answer in time',
    })
  })
})
