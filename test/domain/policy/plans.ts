import fc from 'fast-check'
import type { TargetFacts } from '../../../src/domain/plan/plan-context.ts'
import { type Policy, policySchema } from '../../../src/domain/policy/policy.ts'
import { FACTS } from '../plan/plan-context.ts'

/** A policy with every rule. */
export const POLICY: Policy = policySchema.parse({
  leastSteps: 3,
  firstWeight: '5%',
  bake: { each: '10m', total: '1h' },
  checks: [{ kind: 'errorRate' }, { kind: 'rate', of: 'orders', source: 'proxy' }],
  noWarn: ['errorRate', 'payments', 'rate'],
  confidence: '99%',
  approvals: [{ by: 'checkout-owners', need: 2, before: '50%' }],
  onFail: 'rollback',
  hooks: ['deploy', 'remove', 'ask-ops'],
  flags: ['new-checkout'],
  rehearsal: { within: '30d' },
  override: 'managers',
})

const call = { kind: 'webhook', answersLater: false } as const

export const GOVERNED: TargetFacts = {
  ...FACTS,
  metrics: { proxy: { counts: true, latency: true, queries: null, records: false, cohorts: true } },
  groups: { 'checkout-owners': ['alice', 'bob', 'carol'], testers: ['dan', 'eve'], managers: ['grace'] },
  calls: { deploy: call, remove: call, 'ask-ops': call, tweet: call },
  flags: {
    kind: 'memory',
    capabilities: { weightStep: 1, cohorts: true, readBack: 'evaluation' },
    names: ['new-checkout', 'banner'],
  },
  cohorts: ['beta'],
  policies: [{ name: 'money', policy: POLICY }],
}

/** A plan in parts that can be changed one by one; {@link written} puts it together. */
export interface Draft {
  /** Weights below 100% in basis points, rising, with minutes of bake after each. */
  readonly stages: readonly { readonly weight: number; readonly bake: Bake }[]
  /** Number of the stage before which the approval stands. */
  readonly approveBefore: number
  readonly approve: Readonly<Record<string, unknown>> | null
  readonly checks: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly top: Readonly<Record<string, unknown>>
  /** Steps before the first weight, and before 100%. */
  readonly first: readonly object[]
  readonly late: readonly object[]
  readonly lastBake: number
}

type Bake = number | { readonly upTo: number } | null

export function written({ stages, approveBefore, approve, checks, top, first, late, lastBake }: Draft) {
  const asking = approve === null ? [] : [{ approve }]
  const steps = [...stages, { weight: 10_000, bake: lastBake }].flatMap(({ weight, bake }, index) => [
    ...(index === approveBefore ? asking : []),
    ...(index === stages.length ? late : []),
    { weight: `${weight / 100}%` },
    ...bakes(bake),
  ])
  const tooLate = approveBefore > stages.length ? asking : []
  return { service: 'checkout', environment: 'production', ...top, steps: [...first, ...steps, ...tooLate], checks }
}

function bakes(bake: Bake): readonly object[] {
  if (bake === null) return []
  return [{ bake: typeof bake === 'number' ? `${bake}m` : { upTo: `${bake.upTo}m`, until: 'proven' } }]
}

/** Plans that keep the policy, some of them barely. */
export const compliant: fc.Arbitrary<Draft> = fc
  .record({
    low: fc.integer({ min: 1, max: 500 }),
    middle: fc.uniqueArray(fc.integer({ min: 502, max: 4_999 }), { minLength: 2, maxLength: 4 }),
    high: fc.uniqueArray(fc.integer({ min: 5_000, max: 9_999 }), { maxLength: 2 }),
    bakes: fc.array(fc.constantFrom(10, 11, 20, 45), { minLength: 7, maxLength: 7 }),
    need: fc.constantFrom(2, 3),
    confidence: fc.constantFrom(undefined, '99%', '99.5%', '99.99%'),
    extra: fc.boolean(),
    first: fc.subarray([
      { hook: { call: 'deploy', undo: 'remove' } },
      { gate: { call: 'ask-ops', within: '1h' } },
      { flag: { 'new-checkout': 'off' } },
      { cohort: 'beta' },
    ]),
    onFail: fc.constantFrom(undefined, 'rollback'),
    approvesFirst: fc.boolean(),
    last: fc.integer({ min: 1, max: 60 }),
  })
  .map(({ low, middle, high, bakes, need, confidence, extra, first, onFail, approvesFirst, last }) => {
    const below = [low, ...middle.toSorted((left, right) => left - right)]
    const weights = [...below, ...high.toSorted((left, right) => left - right)]
    const held = bakes.slice(0, weights.length)
    const missing = Math.max(0, 60 - held.reduce((sum, bake) => sum + bake, 0))
    return {
      stages: weights.map((weight, index) => ({ weight, bake: (held[index] ?? 10) + (index === 0 ? missing : 0) })),
      approveBefore: approvesFirst ? 0 : below.length,
      approve: { by: 'checkout-owners', need },
      checks: {
        errors: { errorRate: { notWorseThan: '1.5x' } },
        orders: { rate: { of: 'orders', notBelow: '0.9x' } },
        payments: { latency: { quantiles: ['p95'], notWorseThan: '1.25x' } },
        ...(extra && { slow: { latency: { quantiles: ['p50'], max: '500ms' }, onFail: 'warn' } }),
      },
      top: { ...(confidence !== undefined && { confidence }), ...(onFail !== undefined && { onFail }) },
      first,
      late: [],
      lastBake: last,
    }
  })
