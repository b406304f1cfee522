import { describe, expect, it } from 'vitest'
import { backgroundAt } from '../../../src/domain/plan/background.ts'
import { readPlanText } from '../../../src/domain/plan/plan-text.ts'
import { formatProblem } from '../../../src/domain/problems.ts'
import { checksAt } from '../../../src/domain/release/warm-up.ts'
import { planContext } from './plan-context.ts'

const SLOW = '{ slowest: { latency: { quantiles: [p99], max: 2s } } }'
const ERRORS = '{ worse: { errorRate: { notWorseThan: 1.5x } } }'

function read(...steps: readonly string[]) {
  const text = `service: checkout\nenvironment: production\nsteps:\n${steps.map((step) => `  - ${step}\n`).join('')}`
  const result = readPlanText(text, 'plan.yaml', planContext())
  return 'problems' in result ? result.problems.map(formatProblem).join('\n') : result.plan
}

function planOf(...steps: readonly string[]) {
  const plan = read(...steps)
  if (typeof plan === 'string') throw new Error(plan)
  return plan
}

const SOAK = [
  'weight: 5%',
  `analyse: { start: soak, checks: ${SLOW} }`,
  'bake: 30m',
  'weight: 25%',
  'bake: 30m',
  'analyse: { passed: soak }',
  'weight: 100%',
]

describe('an analysis in the background', () => {
  it('is watched from the step after its start to the one by which it must have passed', () => {
    const { actions, steps, checks } = planOf(...SOAK)
    expect(steps[1]?.label).toBe('analyse slowest in the background as soak')
    expect(steps[5]?.label).toBe('analyse until soak has passed')
    const names = actions.map((action, index) => [
      action.kind,
      backgroundAt(index, actions)
        .map(({ name }) => name)
        .join(),
    ])
    expect(names).toEqual([
      ['expose', ''],
      ['bake', 'slowest'],
      ['expose', 'slowest'],
      ['bake', 'slowest'],
      ['judge', 'slowest'],
      ['expose', ''],
    ])
    expect(checksAt({ position: 4 }, { actions, checks }).map(({ name }) => name)).toEqual(['slowest'])
    expect(checksAt({ position: 5 }, { actions, checks })).toEqual([])
  })

  it('counts once in the error budget, and may compare where both pools had users before', () => {
    const plan = planOf(
      'weight: 5%',
      `analyse: { start: a, checks: ${ERRORS} }`,
      'bake: 30m',
      'weight: 100%',
      'analyse: { passed: a }',
    )
    expect(plan.errorBudget).toBeCloseTo(0.01)
  })

  it.each([
    [
      'nothing waits for it',
      [`analyse: { start: soak, checks: ${SLOW} }`, 'weight: 100%'],
      'nothing waits for this analysis',
    ],
    ['it was never begun', ['weight: 100%', 'analyse: { passed: soak }'], 'no step before has begun this analysis'],
    ['it had to pass before', [...SOAK, 'analyse: { passed: soak }'], 'this analysis had to pass before already'],
    [
      'its name is taken',
      [`analyse: { start: soak, checks: ${SLOW} }`, `analyse: { start: soak, checks: ${ERRORS} }`, 'weight: 100%'],
      'an analysis of this name has begun before',
    ],
    [
      'it says how long as well',
      [`analyse: { start: a, for: 5m, checks: ${SLOW} }`, 'weight: 100%'],
      'either for or start beside checks',
    ],
    ['it has no checks', ['analyse: { start: a }', 'weight: 100%'], 'checks, such as'],
    ['it says more than passed', ['analyse: { passed: a, for: 5m }', 'weight: 100%'], 'passed alone, such as'],
    ['neither for nor start is there', [`analyse: { checks: ${SLOW} }`, 'weight: 100%'], 'for or start beside checks'],
    [
      'nobody was ever on both sides',
      ['weight: 100%', `analyse: { start: a, checks: ${ERRORS} }`, 'bake: 30m', 'analyse: { passed: a }'],
      'everybody is on the canary here, so worse has no stable',
    ],
  ])('is refused when %s', (_when, steps, message) => {
    expect(read(...steps)).toContain(message)
  })
})

describe('the step notify', () => {
  it('is one message that takes no time', () => {
    const { actions, steps } = planOf('notify: { text: half have it }', 'weight: 100%')
    expect(actions[0]).toEqual({ kind: 'tell', step: 1, label: 'notify: half have it', text: 'half have it' })
    expect(steps[0]).toEqual({ kind: 'notify', label: 'notify: half have it' })
  })

  it('is refused for a channel that nobody knows, and for more than one line', () => {
    expect(read('notify: { text: x, to: moon }', 'weight: 100%')).toContain('there is no such channel')
    expect(read('notify: { text: "a\\nb" }', 'weight: 100%')).toContain('one line without control characters')
  })
})
