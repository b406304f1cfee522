import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Exposure, NO_EXPOSURE, NO_FLAGS, wayBack, withFlags } from '../../../src/domain/exposure.ts'
import { isWider, reachIn } from '../../../src/domain/flag-reach.ts'
import { givingUp } from '../../../src/domain/release/giving-up.ts'

const ON = { weight: 10_000, cohorts: [] }
const OFF = { weight: 0, cohorts: [] }
const why = { cause: 'failed-check', reason: 'errors 20%' } as const

const givesUp = (baseline: Exposure | null, wanted: Exposure, asks = true) =>
  givingUp('rollback', why, { state: { baseline, wanted }, asks })

describe('what a failure leads to', () => {
  it.each<[string, Exposure, Exposure]>([
    ['a flag that was set on', withFlags(NO_FLAGS, { a: OFF }), withFlags(NO_FLAGS, { a: ON })],
    ['a flag that was off and is set off', withFlags(NO_FLAGS, { a: OFF }), withFlags(NO_FLAGS, { a: OFF })],
    ['nothing that was changed', NO_FLAGS, NO_FLAGS],
    ['one flag for another', withFlags(NO_FLAGS, { a: ON, b: OFF }), withFlags(NO_FLAGS, { a: OFF, b: ON })],
    ['a version with a flag off', withFlags(NO_EXPOSURE, { a: ON }), { weight: 1_000, cohorts: [], flags: { a: OFF } }],
    [
      'a share instead of a cohort',
      withFlags(NO_FLAGS, { a: { weight: 0, cohorts: ['beta'] } }),
      withFlags(NO_FLAGS, { a: { weight: 500, cohorts: [] } }),
    ],
  ])('is the way back from %s, which takes something from somebody or gives nobody anything', (_, baseline, wanted) => {
    expect(givesUp(baseline, wanted)).toEqual({ kind: 'go-back' })
  })

  it.each<[string, Exposure, Exposure, string]>([
    ['that was set off', withFlags(NO_FLAGS, { a: ON }), withFlags(NO_FLAGS, { a: OFF }), 'flag a on'],
    [
      'that half had',
      withFlags(NO_FLAGS, { a: { weight: 5_000, cohorts: [] } }),
      withFlags(NO_FLAGS, { a: { weight: 1_000, cohorts: [] } }),
      'flag a 50%',
    ],
    [
      'to half, instead of the few who have it now,',
      withFlags(NO_FLAGS, { a: { weight: 5_000, cohorts: [] } }),
      withFlags(NO_FLAGS, { a: { weight: 1_000, cohorts: ['beta'] } }),
      'flag a 50%',
    ],
    [
      'before anybody has the version',
      withFlags(NO_EXPOSURE, { a: ON, b: OFF }),
      withFlags(NO_EXPOSURE, { a: OFF, b: OFF }),
      'flag a on',
    ],
  ])('is a pause where the way back would only give a flag %s back', (_, baseline, wanted, given) => {
    expect(givesUp(baseline, wanted)).toEqual({
      ...{ kind: 'pause', cause: 'failed-check', asksToGoBack: true },
      reason: `errors 20%; a rollback would set ${given} again, so a person decides: abort to do that, resume to go on`,
    })
    expect(givesUp(baseline, wanted, false)).toEqual({ kind: 'go-back' })
    expect(givingUp('pause', why, { state: { baseline, wanted }, asks: true })).toEqual({ kind: 'pause', ...why })
  })

  it('is a pause only where somebody gets a flag, and no flag and no weight gets less', () => {
    const reach = fc.record({ weight: fc.constantFrom(0, 1, 5_000, 10_000), cohorts: fc.subarray(['beta', 'eu']) })
    const flags = fc.dictionary(fc.constantFrom('a', 'b', 'constructor'), reach)
    fc.assert(
      fc.property(fc.constantFrom(0, 100, 10_000), flags, flags, fc.boolean(), (weight, set, before, byFlags) => {
        const none = byFlags ? NO_FLAGS : { weight, cohorts: [] }
        const [baseline, wanted] = [withFlags(byFlags ? NO_FLAGS : NO_EXPOSURE, before), withFlags(none, set)]
        const back = wayBack(baseline, wanted).flags ?? {}
        if (givesUp(baseline, wanted).kind === 'go-back') return
        expect(byFlags || weight === 0).toBe(true)
        const pairs = Object.entries(set).map(([name, now]) => [now, reachIn(back, name) ?? OFF] as const)
        expect(pairs.every(([now, then]) => then.weight >= now.weight)).toBe(true)
        expect(pairs.some(([now, then]) => isWider(now, then))).toBe(true)
      }),
    )
  })
})
