import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { unrehearsed } from '../../../src/domain/policy/rehearsed.ts'
import type { Rehearsal } from '../../../src/domain/readiness/rehearsal.ts'

const AT = 1_800_000_000_000
const DAY = 86_400_000
const REHEARSAL: Rehearsal = {
  ...{ planHash: 'plan', configHash: 'config', at: AT, by: 'alice' },
  ...{ runs: [{ name: 'errors', expected: 'rolled-back', came: 'rolled-back', isRight: true }], leftOut: [] },
}
const POLICIES = [
  { name: 'careful', says: [], rehearsedWithin: 30 * DAY },
  { name: 'money', says: [], rehearsedWithin: 7 * DAY },
  { name: 'silent', says: [] },
]
const under = (rehearsals: readonly Rehearsal[], now: number, policies = POLICIES) =>
  unrehearsed({ policies }, { rehearsals, planHash: 'plan', configHash: 'config' }, now)

describe('a policy that asks for a rehearsal', () => {
  it('takes one of this plan and configuration that is young enough', () => {
    expect(under([REHEARSAL], AT + 7 * DAY)).toEqual([])
  })

  it('refuses by its name, with what to do', () => {
    expect(under([REHEARSAL], AT + 8 * DAY)).toEqual([
      {
        rule: 'policy.rehearsal',
        path: ['steps'],
        message: 'rehearsed 8d ago by alice, longer ago than 7d: the policy money asks for more (rehearsal)',
        fix: 'rehearse it: sluice rehearse <plan.yaml>',
      },
    ])
    expect(under([], AT).map(({ message }) => message)).toEqual([
      'the plan was never rehearsed: the policy careful asks for more (rehearsal)',
      'the plan was never rehearsed: the policy money asks for more (rehearsal)',
    ])
  })

  it('asks nothing of a plan that keeps none', () => {
    expect(unrehearsed({}, { rehearsals: [], planHash: 'plan', configHash: 'config' }, AT)).toEqual([])
    expect(under([], AT, [{ name: 'silent', says: [] }])).toEqual([])
  })

  it('lets nothing through that is weaker, whatever is kept beside it', () => {
    const others = fc.array(
      fc
        .record({ planHash: fc.constantFrom('plan', 'other'), configHash: fc.constantFrom('config', 'other') })
        .filter(({ planHash, configHash }) => planHash !== 'plan' || configHash !== 'config'),
      { maxLength: 5 },
    )
    const newest = fc.option(fc.record({ age: fc.integer({ min: 0, max: 40 * DAY }), isRight: fc.boolean() }))
    fc.assert(
      fc.property(others, newest, fc.integer({ min: 1, max: 40 * DAY }), (beside, last, within) => {
        const fresh = beside.map((hashes) => ({ ...REHEARSAL, ...hashes, at: AT }))
        const runs = REHEARSAL.runs.map((run) => ({ ...run, isRight: last?.isRight ?? false }))
        const own = last === null ? [] : [{ ...REHEARSAL, at: AT - last.age, runs }]
        const problems = under([...fresh, ...own], AT, [{ name: 'careful', says: [], rehearsedWithin: within }])
        expect(problems.length === 0).toBe(last?.isRight === true && last.age <= within)
      }),
      { numRuns: 200 },
    )
  })
})
