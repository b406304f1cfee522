import { describe, expect, it } from 'vitest'
import { lookOnce } from '../../src/activities/guard-look.ts'
import type { Exposure } from '../../src/domain/exposure.ts'
import type { GuardInput, GuardOutcome, GuardState } from '../../src/domain/release/guard.ts'
import type { MetricSource } from '../../src/metrics/metric-source.ts'
import type { Router } from '../../src/routers/router.ts'
import { errorCheck } from '../analysis/judges/looks.ts'
import { createMemoryRouterWorld } from '../support/memory-router.ts'

const ROLES = { stable: 'blue', canary: 'green' }
const RIGHTS = { isHolder: async () => 'yes' as const, permit: { confirm: async () => {}, check: () => {} } }
const ERRORS = { ...errorCheck({ notWorseThan: 1.5, minRequests: 20 }), source: 'store' }
const SAID = 'by copies of GET and HEAD requests to 2.3.9'

/** Looks of a guard at copies, one a second: 100 requests a second, every tenth copied. */
async function watchCopies(exposure: Exposure, canaryErrors: number) {
  const { signal } = new AbortController()
  const memory = createMemoryRouterWorld({ pools: ['blue', 'green'], deadline: 300 }).connect()
  let now = 10_000
  // A router counts who got where: of copies it knows nothing.
  const router: Router = {
    ...memory,
    read: async (...asked) => ({ ...(await memory.read(...asked)), served: { blue: now / 10, green: 0 } }),
  }
  const source: MetricSource = {
    capabilities: { counts: true, latency: false, queries: null, records: false },
    async observe({ since, notBefore }) {
      const start = typeof since?.['end'] === 'number' ? since['end'] : notBefore
      const seconds = (now - start) / 1_000
      const arm = (requests: number, errors: number) =>
        ({ kind: 'value', value: { requests, errors, latency: null, events: {} } }) as const
      return {
        ...{ stable: arm(100 * seconds, 0), canary: arm(10 * seconds, canaryErrors * 10 * seconds) },
        ...{ window: { start, end: now }, cursor: { end: now } },
      }
    },
    query: async () => ({ kind: 'noData', reason: 'no queries' }),
    close: async () => {},
  }
  const fence = { release: 1, epoch: 1 }
  await router.apply({ roles: ROLES, exposure, fence }, signal)
  const input: GuardInput = {
    ...{ target: { service: 'shop', environment: 'production' }, releaseId: 'release/shop/production/1' },
    ...{ roles: ROLES, exposure, fence, exposedAt: now, checks: [ERRORS], interval: 1_000, blindLimit: 5_000 },
    ...{ watchesRouter: true, endsWhenProven: false, resume: null, drift: null },
    ...{ names: { canary: '2.4.0', stable: '2.3.9' }, floor: { errors: 0.5, requests: 20 } },
  }
  let state: GuardState | null = null
  let outcome: GuardOutcome | null = null
  for (let look = 0; look < 60 && outcome === null; look += 1) {
    now += 1_000
    const adapters = { pools: ['blue', 'green'] as const, router, metrics: { store: source } }
    ;({ state, outcome } = await lookOnce(adapters, input, state, now, RIGHTS, signal))
  }
  return { state, outcome }
}

describe('a canary that gets copies', () => {
  it('is judged by them and says so once, is not silent, and is no wrong split', async () => {
    const { state, outcome } = await watchCopies({ weight: 0, cohorts: [], mirror: 1_000 }, 0)
    expect(outcome).toBeNull()
    const { verdict } = state?.checks['errors'] ?? {}
    expect(verdict?.outcome).toBe('pass')
    expect(verdict?.reason.split(`; 2.4.0 was asked ${SAID}`)).toHaveLength(2)
    expect([state?.silentSince, state?.notices, state?.blindSpans]).toEqual([null, [], []])
  })

  it('is not fit for anybody when they fail, which is told as it was seen', async () => {
    const { outcome } = await watchCopies({ weight: 0, cohorts: [], mirror: 1_000 }, 1)
    expect(outcome).toMatchObject({ kind: 'floor', reason: expect.stringContaining(`; 2.4.0 was asked ${SAID}`) })
  })

  it('beside people of a cohort is judged by both', async () => {
    const { state } = await watchCopies({ weight: 0, cohorts: ['beta'], mirror: 1_000 }, 0)
    expect(state?.checks['errors']?.verdict.reason).toContain(`; 2.4.0 was asked partly ${SAID}`)
  })
})
