import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readRehearsal } from '../../../src/domain/readiness/read-readiness.ts'
import { type Rehearsal, rehearsalAnswer, withRehearsal } from '../../../src/domain/readiness/rehearsal.ts'

const AT = 1_800_000_000_000
const RIGHT = { name: 'errors', expected: 'rolled-back', came: 'rolled-back', isRight: true }
const REHEARSAL: Rehearsal = {
  ...{ planHash: 'plan', configHash: 'config', at: AT, by: 'alice' },
  ...{ runs: [RIGHT], leftOut: [] },
}
const NOW = { planHash: 'plan', configHash: 'config', now: AT + 7_200_000 }

describe('a rehearsal', () => {
  it('holds for its plan and configuration', () => {
    expect(rehearsalAnswer([REHEARSAL], NOW)).toEqual({
      outcome: 'pass',
      text: 'rehearsed 2h ago by alice: all 1 runs ended as they should',
    })
    const { text } = rehearsalAnswer([{ ...REHEARSAL, leftOut: ['the check orders'] }], NOW)
    expect(text).toMatch(/, without the check orders$/)
  })

  it.each([
    ['the plan was never rehearsed', [], NOW],
    ['the plan has changed since it was rehearsed', [REHEARSAL], { ...NOW, planHash: 'another' }],
    [
      'the configuration of the target has changed since this plan was rehearsed',
      [REHEARSAL],
      { ...NOW, configHash: 'another' },
    ],
  ])('is none where %s', (text, known, now) => {
    expect(rehearsalAnswer(known, now)).toMatchObject({ outcome: 'fail', text })
  })

  it('is a no as long as its newest record shows a wrong end', () => {
    const wrong = { ...REHEARSAL, at: AT + 1, runs: [{ ...RIGHT, came: 'promoted', isRight: false }] }
    const known = withRehearsal([REHEARSAL], wrong)
    expect(rehearsalAnswer(known, NOW)).toMatchObject({
      outcome: 'fail',
      text: expect.stringContaining('errors: promoted'),
    })
    expect(rehearsalAnswer(withRehearsal(known, REHEARSAL), NOW).outcome).toBe('pass')
    expect(rehearsalAnswer([{ ...REHEARSAL, runs: [] }], NOW).outcome).toBe('fail')
  })

  it('passes for no other plan and no other configuration, whatever is kept', () => {
    const name = fc.constantFrom('a', 'b', 'c')
    const record = fc.record({ planHash: name, configHash: name, isRight: fc.boolean() })
    fc.assert(
      fc.property(fc.array(record, { maxLength: 30 }), name, name, (records, planHash, configHash) => {
        const known = records.reduce<readonly Rehearsal[]>(
          (before, { isRight, ...hashes }) =>
            withRehearsal(before, { ...REHEARSAL, ...hashes, runs: [{ ...RIGHT, isRight }] }),
          [],
        )
        const newest = records.findLast((one) => one.planHash === planHash && one.configHash === configHash)
        const { outcome } = rehearsalAnswer(known, { planHash, configHash, now: AT })
        expect(outcome === 'pass').toBe(newest?.isRight === true)
        expect(known.length).toBeLessThanOrEqual(10)
      }),
    )
  })

  it('is read from a message whole or not at all', () => {
    expect(readRehearsal(REHEARSAL)).toEqual({ value: REHEARSAL })
    for (const broken of [null, [], {}, { ...REHEARSAL, runs: [{ name: 'x' }] }, { ...REHEARSAL, leftOut: [''] }])
      expect(readRehearsal(broken)).toHaveProperty('problem')
  })
})
