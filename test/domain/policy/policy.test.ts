import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readPlan } from '../../../src/domain/plan/plan.ts'
import { readPlanText } from '../../../src/domain/plan/plan-text.ts'
import { holdsFor, type Policy, policySchema } from '../../../src/domain/policy/policy.ts'
import { policyText } from '../../../src/domain/policy/rules.ts'
import { formatProblem } from '../../../src/domain/problems.ts'
import { writeYaml } from '../../../src/domain/yaml/yaml-text.ts'
import { planContext } from '../plan/plan-context.ts'
import { compliant, type Draft, GOVERNED, POLICY, written } from './plans.ts'

const CONTEXT = planContext(GOVERNED)

function rulesOf(draft: Draft): readonly string[] {
  const result = readPlan(written(draft), CONTEXT)
  return 'problems' in result ? result.problems.map(({ rule }) => rule) : []
}

/** The check of this name with more or other keys beside it. */
const besideCheck = (draft: Draft, name: string, more: object): Draft => ({
  ...draft,
  checks: { ...draft.checks, [name]: { ...draft.checks[name], ...more } },
})

const withCheck = (draft: Draft, name: string, check: Readonly<Record<string, unknown>>): Draft => ({
  ...draft,
  checks: { ...draft.checks, [name]: check },
})

const withoutCheck = (draft: Draft, name: string): Draft => ({
  ...draft,
  checks: Object.fromEntries(Object.entries(draft.checks).filter(([key]) => key !== name)),
})

const withBake = (draft: Draft, at: number, bake: Draft['stages'][number]['bake']): Draft => ({
  ...draft,
  stages: draft.stages.map((stage, index) => (index === at ? { ...stage, bake } : stage)),
})

const minutes = ({ stages }: Draft) => stages.reduce((sum, { bake }) => sum + (typeof bake === 'number' ? bake : 0), 0)

/** One thing made weaker, in a plan that had kept every rule; with the rule that must say so. */
const WEAKENINGS: readonly (readonly [what: string, rule: string, weaken: (draft: Draft, dice: number) => Draft])[] = [
  ['weights are left out', 'leastSteps', (draft) => ({ ...draft, stages: draft.stages.slice(0, 2), approveBefore: 0 })],
  ['a weight is passed without a bake', 'bake', (draft, dice) => withBake(draft, dice % draft.stages.length, null)],
  [
    'the first weight is larger',
    'firstWeight',
    (draft) => ({ ...draft, stages: draft.stages.map((stage, at) => (at === 0 ? { ...stage, weight: 501 } : stage)) }),
  ],
  ['a bake is shorter', 'bake', (draft, dice) => withBake(draft, dice % draft.stages.length, 1 + (dice % 9))],
  ['a bake may end once proven', 'bake', (draft, dice) => withBake(draft, dice % draft.stages.length, { upTo: 600 })],
  ['the warm-up takes all of it', 'bake', (draft) => ({ ...draft, top: { ...draft.top, warmUp: '2h' } })],
  ['a check warms up for all of it', 'bake', (draft) => besideCheck(draft, 'errors', { warmUp: '2h' })],
  [
    'the time goes behind 100%',
    'bake',
    (draft) => ({
      ...draft,
      stages: draft.stages.slice(0, 3).map((stage) => ({ ...stage, bake: 10 })),
      approveBefore: 0,
      lastBake: minutes(draft),
    }),
  ],
  ['a check is missing', 'checks', (draft) => withoutCheck(draft, 'errors')],
  ['all checks are missing', 'checks', (draft) => ({ ...draft, checks: {} })],
  [
    'a check counts another event',
    'checks',
    (draft) => withCheck(draft, 'orders', { rate: { of: 'visits', notBelow: '0.9x' } }),
  ],
  ['a check is of another kind', 'checks', (draft) => withCheck(draft, 'errors', draft.checks['payments'] ?? {})],
  [
    'a check looks at one cohort',
    'checks',
    (draft) => ({ ...besideCheck(draft, 'errors', { cohort: 'beta' }), first: [] }),
  ],
  [
    'a check watches one step only',
    'checks',
    (draft) => ({
      ...withoutCheck(draft, 'errors'),
      late: [{ analyse: { for: '10m', checks: { errors: draft.checks['errors'] ?? {} } } }],
    }),
  ],
  [
    'a check only warns',
    'noWarn',
    (draft, dice) => besideCheck(draft, dice % 2 ? 'errors' : 'payments', { onFail: 'warn' }),
  ],
  [
    'missing data only warns',
    'noWarn',
    (draft, dice) => besideCheck(draft, dice % 2 ? 'orders' : 'errors', { onNoData: 'warn' }),
  ],
  [
    'the check of a step only warns',
    'noWarn',
    (draft) => ({
      ...draft,
      late: [{ analyse: { for: '10m', checks: { more: { errorRate: { max: '3%' }, onFail: 'warn' } } } }],
    }),
  ],
  ['the plan is less sure', 'confidence', (draft) => ({ ...draft, top: { ...draft.top, confidence: '98.99%' } })],
  [
    'a check is less sure by itself',
    'confidence',
    (draft) => withCheck(draft, 'errors', { errorRate: { notWorseThan: '1.5x', confidence: '98%' } }),
  ],
  ['nobody is asked', 'approvals', (draft) => ({ ...draft, approve: null })],
  ['fewer are asked', 'approvals', (draft) => ({ ...draft, approve: { ...draft.approve, need: 1 } })],
  ['others are asked', 'approvals', (draft) => ({ ...draft, approve: { by: 'testers', need: 2 } })],
  ['the author may approve', 'approvals', (draft) => ({ ...draft, approve: { ...draft.approve, notAuthor: false } })],
  [
    'they are asked too late',
    'approvals',
    (draft) => ({ ...draft, approveBefore: 1 + (draft.stages.findIndex(({ weight }) => weight >= 5_000) + 1 || 99) }),
  ],
  ['a failure pauses', 'onFail', (draft) => ({ ...draft, top: { ...draft.top, onFail: 'pause' } })],
  ['a failing check pauses', 'onFail', (draft) => besideCheck(draft, 'orders', { onFail: 'pause' })],
  ['a failing check holds', 'onFail', (draft) => besideCheck(draft, 'orders', { onFail: 'hold' })],
  [
    'a failing check sets a flag off first',
    'onFail',
    (draft) => ({
      ...besideCheck(draft, 'orders', { onFail: { flag: 'new-checkout', set: 'off' } }),
      first: [...draft.first, { flag: { 'new-checkout': 'off' } }],
    }),
  ],
  [
    'a failing call pauses',
    'onFail',
    (draft) => ({ ...draft, first: [...draft.first, { hook: { call: 'deploy', onFail: 'pause' } }] }),
  ],
  [
    'a no of a gate pauses',
    'onFail',
    (draft) => ({ ...draft, first: [...draft.first, { gate: { call: 'ask-ops', within: '1h', onFail: 'pause' } }] }),
  ],
  ['another call is made', 'hooks', (draft) => ({ ...draft, first: [...draft.first, { hook: { call: 'tweet' } }] })],
  [
    'another call undoes',
    'hooks',
    (draft) => ({ ...draft, first: [...draft.first, { hook: { call: 'deploy', undo: 'tweet' } }] }),
  ],
  [
    'another call is asked',
    'hooks',
    (draft) => ({ ...draft, first: [...draft.first, { gate: { call: 'tweet', within: '1h' } }] }),
  ],
  ['another flag is set', 'flags', (draft) => ({ ...draft, first: [...draft.first, { flag: { banner: 'off' } }] })],
]

const DRAWN = 10

describe('a plan weaker than its policy', () => {
  it.each(WEAKENINGS)('is refused where %s (%s)', (_, rule, weaken) => {
    fc.assert(
      fc.property(compliant, fc.nat(), (draft, dice) => {
        expect(rulesOf(draft)).toEqual([])
        expect(rulesOf(weaken(draft, dice))).toContain(`policy.${rule}`)
      }),
      { numRuns: DRAWN },
    )
  })

  it('is refused in each of more than 200 drawn ways', () => {
    expect(WEAKENINGS.length * DRAWN).toBeGreaterThanOrEqual(200)
  })
})

/** One thing made stronger. */
const STRENGTHENINGS: readonly (readonly [what: string, strengthen: (draft: Draft) => Draft])[] = [
  ['longer bakes', (draft) => draft.stages.reduce((plan, _, at) => withBake(plan, at, 240), draft)],
  ['a smaller weight first', (draft) => ({ ...draft, first: [...draft.first, { weight: '0.01%' }, { bake: '30m' }] })],
  ['a further check', (draft) => withCheck(draft, 'more', { errorRate: { max: '3%' } })],
  ['more people', (draft) => ({ ...draft, approve: { ...draft.approve, need: 3 } })],
  ['a further approval', (draft) => ({ ...draft, first: [...draft.first, { approve: { by: 'testers' } }] })],
  ['surer checks', (draft) => ({ ...draft, top: { ...draft.top, confidence: '99.999%' } })],
  ['no warm-up', (draft) => ({ ...draft, top: { ...draft.top, warmUp: '0s' } })],
  ['no calls and flags', (draft) => ({ ...draft, first: [] })],
  ['windows', (draft) => ({ ...draft, first: [...draft.first, { gate: { window: 'Mon-Fri 09:00-16:00 UTC' } }] })],
]

describe('a plan at least as strong as its policy', () => {
  it.each(STRENGTHENINGS)('is taken with %s', (_, strengthen) => {
    fc.assert(
      fc.property(compliant, (draft) => {
        fc.pre(draft.stages.every(({ weight }) => weight > 1))
        expect(rulesOf(strengthen(draft))).toEqual([])
      }),
      { numRuns: 20 },
    )
  })

  it('carries what it keeps, and who may end a bake', () => {
    const [draft] = fc.sample(compliant, { numRuns: 1, seed: 1 })
    const result = readPlan(written(draft as Draft), CONTEXT)
    expect(result).toMatchObject({
      plan: { policies: [{ name: 'money', says: policyText(POLICY), mayShorten: ['grace'] }] },
    })
  })
})

describe('a refusal', () => {
  it('names the policy and the rule, at the line of the plan', () => {
    const [draft] = fc.sample(compliant, { numRuns: 1, seed: 7 })
    const weak: Draft = {
      ...besideCheck(draft as Draft, 'errors', { onFail: 'warn' }),
      stages: [
        { weight: 1_000, bake: 10 },
        { weight: 2_500, bake: 5 },
      ],
      approve: null,
      approveBefore: 0,
      first: [],
      late: [],
      top: { confidence: '95%' },
    }
    const result = readPlanText(writeYaml(written(weak)), 'plan.yaml', CONTEXT)
    expect('problems' in result ? result.problems.map(formatProblem).join('\n') : '').toMatchInlineSnapshot(`
      "plan.yaml:3:13: the checks together may be wrong too often: the policy money asks for more (confidence)
        seen:     95%
        expected: at least 99%
        fix:      raise confidence, of the plan or of the checks that have their own
      plan.yaml:5:3: the plan goes through too few weights: the policy money asks for more (leastSteps)
        seen:     2 weights between 0% and 100% that are held
        expected: at least 3
        fix:      add weights, each with a bake after it
      plan.yaml:5:3: everybody gets the version too soon: the policy money asks for more (bake)
        seen:     15m at weights between 0% and 100%, for certain
        expected: at least 1h
        fix:      lengthen the bakes at these weights; what a cohort has alone counts for nothing
      plan.yaml:5:13: the first weight is too large: the policy money asks for more (firstWeight)
        seen:     10%
        expected: at most 5%
        fix:      begin with a smaller weight, and a bake after it
      plan.yaml:7:13: 25% is not held for long enough: the policy money asks for more (bake)
        seen:     5m for certain
        expected: at least 10m
        fix:      add a bake, lengthen it, or shorten its warm-up; one that ends once proven counts for nothing
      plan.yaml:9:13: 100% comes before an approval that it needs: the policy money asks for more (approvals)
        expected: approve: { by: checkout-owners, need: 2, notAuthor: true } before 50% or more
        fix:      add the step before this one, or change the one that is there
      plan.yaml:13:5: the check errors only warns: the policy money asks for more (checks)
        expected: errorRate, of all requests, that does more than warn
        fix:      change it, or add one beside it
      plan.yaml:15:13: the check errors only warns: the policy money asks for more (noWarn)
        seen:     warn
        expected: rollback, pause or hold
        fix:      write one of these, or remove onFail"
    `)
  })

  it('points into a ramp with a budget to what stands there', () => {
    const policy = policySchema.parse({ bake: { each: '30m' }, approvals: [{ by: 'testers', before: '50%' }] })
    const checks = { errors: { errorRate: { notWorseThan: '1.5x' } } }
    const steps = [{ weight: '10%' }, { bake: '1h' }, { ramp: { to: '100%', spend: '0.5x', atLeast: '40m' } }]
    const context = planContext({ ...GOVERNED, policies: [{ name: 'money', policy }] })
    const result = readPlan({ service: 'checkout', environment: 'production', steps, checks }, context)
    const places = 'problems' in result ? result.problems.map(({ path }) => path.join('.')) : []
    expect([...new Set(places)]).toEqual(['steps.2.ramp.atLeast', 'steps.2.ramp.to'])
  })

  it('counts the time of a cohort alone for nothing', () => {
    const policy = policySchema.parse({ bake: { total: '30m' } })
    const context = planContext({ ...GOVERNED, policies: [{ name: 'money', policy }] })
    const read = (weight: string, bake: string) => {
      const steps = [{ cohort: 'beta' }, { bake: '10h' }, { weight }, { bake }, { weight: '100%' }]
      return readPlan({ service: 'checkout', environment: 'production', steps }, context)
    }
    expect(read('1%', '30m')).toHaveProperty('plan')
    expect(read('1%', '29m')).toMatchObject({
      problems: [{ rule: 'policy.bake', received: '29m at weights between 0% and 100%, for certain' }],
    })
  })

  it('comes only once the plan is valid by itself', () => {
    const result = readPlanText(
      'service: checkout\nenvironment: production\nsteps: [{ weight: 50% }]\n',
      'plan.yaml',
      CONTEXT,
    )
    expect('problems' in result ? result.problems.map(({ rule }) => rule) : []).toEqual(['never-full'])
  })
})

describe('a target that is released by its flags alone', () => {
  const policy = policySchema.parse({
    ...{ leastSteps: 2, firstWeight: '10%', bake: { each: '10m' }, rehearsal: { within: '30d' } },
  })
  const context = planContext({ ...GOVERNED, router: null, policies: [{ name: 'money', policy }] })
  const read = (steps: readonly object[]) =>
    readPlan({ service: 'checkout', environment: 'production', steps }, context)
  const share = (to: string, ...more: object[]) => [{ flag: { 'new-checkout': to } }, ...more]
  const held = { bake: '10m' }

  it('keeps a policy by how many users its flags reach', () => {
    expect(read([...share('10%', held), ...share('50%', held), ...share('on')])).toHaveProperty('plan')
    const weak = read([...share('50%', held), ...share('on')])
    expect('problems' in weak ? weak.problems.map(({ rule }) => rule) : []).toEqual([
      'policy.leastSteps',
      'policy.firstWeight',
    ])
  })

  it('keeps it for each of its flags: one that everybody has lets no other one go on at once', () => {
    const policies = [{ name: 'money', policy: { ...policy, approvals: POLICY.approvals } }]
    const several = planContext({ ...GOVERNED, router: null, policies })
    const first = [
      { approve: { by: 'checkout-owners', need: 2 } },
      ...share('10%', held),
      ...share('50%', held),
      ...share('on'),
    ]
    const problemsOf = (...more: object[]) => {
      const read = readPlan({ service: 'checkout', environment: 'production', steps: [...first, ...more] }, several)
      return 'problems' in read ? read.problems.map(({ rule, message, path }) => ({ rule, message, path })) : []
    }
    expect(problemsOf({ flag: { banner: 'off' } })).toEqual([])
    expect(
      problemsOf({ flag: { banner: '10%' } }, held, { flag: { banner: '50%' } }, held, { flag: { banner: 'on' } }),
    ).toEqual([])
    expect(problemsOf({ flag: { banner: 'on' } })).toMatchObject([
      {
        rule: 'policy.leastSteps',
        message: expect.stringMatching(/^of banner: the plan goes through too few weights/),
      },
      { rule: 'policy.firstWeight', path: ['steps', 6, 'flag'] },
    ])
  })

  it('sets a flag off whatever its policy says: that is a way back', () => {
    expect(read(share('off'))).toMatchObject({ plan: expect.not.objectContaining({ policies: expect.anything() }) })
  })
})

describe('a policy', () => {
  const policyFor = (chosen: object): Policy => policySchema.parse({ for: chosen, leastSteps: 1 })
  const TARGET = { service: 'checkout', environment: 'production', labels: { tier: 'critical', region: 'eu' } }

  it.each([
    [{}, true],
    [{ service: 'checkout' }, true],
    [{ service: ['search', 'checkout'], environment: 'production' }, true],
    [{ service: 'search' }, false],
    [{ environment: ['staging', 'canary'] }, false],
    [{ labels: { tier: 'critical' } }, true],
    [{ labels: { tier: ['critical', 'high'], region: 'eu' } }, true],
    [{ labels: { tier: 'critical', region: 'us' } }, false],
    [{ labels: { team: 'payments' } }, false],
  ])('for %j holds for a target with labels: %s', (chosen, holds) => {
    expect(holdsFor(policyFor(chosen), TARGET)).toBe(holds)
  })

  it('for a label does not hold for a target without labels', () => {
    const target = { service: 'checkout', environment: 'production' }
    expect(holdsFor(policyFor({ labels: { tier: 'critical' } }), target)).toBe(false)
  })

  it('says each of its rules', () => {
    expect(policyText(POLICY)).toMatchInlineSnapshot(`
      [
        "at least 3 weights between 0% and 100%, each held for some time",
        "the first weight is at most 5%",
        "each weight between 0% and 100% is held for at least 10m",
        "the weights between 0% and 100% last at least 1h together",
        "the whole release is watched by errorRate, rate of orders from proxy, and not only to warn",
        "none of errorRate, payments, rate only warns",
        "the checks together are at least 99% sure",
        "2 of checkout-owners have approved, not the author, before 50%",
        "what fails rolls back",
        "calls only of deploy, remove, ask-ops",
        "flags only new-checkout",
        "rehearsed as it is, not longer than 30d ago",
      ]
    `)
  })
})
