import type { Pipeline, PipelineStage, StageFailure } from '../../../src/domain/pipeline/pipeline.ts'
import { type Plan, readPlan } from '../../../src/domain/plan/plan.ts'
import { planContext } from '../plan/plan-context.ts'

/** Targets of the tests: `checkout` and `search` in these environments. */
const ENVIRONMENTS = ['canary', 'small', 'eu', 'us']
export const TARGETS = ['checkout', 'search'].flatMap((service) => ENVIRONMENTS.map((name) => `${service}/${name}`))

const known = planContext().target('checkout', 'production')
const webhook = { kind: 'webhook', answersLater: false } as const
const calls = { 'change-board': webhook, late: { ...webhook, answersLater: true } }
const facts = known === null ? null : { ...known, calls }

/** A context in which each of the targets is registered. */
export const CONTEXT = {
  ...planContext(),
  target: (service: string, environment: string) => (TARGETS.includes(`${service}/${environment}`) ? facts : null),
  targets: TARGETS,
}

export function planText(target: string, more: object = {}): Record<string, unknown> {
  const [service = '', environment = ''] = target.split('/')
  return {
    ...{ service, environment, steps: [{ weight: '10%' }, { bake: '10m' }, { weight: '100%' }] },
    ...{ after: { keep: '8h' }, ...more },
  }
}

function planOf(target: string): Plan {
  const read = readPlan(planText(target), CONTEXT)
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  return read.plan
}

/** A stage named after the environment of its target. */
export function stageOf(
  target: string,
  after: readonly string[] = [],
  more: Partial<PipelineStage> = {},
): PipelineStage {
  const [service = '', environment = ''] = target.split('/')
  return { name: environment, target: { service, environment }, plan: planOf(target), after, soak: 0, ...more }
}

/** Canary environment, then a small part of production, then two regions at once. */
export function regions(onFail: StageFailure, more: Partial<PipelineStage> = {}): Pipeline {
  return {
    name: 'checkout-regions',
    onFail,
    stages: [
      stageOf('checkout/canary'),
      stageOf('checkout/small', ['canary'], more),
      stageOf('checkout/eu', ['small']),
      stageOf('checkout/us', ['small']),
    ],
  }
}
