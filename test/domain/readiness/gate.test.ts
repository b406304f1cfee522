import { describe, expect, it } from 'vitest'
import { readSubmission } from '../../../src/domain/lane/read-submission.ts'
import { readPlan } from '../../../src/domain/plan/plan.ts'
import { readinessText, readyText } from '../../../src/domain/readiness/answers.ts'
import { waivedIn } from '../../../src/domain/readiness/rules.ts'
import { planContext } from '../plan/plan-context.ts'

function planWith(...gates: readonly unknown[]) {
  const steps = [...gates.map((gate) => ({ gate })), { weight: '100%' }]
  const read = readPlan({ service: 'checkout', environment: 'production', steps }, planContext())
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  return read.plan
}

describe('a gate for readiness', () => {
  it('is the whole checklist, or all but what it names', () => {
    expect(planWith('readiness').actions[0]).toEqual({
      ...{ kind: 'readiness-gate', step: 1, label: 'gate readiness within 1d', without: [], within: 86_400_000 },
    })
    const some = planWith({ readiness: { without: ['undo', 'routing'] }, within: '2h', onFail: 'pause' })
    expect(some.actions[0]).toMatchObject({
      ...{ label: 'gate readiness without undo, routing within 2h', without: ['undo', 'routing'] },
      ...{ within: 7_200_000, onFail: 'pause' },
    })
  })

  it('is carried to a lane as it is, and a broken one is not', () => {
    const plan = planWith('readiness')
    const submission = {
      ...{ version: '2.4.0', author: { person: 'alice', entrance: 'cli' }, reason: '', planHash: 'h', key: 'k' },
      ...{ whenBusy: 'reject', plan },
    }
    const target = { service: 'checkout', environment: 'production' }
    expect(readSubmission(target, submission)).toHaveProperty('value')
    const broken = { ...plan, actions: [{ ...plan.actions[0], without: [7] }] }
    expect(readSubmission(target, { ...submission, plan: broken })).toHaveProperty('problem')
  })

  it('waives for `sluice ready` what every gate of the plan does without', () => {
    expect(waivedIn(planWith())).toEqual([])
    expect(waivedIn(planWith('readiness'))).toEqual([])
    const both = planWith({ readiness: { without: ['undo', 'routing'] } }, { readiness: { without: ['undo'] } })
    expect(waivedIn(both)).toEqual(['undo'])
  })

  it('says what is open, and what was done without', () => {
    const lines = [
      { item: 'metrics', outcome: 'pass', text: 'fine' },
      { item: 'undo', outcome: 'unknown', text: 'nobody knows', fix: 'ask' },
    ] as const
    expect(readinessText({ lines })).toBe('1 of 2 answers are yes, not undo')
    expect(readinessText({ lines: lines.slice(0, 1) })).toBe('1 of 1 answers are yes')
    expect([readyText([]), readyText(['undo'])]).toEqual(['it is ready', 'it is ready, the plan does without undo'])
  })
})
