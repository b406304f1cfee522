import { describe, expect, it } from 'vitest'
import { allChecks, consequenceText, consequenceWarnings } from '../../../src/domain/plan/consequences.ts'
import { readPlan } from '../../../src/domain/plan/plan.ts'
import { readPlanText } from '../../../src/domain/plan/plan-text.ts'
import { formatProblem } from '../../../src/domain/problems.ts'
import { FACTS, planContext } from './plan-context.ts'

const CALL = { kind: 'webhook', answersLater: false } as const
const CALLED = planContext({ ...FACTS, calls: { deploy: CALL, quality: CALL, 'tell-warehouse': CALL } })
const KIND = { errorRate: { notWorseThan: '1.5x' } }
const STEPS = [{ weight: '10%' }, { bake: '10m' }, { weight: '100%' }]

function planWith(checks: Record<string, unknown>, more: Record<string, unknown> = {}, context = planContext()) {
  const head = { service: 'checkout', environment: 'production', steps: STEPS, checks, ...more }
  const read = readPlan(head, context)
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  return read.plan
}
function problemsOf(checks: string): readonly string[] {
  const text = `service: checkout\nenvironment: production\nsteps: [weight: 100%]\nchecks:\n${checks}`
  const read = readPlanText(text, 'plan.yaml', planContext())
  return 'problems' in read ? read.problems.map(formatProblem) : []
}

describe('the consequence of a check', () => {
  it('stands beside its kind', () => {
    const { checks } = planWith({ errors: { ...KIND, onFail: 'hold', onNoData: 'pause', warmUp: '30s' } })
    expect(checks[0]).toMatchObject({ onFail: 'hold', onNoData: 'pause', warmsUpFor: 30_000, kind: 'errorRate' })
  })

  it('is written into no check of a plan in which none has one, as in older plans', () => {
    const { checks } = planWith({ errors: KIND, more: KIND }, { onFail: 'pause' })
    for (const check of checks) expect(Object.keys(check)).not.toContain('onFail')
  })

  it('is the plan’s for the others as soon as one has its own, those of analyses among them', () => {
    const analyse = { analyse: { for: '10m', checks: { late: KIND } } }
    const plan = planWith(
      { errors: KIND, orders: { ...KIND, onFail: 'warn' } },
      { onFail: 'pause', steps: [{ weight: '10%' }, analyse, { weight: '100%' }] },
    )
    expect(allChecks(plan).map(({ name, onFail }) => [name, onFail])).toEqual([
      ['errors', 'pause'],
      ['orders', 'warn'],
      ['late', 'pause'],
    ])
  })

  it('changes nothing of the error budget', () => {
    const bare = planWith({ errors: KIND, orders: KIND })
    const own = planWith({ errors: KIND, orders: { ...KIND, onFail: 'warn' } })
    expect(own.errorBudget).toBe(bare.errorBudget)
    expect(own.checks.map((check) => (check as { rule?: unknown }).rule)).toEqual(
      bare.checks.map((check) => (check as { rule?: unknown }).rule),
    )
  })

  it('that nobody knows is refused with its place and how to write it', () => {
    expect(problemsOf('  errors: { errorRate: { notWorseThan: 1.5x }, onFail: warm }\n')).toEqual([
      expect.stringMatching(
        /^plan\.yaml:5:56: .*seen: +warm\n.*rollback.*pause.*hold.*warn.*\n.*did you mean warn\?$/s,
      ),
    ])
    expect(problemsOf('  errors: { errorRate: { notWorseThan: 1.5x }, onNoData: ignore }\n')).toEqual([
      expect.stringMatching(/^plan\.yaml:5:58: .*seen: +ignore/s),
    ])
  })

  it('does not let a check that only warns decide on missing data', () => {
    expect(problemsOf('  errors: { errorRate: { notWorseThan: 1.5x }, onFail: warn, onNoData: rollback }\n')).toEqual([
      expect.stringContaining('a check that only warns has no say in the release'),
    ])
    expect(planWith({ errors: { ...KIND, onFail: 'warn', onNoData: 'warn' } }).checks).toHaveLength(1)
  })

  it('is listed in one line, and a plan whose checks all only warn is warned of', () => {
    const mixed = allChecks(planWith({ errors: { ...KIND, onNoData: 'hold' }, orders: { ...KIND, onFail: 'warn' } }))
    expect(consequenceText(mixed, 'rollback')).toBe('consequences: errors hold without data, orders warn')
    expect(consequenceWarnings(mixed)).toEqual([])
    const plain = allChecks(planWith({ errors: KIND }))
    expect(consequenceText(plain, 'rollback')).toBeNull()
    const warning = allChecks(planWith({ errors: { ...KIND, onFail: 'warn' }, orders: { ...KIND, onFail: 'warn' } }))
    expect(consequenceWarnings(warning)).toEqual([
      'every check only warns: nothing but the floor, restarts and the router can stop a release of this plan',
    ])
  })

  it('is listed for hooks, gates and approvals that do something else than the plan, with their steps', () => {
    const steps = [
      { hook: { call: 'deploy' } },
      { gate: { call: 'quality', within: '1h', onFail: 'pause' } },
      { approve: { by: 'checkout-owners', onExpiry: 'pause' } },
      { weight: '100%' },
      { hook: { call: 'tell-warehouse', onFail: 'pause' } },
    ]
    const textOf = (onFail: 'pause' | 'rollback', given: readonly unknown[] = steps) => {
      const { actions } = planWith({}, { steps: given, onFail }, CALLED)
      return consequenceText([], onFail, actions)
    }
    const approval = 'approve (step 3) pause without an answer'
    expect(textOf('rollback')).toBe(
      `consequences: gate quality (step 2) pause, ${approval}, hook tell-warehouse (step 5) pause`,
    )
    expect(textOf('pause')).toBe(`consequences: ${approval}`)
    expect(textOf('rollback', STEPS)).toBeNull()
  })
})
