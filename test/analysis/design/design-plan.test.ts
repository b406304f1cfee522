import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DesignedPlan, designPlan } from '../../../src/analysis/design/design-plan.ts'
import { expectedTraffic, type StatedHarm, type StatedTraffic } from '../../../src/analysis/power/expected-traffic.ts'
import { powerOf } from '../../../src/analysis/power/plan-power.ts'
import { SluiceError } from '../../../src/domain/errors.ts'
import { readPlan } from '../../../src/domain/plan/plan.ts'
import type { TargetFacts } from '../../../src/domain/plan/plan-context.ts'
import { readPlanText } from '../../../src/domain/plan/plan-text.ts'
import { policySchema } from '../../../src/domain/policy/policy.ts'
import { formatWeight } from '../../../src/domain/units.ts'
import { FACTS, FINE_ROUTER, planContext } from '../../domain/plan/plan-context.ts'

const TARGET = { service: 'checkout', environment: 'production' }
const PROXY = FACTS.metrics['prometheus'] ?? { counts: true, latency: true, queries: null, records: false }
const ONE: TargetFacts = { ...FACTS, metrics: { proxy: PROXY } }

function design(stated: StatedTraffic, harm: StatedHarm, facts: TargetFacts = ONE, seenFor?: number) {
  const context = planContext(facts)
  return designPlan(
    { target: TARGET, facts, harm },
    {
      read: (written) => readPlan(written, context),
      traffic: async () => ({ traffic: expectedTraffic(stated, null), ...(seenFor !== undefined && { seenFor }) }),
      power: async (plan, traffic) => powerOf(plan, traffic),
    },
  )
}

function governedBy(policy: object): TargetFacts {
  return { ...ONE, policies: [{ name: 'careful', policy: policySchema.parse(policy) }] }
}

describe('a plan that is designed', () => {
  it('begins small and goes on by a budget where the traffic carries it', async () => {
    const { text } = await design({ requestsPerSecond: 200, baseRate: 0.005 }, { times: 4 })
    expect(text).toMatch(/- weight: 1%\n.*sees a rise from 0\.5% to 2%[^]*ramp:\n +to: 50%\n +spend: 1\.5x/)
  })

  it('says what low traffic means, and promises nothing that it cannot see', async () => {
    const { text } = await design({ requestsPerSecond: 0.05, baseRate: 0.01 }, { times: 10 })
    expect(text.replaceAll(/\n\s*# /g, ' ')).toMatch(/LOW TRAFFIC for this harm: [^]* NOT SURE TO BE SEEN: at 10%/)
    expect(text).not.toContain('ramp:')
  })

  it('has no budget where no request fails: nothing could be weighed', async () => {
    const { text } = await design({ requestsPerSecond: 100, baseRate: 0 }, { share: 0.01 })
    expect(text).not.toContain('ramp:')
    expect(text).toContain('too few requests fail')
  })

  it('has what the policies of its target ask for', async () => {
    const careful = {
      ...{ leastSteps: 3, firstWeight: '5%', bake: { each: '10m', total: '4h' }, confidence: '99.5%' },
      ...{ checks: [{ kind: 'errorRate' }, { kind: 'latency' }], noWarn: 'all', onFail: 'rollback' },
      approvals: [{ by: 'checkout-owners', need: 2, before: '25%' }],
    }
    const { text } = await design({ requestsPerSecond: 200, baseRate: 0.005 }, { times: 4 }, governedBy(careful))
    expect(readPlanText(text, 'plan.yaml', planContext(governedBy(careful)))).toHaveProperty('plan')
    expect(text).toMatch(/approve:[^]*- weight: 25%/)
  })

  it('says that a policy wants it rehearsed, and that only the present was seen', async () => {
    const governed = governedBy({ rehearsal: { within: '30d' } })
    const { text } = await design({ requestsPerSecond: 200, baseRate: 0.005 }, { times: 4 }, governed, 6_000)
    expect(text.replaceAll('\n#', '')).toMatch(
      /SEEN FOR 6s ONLY, .* MUST BE REHEARSED: .* at most 30d before each start/,
    )
  })

  it.each<[object, number, readonly string[]]>([
    [{ leastSteps: 5 }, 100, ['2%', '5%', '10%', '25%', '50%']],
    [{ leastSteps: 9 }, 100, ['1%', '7%', '13%', '19%', '25%', '31%', '37%', '43%', '50%']],
    [{ leastSteps: 9 }, 1_000, ['10%', '20%', '30%', '40%', '50%', '60%', '70%', '80%', '90%']],
    [{ firstWeight: '0.05%', leastSteps: 2 }, 5, ['0.05%', '50%']],
  ])(
    'has the weights that %j asks for, as a router of steps of %i can set them',
    async (policy, weightStep, weights) => {
      const router = { ...FINE_ROUTER, capabilities: { ...FINE_ROUTER.capabilities, weightStep } }
      const { plan } = await design(
        { requestsPerSecond: 20, baseRate: 0.005 },
        { times: 2 },
        { ...governedBy(policy), router },
      )
      const set = plan.actions.flatMap((action) =>
        action.kind === 'expose' ? [formatWeight(action.exposure.weight)] : [],
      )
      expect(set).toEqual([...weights, '100%'])
    },
  )

  it.each([
    [{ firstWeight: '1%' }, 500],
    [{ leastSteps: 10 }, 1_000],
  ])('is refused where the router cannot do what %j asks for', async (policy, weightStep) => {
    const router = { ...FINE_ROUTER, capabilities: { ...FINE_ROUTER.capabilities, weightStep } }
    const refused = design({ requestsPerSecond: 200 }, { times: 4 }, { ...governedBy(policy), router })
    await expect(refused).rejects.toThrow(/its router cannot set weights as small, or as many/)
  })

  it('is refused with the reason where a policy asks for what no design has', async () => {
    const impossible = governedBy({ checks: [{ kind: 'query' }] })
    await expect(design({ requestsPerSecond: 200 }, { times: 4 }, impossible)).rejects.toThrow(/query/)
  })

  it.each<[string, StatedTraffic, StatedHarm, TargetFacts, RegExp]>([
    ['no traffic', { requestsPerSecond: 0 }, { times: 2 }, ONE, /no requests of checkout\/production are known/],
    [
      'a harm that stable has itself',
      { requestsPerSecond: 9, baseRate: 0.05 },
      { share: 0.02 },
      ONE,
      /no worse than stable/,
    ],
    ['a multiple of nothing', { requestsPerSecond: 9, baseRate: 0 }, { times: 2 }, ONE, /no worse than stable/],
    [
      'a harm that no bake finds',
      { requestsPerSecond: 100, baseRate: 0.005 },
      { times: 1.0001 },
      ONE,
      /no plan would see such harm: at 100 requests\/s, 0\.5% of which fail/,
    ],
    [
      'more than all',
      { requestsPerSecond: 9, baseRate: 0.005 },
      { times: 1_000 },
      ONE,
      /more than all of its requests/,
    ],
    ['no source', { requestsPerSecond: 9 }, { times: 2 }, { ...ONE, metrics: {} }, /counts requests and errors/],
    ['no router', { requestsPerSecond: 9 }, { times: 2 }, { ...ONE, router: null }, /has no router/],
  ])('is refused for %s', async (_what, stated, harm, facts, message) => {
    await expect(design(stated, harm, facts)).rejects.toThrow(message)
  })

  it('parses, keeps the rules of plans, and sees what its comments say, whatever the traffic', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: -1, max: 3.5, noNaN: true }),
        fc.constantFrom(0.0005, 0.005, 0.03),
        fc.constantFrom(1.5, 2, 4, 10),
        fc.constantFrom(1, 100, 500),
        async (magnitude, baseRate, times, weightStep) => {
          const facts = {
            ...ONE,
            router: { ...FINE_ROUTER, capabilities: { ...FINE_ROUTER.capabilities, weightStep } },
          }
          const designed = await design({ requestsPerSecond: 10 ** magnitude, baseRate }, { times }, facts).catch(
            (error: unknown) => error,
          )
          if (designed instanceof SluiceError) {
            expect(designed.message).toMatch(/^no plan would see such harm/)
            return
          }
          const { text, plan, traffic } = designed as DesignedPlan
          const read = readPlanText(text, 'plan.yaml', planContext(facts))
          expect(read).toMatchObject({ plan })
          const bakes = powerOf({ ...plan, checks: plan.checks.filter(({ name }) => name === 'errors') }, traffic)
          const promised = text.match(/Long enough/g)?.length ?? 0
          const held = plan.steps.flatMap(({ kind }, index) => (kind === 'bake' ? [index + 1] : []))
          const sure = bakes.filter(({ step, power }) => held.includes(step ?? 0) && (power ?? 0) >= 0.9)
          expect(sure.length).toBe(promised)
        },
      ),
      { numRuns: 12 },
    )
  })
})
