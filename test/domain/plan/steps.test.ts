import { describe, expect, it } from 'vitest'
import { STEP_KINDS } from '../../../src/domain/plan/steps/index.ts'
import type { StepContext } from '../../../src/domain/plan/steps/step-kind.ts'
import type { Problem } from '../../../src/domain/problems.ts'

/** One valid way to write each kind; a new kind needs a line here. */
const WRITTEN: Record<string, unknown> = {
  weight: '5%',
  bake: '10m',
  ramp: { through: ['5%', '10%'], bake: '1m' },
  cohort: ['internal', 'beta'],
  approve: { by: 'owners' },
  gate: { window: 'office-hours' },
  flag: { 'new-checkout': 'on', banner: '25%' },
  notify: { text: 'half of the users have it', to: 'oncall' },
  hook: { call: 'deploy', undo: 'remove' },
  analyse: { for: '5m', checks: { one: {} } },
  try: 'on',
  mirror: '10%',
}

/** The weight that a step of the kind begins at. */
const BEGINS_AT: Record<string, number> = { mirror: 0 }

function contextOf(kind: string, report: (problem: Problem) => void): Omit<StepContext, 'label'> {
  return {
    step: 3,
    path: ['steps', 2],
    exposure: { weight: BEGINS_AT[kind] ?? 100, cohorts: ['internal'] },
    peopleOf: () => ['alice'],
    readChecks: () => [],
    finalAnswer: () => null,
    report,
  }
}

describe.each(STEP_KINDS.map((kind) => [kind.kind, kind] as const))('the step %s', (name, kind) => {
  const read = kind.read(WRITTEN[name])

  it('reads what is written and describes it in one short line', () => {
    if (!('step' in read)) throw new Error(JSON.stringify(read.issues))
    expect(read.step.label).toMatch(/^\S.{0,118}$/)
    expect(read.step.label.startsWith(name)).toBe(true)
  })

  it('expands to actions that know their step, and leaves nobody behind', () => {
    if (!('step' in read)) throw new Error(JSON.stringify(read.issues))
    const problems: Problem[] = []
    const { actions, exposure } = read.step.expand(contextOf(name, (problem) => void problems.push(problem)))
    expect(problems).toEqual([])
    expect(actions.length).toBeGreaterThan(0)
    for (const action of actions) expect(action).toMatchObject({ step: 3, label: expect.stringMatching(/\S/) })
    expect(exposure.weight).toBeGreaterThanOrEqual(BEGINS_AT[name] ?? 100)
    expect(exposure.cohorts).toContain('internal')
  })

  it.each([null, 7, Number.NaN, {}, [], '', 'nonsense!', true])(
    'refuses %j with issues, never with an exception',
    (value) => {
      const refused = kind.read(value)
      expect('issues' in refused && refused.issues.length > 0).toBe(true)
    },
  )

  it('has one sentence for the docs', () => {
    expect(kind.summary).toMatch(/^[A-Z].*\.$/)
  })
})

describe('the list of step kinds', () => {
  it('names each kind once', () => {
    const kinds = STEP_KINDS.map(({ kind }) => kind)
    expect(new Set(kinds).size).toBe(kinds.length)
    expect(kinds.toSorted()).toEqual(Object.keys(WRITTEN).sort())
  })
})
