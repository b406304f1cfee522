import { z } from 'zod'
import type { Plan } from '../../domain/plan/plan.ts'
import { duration, list, opaque, share, weight } from './shapes.ts'

const perRequest = z.record(z.string(), z.number())

const histogram = z
  .object({
    upperBoundsSeconds: list(z.number()),
    counts: list(z.number()).meta({ description: 'One more than bounds: the last counts what was slower than all' }),
  })
  .meta({ id: 'LatencyHistogram' })

const recorded = z.object({
  share,
  noise: list(z.object({ lasting: duration, variation: z.number() })).meta({
    description: 'Squares of the coefficient of variation beyond chance, over stretches of that length',
  }),
})

const noise = z
  .object({ errors: recorded.nullable(), events: z.record(z.string(), recorded), slow: list(recorded) })
  .meta({
    id: 'RecordedNoise',
    description: 'How unevenly stable behaved on its last day; left out where nobody knows',
  })

const measured = z
  .object({
    requestsPerSecond: z.number(),
    errorShare: share.nullable(),
    latency: histogram.nullable(),
    events: perRequest.meta({ description: 'Events per request' }),
    noise: noise.exactOptional(),
  })
  .meta({ id: 'MeasuredTraffic' })

const latency = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('measured'), histogram }),
  z.object({
    kind: z.literal('logNormal'),
    medianSeconds: z.number(),
    sigma: z.number(),
    upperBoundsSeconds: list(z.number()),
  }),
])

const expected = z
  .object({
    requestsPerSecond: z.number(),
    errors: z.object({ from: share, to: share }),
    latency: latency.nullable(),
    slower: z.number().nullable().meta({ description: 'How many times as slow a bad canary is' }),
    events: perRequest.meta({ description: 'Events per request' }),
    changes: perRequest.meta({ description: 'The ratio of a bad canary’s events per request to those of stable' }),
    noise: noise.exactOptional(),
  })
  .meta({ id: 'ExpectedTraffic' })

const size = z.object({ size: z.number(), text: z.string() })

const power = z
  .object({
    step: z.number().nullable(),
    label: z.string(),
    check: z.string(),
    weight,
    bake: duration,
    regression: size.extend({ said: z.string() }).nullable().meta({ description: 'What a bad canary does' }),
    power: share.nullable().meta({ description: 'Probability to fail the bad canary in this bake alone' }),
    needs: duration.nullable().meta({ description: 'The bake that would have 90% power' }),
    from: size.nullable().meta({ description: 'The smallest regression that this bake sees with 90% power' }),
    falseAlarm: share.nullable(),
    wait: z
      .object({ requests: z.number(), time: duration.nullable(), isTooLong: z.boolean(), text: z.string() })
      .nullable(),
    text: z.string(),
    isWeak: z.boolean(),
    lowTraffic: z.string().exactOptional().meta({
      description:
        'At the first bake in which the check is weak: how long it takes there, and at which weight it would not',
    }),
  })
  .meta({ id: 'StepPower' })

/** All but the plan stands there only when traffic was stated or asked for. */
export const checkedPlan = z
  .object({
    plan: opaque<Plan>('The plan, complete and expanded to actions'),
    configHash: z.string().meta({ description: 'Names the configuration of the target: a rehearsal is bound to it' }),
    notes: list(z.string()).exactOptional().meta({ description: 'Freezes that hold now, or that the plan runs into' }),
    since: duration.exactOptional(),
    measured: measured.nullable().exactOptional(),
    missing: list(z.string()).exactOptional().meta({ description: 'Why some of the traffic could not be measured' }),
    traffic: expected.nullable().exactOptional(),
    power: list(power).exactOptional(),
    isWhole: z.boolean().exactOptional().meta({ description: 'False when not all rows could be worked out in time' }),
  })
  .meta({ id: 'CheckedPlan' })

export const designedPlan = z
  .object({
    text: z.string().meta({ description: 'The plan as YAML, with comments that say why' }),
    plan: opaque<Plan>('The plan, complete and expanded to actions'),
    traffic: expected.meta({ description: 'With the version that is feared' }),
  })
  .meta({ id: 'DesignedPlan' })
