import { describe, expect, it } from 'vitest'
import type { TargetFacts } from '../../../src/domain/plan/plan-context.ts'
import { fitnessText } from '../../../src/domain/plan/plan-fitness.ts'
import { readPlanText } from '../../../src/domain/plan/plan-text.ts'
import { timelineOf } from '../../../src/domain/plan/plan-timeline.ts'
import { FACTS, FINE_ROUTER, planContext } from './plan-context.ts'

const HEALTHY = { ...FINE_ROUTER, capabilities: { ...FINE_ROUTER.capabilities, health: true } }
const CALLS: TargetFacts = {
  ...FACTS,
  calls: {
    deploy: { kind: 'webhook', answersLater: true },
    remove: { kind: 'command', answersLater: false },
    ask: { kind: 'webhook', answersLater: false },
  },
}

function read(steps: string, facts: TargetFacts = CALLS, more = '') {
  const text = `service: checkout\nenvironment: production\nsteps:\n${steps}\n  - weight: 100%\n${more}`
  return readPlanText(text, 'plan.yaml', planContext(facts))
}

function planOf(steps: string, facts?: TargetFacts, more?: string) {
  const result = read(steps, facts, more)
  if ('problems' in result) throw new Error(JSON.stringify(result.problems))
  return result.plan
}

const problemsOf = (steps: string, facts?: TargetFacts, more?: string) => {
  const result = read(steps, facts, more)
  return 'problems' in result ? result.problems.map(({ line, rule }) => [line, rule]) : []
}

describe('calls in a plan', () => {
  it('become actions that name them', () => {
    const { actions } = planOf(
      '  - hook: { call: deploy, undo: remove }\n  - gate: { call: ask, within: 4h, onFail: pause }',
    )
    expect(actions.slice(0, 2)).toEqual([
      { kind: 'hook', step: 1, label: 'hook deploy, undone by remove', call: 'deploy', undo: 'remove' },
      { kind: 'call-gate', step: 2, label: 'gate ask within 4h', call: 'ask', within: 14_400_000, onFail: 'pause' },
    ])
  })

  it('are told in the plan: what their failure does', () => {
    const { rows } = timelineOf(planOf('  - hook: { call: deploy }\n  - gate: { call: ask }'), [])
    expect(rows.slice(0, 2).map(({ details }) => details)).toEqual([
      ['when it fails: rollback'],
      ['waits for a yes; without one after 1d: rollback'],
    ])
  })

  it.each([
    ['  - hook: { call: deply }', [[4, 'unknown-call']]],
    ['  - hook: { call: deploy, undo: constructor }', [[4, 'value']]],
    [
      '  - hook: { call: deploy, undo: gone, more: 1 }',
      expect.arrayContaining([
        [4, 'unknown-call'],
        [4, 'unknown-key'],
      ]),
    ],
    ['  - hook: deploy', [[4, 'value']]],
    ['  - gate: { call: deploy }', [[4, 'call-answers-later']]],
    ['  - gate: { call: ask, window: Mon-Fri 09:00-16:00 UTC }', [[4, 'value']]],
    ['  - gate: {}', [[4, 'value']]],
    ['  - gate: ready', [[4, 'value']]],
    ['  - gate: { readiness: { without: [luck] } }', [[4, 'value']]],
    ['  - gate: { readiness: { without: [] } }', [[4, 'value']]],
    ['  - gate: { readiness: { without: [undo] }, call: ask }', [[4, 'value']]],
    ['  - gate: { window: office-hours, within: 4h }', [[4, 'value']]],
  ])('are refused: %s', (steps, problems) => {
    expect(problemsOf(steps)).toEqual(problems)
  })

  it('are none where the installation has none', () => {
    expect(problemsOf('  - hook: { call: deploy }', FACTS)).toEqual([[4, 'unknown-call']])
  })
})

describe('what must hold of the pools', () => {
  it('is the plan’s capacity, else that of its target', () => {
    const facts = { ...FACTS, router: HEALTHY, capacity: { ready: 0.5 } }
    expect(planOf('  - weight: 5%', facts).capacity).toEqual({ ready: 0.5 })
    expect(planOf('  - weight: 5%', facts, 'capacity: { ready: 80% }\n').capacity).toEqual({ ready: 0.8 })
    expect(planOf('  - weight: 5%', { ...FACTS, router: HEALTHY }).capacity).toBeUndefined()
  })

  it('is refused where the router cannot say', () => {
    expect(problemsOf('  - weight: 5%', FACTS, 'capacity: { ready: 80% }\n')).toEqual([[6, 'router-cannot']])
  })

  it('is told in sentences', () => {
    expect(fitnessText({ capacity: { ready: 0.8 }, proof: { within: 1 } })).toEqual([
      'before the first exposure, and until the end, every instance of the canary must say the new version',
      'before exposures are raised 80% of each pool must be ready',
    ])
  })
})
