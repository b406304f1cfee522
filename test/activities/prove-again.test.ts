import { describe, expect, it } from 'vitest'
import type { Watched } from '../../src/activities/dependencies.ts'
import { lookOnce } from '../../src/activities/guard-look.ts'
import { SluiceError } from '../../src/domain/errors.ts'
import type { GuardInput, GuardOutcome, GuardState } from '../../src/domain/release/guard.ts'
import { createMemoryRouterWorld } from '../support/memory-router.ts'

const RIGHTS = { isHolder: async () => 'yes' as const, permit: { confirm: async () => {}, check: () => {} } }
const ROLES = { stable: 'blue', canary: 'green' }

/** Looks of a guard, one a second, that has only the version to watch. */
async function openWatch(canaryVersions: NonNullable<Watched['canaryVersions']>) {
  const router = createMemoryRouterWorld({ pools: ['blue', 'green'], deadline: 300 }).connect()
  const adapters: Watched = { pools: ['blue', 'green'], router, metrics: {}, canaryVersions }
  const exposure = { weight: 1_000, cohorts: [] }
  const fence = { release: 1, epoch: 1 }
  const { signal } = new AbortController()
  await router.apply({ roles: ROLES, exposure, fence }, signal)
  let now = 10_000
  let state: GuardState | null = null
  return async (looks: number, more: Partial<GuardInput> = {}): Promise<GuardOutcome | null> => {
    const input: GuardInput = {
      ...{ target: { service: 'shop', environment: 'production' }, releaseId: 'release/shop/production/1' },
      ...{ roles: ROLES, exposure, fence, exposedAt: 10_000, checks: [], interval: 1_000, blindLimit: null },
      ...{ watchesRouter: true, endsWhenProven: false, resume: null, version: '2.4.0', ...more },
    }
    let outcome: GuardOutcome | null = null
    for (let index = 0; index < looks && outcome === null; index += 1) {
      now += 1_000
      ;({ state, outcome } = await lookOnce(adapters, input, state, now, RIGHTS, signal))
    }
    notices = state?.notices
    return outcome
  }
}
let notices: readonly string[] | undefined

const says = (version: string | null) => [{ instance: '10.0.0.7:80', says: version, fault: 'it answered 503' }]

describe('a canary that is watched', () => {
  it('is asked for its version at the first look and at every third one', async () => {
    let asked = 0
    const look = await openWatch(async () => {
      asked += 1
      return says('2.4.0')
    })
    expect(await look(9)).toBeNull()
    expect(asked).toBe(3)
  })

  it.each(['judge', 'keep'] as const)('ends the watch once it runs another version, in the mode %s', async (mode) => {
    let version = '2.4.0'
    const look = await openWatch(async () => says(version))
    expect(await look(4, { mode, drift: null })).toBeNull()
    version = '2.3.9'
    expect(await look(3, { mode, drift: null })).toMatchObject({
      kind: 'replaced',
      reason: 'green no longer runs 2.4.0, the version that the release says: 10.0.0.7:80 runs 2.3.9',
    })
  })

  it('is left alone, with a notice for as long as that lasts, when nobody can say what it runs', async () => {
    const away = new SluiceError('hook.misconfigured', { message: 'the target has no version', fix: 'add it' })
    const answers = [async () => says(null), () => Promise.reject(away), async () => says('2.4.0')]
    let answer = answers[0]
    const look = await openWatch(async () => (await answer?.()) ?? [])
    expect(await look(3)).toBeNull()
    expect(notices).toEqual([
      'nobody knows whether green still runs 2.4.0: 10.0.0.7:80 does not say its version, it answered 503',
    ])
    answer = answers[1]
    expect(await look(3)).toBeNull()
    expect(notices).toEqual(['nobody knows whether green still runs 2.4.0: the target has no version; fix: add it'])
    answer = answers[2]
    expect(await look(3)).toBeNull()
    expect(notices).toEqual([])
  })
})
