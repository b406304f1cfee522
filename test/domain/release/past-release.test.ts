import { describe, expect, it } from 'vitest'
import { type Exposure, NO_FLAGS, withFlags } from '../../../src/domain/exposure.ts'
import type { NewEvent } from '../../../src/domain/release/command-events.ts'
import { pastReleaseOf } from '../../../src/domain/release/past-release.ts'
import type { ReleaseEvent } from '../../../src/domain/release/release-events.ts'
import { reduce } from '../../../src/domain/release/release-reducer.ts'
import { beginState, type ReleaseState } from '../../../src/domain/release/release-state.ts'

const VERSIONS = { version: '2.4.0', replaces: '2.3.9' }
const ROLES = { stable: 'blue', canary: 'green' }
const NOBODY: Exposure = { weight: 0, cohorts: [] }
const at = (weight: number): Exposure => ({ weight, cohorts: [] })
const wanted = (weight: number): NewEvent => ({ type: 'exposure-wanted', step: 1, exposure: at(weight) })
const confirmed = (weight: number): NewEvent => ({ type: 'exposure-confirmed', exposure: at(weight) })
const read: NewEvent = { type: 'baseline-recorded', roles: ROLES, exposure: NOBODY }
const abandoned: NewEvent = { type: 'abandoned', cause: 'failed-check', by: 'guard', reason: 'errors' }

/** The state after these events, one a second. */
function after(...happenings: readonly NewEvent[]): ReleaseState {
  return happenings.reduce<ReleaseState>(
    (state, happening, second) => reduce(state, { ...happening, at: second * 1_000 } as ReleaseEvent),
    beginState('release/checkout/production/7'),
  )
}

describe('a release that is over', () => {
  it('tells who had the new version from when to when: from the read-back until the next change was asked for', () => {
    const state = after(read, wanted(500), confirmed(500), wanted(10_000), confirmed(10_000), { type: 'promoted' })
    expect(pastReleaseOf(VERSIONS, state)).toEqual({
      ...{ releaseId: 'release/checkout/production/7', ...VERSIONS, outcome: 'promoted' },
      ...{ abandoned: null, roles: ROLES },
      spans: [
        { exposure: at(500), from: 2_000, until: 3_000 },
        { exposure: at(10_000), from: 4_000, until: 5_000 },
      ],
    })
  })

  it('ends where it was given up: what the rollback made live is nobody’s new version', () => {
    const state = after(
      ...[read, wanted(500), confirmed(500), abandoned],
      ...([{ type: 'rollback-wanted' }, confirmed(0), { type: 'rolled-back' }] as const),
    )
    expect(pastReleaseOf(VERSIONS, state)).toMatchObject({
      outcome: 'rolled-back',
      abandoned: { cause: 'failed-check', by: 'guard', at: 3_000 },
      spans: [{ exposure: at(500), from: 2_000, until: 3_000 }],
    })
  })

  it('says of a release of flags whom they reached, in the words of every recording', () => {
    const exposure = withFlags(NO_FLAGS, { a: { weight: 500, cohorts: [] } })
    const state = after(
      ...([
        { ...read, exposure: NO_FLAGS },
        { type: 'exposure-wanted', step: 1, exposure },
      ] as const),
      ...([{ type: 'exposure-confirmed', exposure }, { type: 'promoted' }] as const),
    )
    expect(pastReleaseOf(VERSIONS, state)?.spans).toEqual([{ exposure: at(500), from: 2_000, until: 3_000 }])
  })

  it('goes on with an exposure that was only read back once more', () => {
    const state = after(read, wanted(10_000), confirmed(10_000), confirmed(10_000), { type: 'promoted' })
    expect(pastReleaseOf(VERSIONS, state)?.spans).toEqual([{ exposure: at(10_000), from: 2_000, until: 4_000 }])
  })

  it('is none while it runs, and none when nobody ever had the new version', () => {
    expect(pastReleaseOf(VERSIONS, after(read, wanted(500), confirmed(500)))).toBeNull()
    const nobody = after(read, abandoned, { type: 'rollback-wanted' }, confirmed(0), { type: 'rolled-back' })
    expect(nobody.phase).toBe('rolled-back')
    expect(pastReleaseOf(VERSIONS, nobody)).toBeNull()
  })
})
