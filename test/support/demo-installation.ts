import { createHash } from 'node:crypto'
import { NO_CALENDARS } from '../../src/calendars/calendars.ts'
import type { Installation } from '../../src/config/installation.ts'
import { readPipelineYaml } from '../../src/domain/pipeline/pipeline-plans.ts'
import { type Plan, readPlan } from '../../src/domain/plan/plan.ts'
import type { GuardState } from '../../src/domain/release/guard.ts'
import { FACTS, planContext } from '../domain/plan/plan-context.ts'

export const DEMO_FACTS = { ...FACTS, metrics: { proxy: FACTS.metrics['prometheus']! } }
export const CONTEXT = planContext(DEMO_FACTS)

/** A plan as JSON that the context takes: a cohort, a small weight, an approval by two, then everybody. */
export const PLAN = {
  service: 'checkout',
  environment: 'production',
  steps: [
    { cohort: 'internal' },
    { weight: '5%' },
    { bake: '10m' },
    { approve: { by: 'checkout-owners', need: 1, within: '4h' } },
    { weight: '100%' },
    { bake: '30m' },
  ],
  checks: { errors: { errorRate: { notWorseThan: '1.5x' } } },
}

export function validPlan(): Plan {
  const read = readPlan(PLAN, CONTEXT)
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  return read.plan
}

/** A pipeline of the demo installation, by the name `shop`: the plan of its stage is the one that the target has registered. */
function demoPipeline() {
  const read = readPipelineYaml(
    'pipeline: shop\nstages:\n  - { stage: eu, target: checkout/production }\n',
    'shop.yaml',
  )
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  return read.yaml
}

export const TEAM = 'T0TEAM'
/** People with the Slack user `U` + their id in capitals; `token-<id>` is the token of those who have one. */
export function demoInstallation(options: { readonly hasTokens?: boolean } = {}): Installation {
  const people = ['alice', 'bob', 'carol'].map((id) => ({
    id,
    slack: { team: TEAM, user: `U${id.toUpperCase()}` },
    ...(options.hasTokens === true && { tokenSha256: createHash('sha256').update(`token-${id}`).digest('hex') }),
  }))
  const target = {
    service: 'checkout',
    environment: 'production',
    pools: ['blue', 'green'] as [string, string],
    router: { kind: 'test', url: 'http://secret.internal' },
    metrics: { proxy: { kind: 'prometheus', url: 'http://secret.internal' } },
    plan: 'checkout.yaml',
  }
  return {
    targets: [target],
    groups: { 'checkout-owners': ['alice', 'bob'] },
    people,
    slack: { channel: 'C0RELEASES' },
    freezes: {},
    calendars: NO_CALENDARS,
    cohortsOf: () => null,
    ticketSecret: null,
    pipelines: { shop: demoPipeline() },
    find: ({ service, environment }) => (service === 'checkout' && environment === 'production' ? target : null),
  }
}

/** What a guard knows after some looks: the canary a little worse than stable, not yet decided. */
export function demoGuard(at: number): GuardState {
  const reason = 'canary 0.24% of 1,240 requests failed, stable 0.21% of 23,410; not yet enough to tell'
  return {
    epoch: 2,
    checks: {
      errors: {
        state: null,
        verdict: {
          outcome: 'inconclusive',
          cause: 'undecided',
          reason,
          evidence: { judge: 'sequential', figures: {} },
        },
      },
    },
    cursors: {},
    lookedAt: at,
    looks: 12,
    blindSince: null,
    blindSpans: [],
    share: null,
    routerFault: null,
    repairs: [],
    repairCount: 0,
    series: [
      {
        at,
        canary: { requests: 1_240, errors: 3, p95Seconds: 0.081, p99Seconds: 0.1204 },
        stable: { requests: 23_410, errors: 49, p95Seconds: 0.079, p99Seconds: 0.118 },
      },
    ],
  }
}
