import { describe, expect, it } from 'vitest'
import { NO_EXPOSURE } from '../../../src/domain/exposure.ts'
import { answeringFlag, withoutFailed } from '../../../src/domain/release/failed-flags.ts'
import { reduce } from '../../../src/domain/release/release-reducer.ts'
import { beginState } from '../../../src/domain/release/release-state.ts'

const ON = { weight: 10_000, cohorts: [] }
const OFF = { weight: 0, cohorts: [] }
const live = { weight: 500, cohorts: [], flags: { banner: ON, search: OFF } }
const check = (flag: string) => ({ onFailFlag: { flag, set: 'off' } }) as const

describe('the flag that answers for a failure', () => {
  it('is the one that the check names, while it is on', () => {
    expect(answeringFlag(check('banner'), { live })).toBe('banner')
    expect(answeringFlag({}, { live })).toBeNull()
    expect(answeringFlag(undefined, { live })).toBeNull()
  })

  it('is none that is off, that has failed before, or that the release has not set', () => {
    expect(answeringFlag(check('search'), { live })).toBeNull()
    expect(answeringFlag(check('banner'), { live, flagsOff: ['banner'] })).toBeNull()
    expect(answeringFlag(check('other'), { live })).toBeNull()
  })
})

describe('an exposure without what failed', () => {
  it('has those flags off and the others as they were', () => {
    expect(withoutFailed(live, { flagsOff: ['banner'] }).flags).toEqual({ banner: OFF, search: OFF })
    expect(withoutFailed(live, { flagsOff: ['other'] })).toBe(live)
  })
})

describe('a release that has lived before', () => {
  it('takes back every flag of its plan: it does not know which of them it had set', () => {
    const exposure = { ...NO_EXPOSURE, flags: { banner: OFF, search: OFF } }
    const roles = { stable: 'blue', canary: 'green' }
    const state = [
      { type: 'baseline-recorded', at: 1, roles, exposure } as const,
      { type: 'abandoned', at: 2, cause: 'second-life', by: 'sluice', reason: 'reset' } as const,
      { type: 'rollback-wanted', at: 3 } as const,
    ].reduce(reduce, beginState('release/a/b/1'))
    expect(state.wanted.flags).toEqual({ banner: OFF, search: OFF })
  })
})

describe('a flag step that the store has refused', () => {
  const exposure = { ...NO_EXPOSURE, flags: { banner: OFF } }
  const roles = { stable: 'blue', canary: 'green' }
  const flags = { banner: ON }
  const asked = [
    { type: 'baseline-recorded', at: 1, roles, exposure } as const,
    { type: 'exposure-wanted', at: 2, step: 1, exposure: { weight: 10_000, cohorts: [], flags } } as const,
  ]

  it('leaves the flag to be kept at what it was: nobody knows what the store has made of it', () => {
    const state = [...asked, { type: 'exposure-withdrawn', at: 3 } as const].reduce(reduce, beginState('release/a/b/1'))
    expect([state.live, state.wanted]).toEqual([exposure, exposure])
  })

  it('ends nothing: a release is not promoted with a flag on that has failed', () => {
    const confirmed = { weight: 10_000, cohorts: [], flags }
    const state = [
      ...asked,
      { type: 'exposure-confirmed', at: 3, exposure: confirmed } as const,
      { type: 'flag-failed', at: 4, flag: 'banner', reason: 'errors' } as const,
      { type: 'promoted', at: 5 } as const,
    ].reduce(reduce, beginState('release/a/b/1'))
    expect(state.phase).not.toBe('promoted')
  })
})
