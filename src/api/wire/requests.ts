import { z } from 'zod'
import { parseBounds, parseQuantilePair } from '../../analysis/judges/sequential/latency-shape.ts'
import type { PipelineChoice } from '../../config/chosen-pipeline.ts'
import { TICKET_LASTS } from '../../config/tickets.ts'
import { isRecord } from '../../domain/json.ts'
import { PIPELINE_VERB_NAMES, PIPELINE_VERBS } from '../../domain/pipeline/pipeline-verbs.ts'
import { durationText, nameText, ratioText, shareText, valueBy } from '../../domain/plan/plan-values.ts'
import { COMMAND_VERBS } from '../../domain/release/verbs.ts'
import type { Milliseconds, Parsed } from '../../domain/units.ts'

/** What the HTTP API takes, as zod: unknown keys are refused, nothing is coerced in a body. */

const versionText = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+:@/-]{0,127}$/, {
  error: 'expected a version of at most 128 letters, digits and ._+:@/-, such as v2.4.1',
})

/** A reason as people write it; control characters would only serve to fool a reader. */
const reasonText = z
  .string()
  .trim()
  .max(500)
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, { error: 'expected one line without control characters' })

export const keyText = z.string().regex(/^[\x21-\x7e]{1,100}$/, { error: 'expected 1 to 100 visible ASCII characters' })

/** A plan as JSON; what is in it is read by the domain, which finds all problems at once. */
const planJson = z
  .custom<Readonly<Record<string, unknown>>>(isRecord, { error: 'expected a plan, as one object' })
  .meta({ type: 'object', description: 'A plan, as in plan.schema.json' })

export const targetParams = z.strictObject({ service: nameText, environment: nameText })

export const releaseParams = z.strictObject({
  service: nameText,
  environment: nameText,
  number: z
    .string()
    .regex(/^[1-9]\d{0,8}$/, { error: 'expected the number of a release, such as 7' })
    .transform(Number),
})

/** What the answer to a call that came later holds. */
export const callbackBody = z.strictObject({
  call: nameText,
  key: z.string().min(1).max(400),
  answer: z.enum(['done', 'failed']),
  reason: z
    .string()
    .trim()
    .max(500)
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, { error: 'expected one line without control characters' })
    .default(''),
})

export const codeParams = z.strictObject({ code: z.string() })

const planChoice = {
  plan: planJson.optional(),
  service: nameText.optional(),
  environment: nameText.optional(),
}

/** A plan, or the target whose registered plan is meant. */
export type PlanChoice = z.infer<z.ZodObject<typeof planChoice>>

function checkPlanChoice({ plan, service, environment }: PlanChoice, context: z.RefinementCtx): void {
  for (const [name, value] of Object.entries({ service, environment })) {
    if (plan === undefined && value === undefined) {
      context.addIssue({ code: 'custom', path: [name], message: `expected a ${name}, or a plan that names one` })
    }
    if (plan !== undefined && value !== undefined && plan[name] !== value) {
      context.addIssue({ code: 'custom', path: [name], message: `expected the ${name} that the plan names` })
    }
  }
}

export const startBody = z
  .strictObject({
    ...planChoice,
    version: versionText,
    reason: reasonText.default(''),
    key: keyText.optional(),
    whenBusy: z.enum(['reject', 'queue', 'replace']).default('reject'),
    overrideFreeze: z.boolean().default(false),
    /** A start of the version before, whose pool is kept, is a return in one step unless this is true. */
    followPlan: z.boolean().default(false),
  })
  .superRefine(checkPlanChoice)

export const readinessBody = z
  .strictObject({ ...planChoice, version: versionText.optional() })
  .superRefine(checkPlanChoice)

export const pipelineParams = z.strictObject({
  name: nameText,
  run: z.string().regex(/^[0-9a-f]{8}$/, { error: 'expected the end of the id of a pipeline, such as 3fa9c2d1' }),
})

/** A pipeline as JSON, with the plans of its stages; read by the domain, which finds all problems at once. */
const pipelineJson = z
  .custom<Readonly<Record<string, unknown>>>(isRecord, { error: 'expected a pipeline, as one object' })
  .meta({ type: 'object', description: 'A pipeline, as in pipeline.schema.json, with plans instead of their files' })

const pipelineChoice = {
  pipeline: pipelineJson.optional(),
  name: nameText.optional().meta({ description: 'A pipeline of sluice.yaml, instead of one in the request' }),
}

function checkPipelineChoice({ pipeline, name }: PipelineChoice, context: z.RefinementCtx): void {
  if ((pipeline === undefined) !== (name === undefined)) return
  const message = `expected either a pipeline or the name of one${name === undefined ? '' : ', not both'}`
  context.addIssue({ code: 'custom', path: ['pipeline'], message })
}

export const pipelineCheckBody = z.strictObject(pipelineChoice).superRefine(checkPipelineChoice)

export const pipelineStartBody = z
  .strictObject({
    ...pipelineChoice,
    version: z.union([versionText, z.record(nameText, versionText)]),
    reason: reasonText.default(''),
    key: keyText.optional(),
  })
  .superRefine(checkPipelineChoice)

export const pipelineCommandBody = z
  .strictObject({
    verb: z.enum(PIPELINE_VERB_NAMES),
    stage: nameText.nullable().default(null),
    reason: reasonText.default(''),
    key: keyText.optional(),
  })
  .refine(({ verb, stage }) => stage === null || PIPELINE_VERBS[verb].meansStage, {
    path: ['stage'],
    error: 'expected only with approve and reject',
  })

const clause = z.string().min(1).max(500)

export const rehearsalBody = z
  .strictObject({
    ...planChoice,
    configHash: z.string().max(256),
    runs: z
      .array(z.strictObject({ name: clause, expected: clause, came: clause, isRight: z.boolean() }))
      .min(1)
      .max(50),
    leftOut: z.array(clause).max(50).default([]),
  })
  .superRefine(checkPlanChoice)

const HOUR: Milliseconds = 3_600_000
const DAY = 24 * HOUR

export const calibrationBody = z
  .strictObject({
    ...planChoice,
    since: durationText
      .refine((since) => since >= HOUR && since <= 90 * DAY, { error: 'expected 1h to 90d' })
      .default(14 * DAY),
    seed: z
      .int()
      .min(0)
      .max(2 ** 32)
      .default(1),
    recording: z.boolean().default(false),
  })
  .superRefine(checkPlanChoice)

export const commandBody = z
  .strictObject({
    verb: z.enum(COMMAND_VERBS),
    step: z.int().min(0).max(1_000).nullable().default(null),
    key: keyText.optional(),
    reason: reasonText.default(''),
    by: durationText.optional(),
  })
  .superRefine(({ verb, by }, context) => {
    if ((verb === 'extend') === (by !== undefined)) return
    const message = verb === 'extend' ? 'expected a duration such as 10m' : 'expected only with the verb extend'
    context.addIssue({ code: 'custom', path: ['by'], message })
  })

const MINUTE: Milliseconds = 60_000

/** A text that a function of the domain reads. */
function textOf<T>(parse: (text: string) => Parsed<T>) {
  return z.string().max(10_000).transform(valueBy(parse))
}

/** `2x` stable's share of failed requests, or a share such as `2%`. */
const harmText = z.union([ratioText.transform((times) => ({ times })), shareText.transform((share) => ({ share }))])

/** Traffic as stated: goes before what is measured. */
const statedTraffic = z
  .strictObject({
    requestsPerSecond: z.number().positive().max(1e9).optional(),
    baseRate: shareText.optional(),
    rise: harmText.optional(),
    latency: textOf(parseQuantilePair).optional(),
    buckets: textOf(parseBounds).optional(),
    slower: ratioText.refine((ratio) => ratio > 1, { error: 'expected more than 1x' }).optional(),
    events: z.record(nameText, shareText).optional(),
    changes: z
      .record(
        nameText,
        ratioText.refine((ratio) => ratio !== 1, { error: 'expected more or less than 1x' }),
      )
      .optional(),
  })
  .refine(({ latency, buckets }) => buckets === undefined || latency !== undefined, {
    path: ['buckets'],
    error: 'expected only beside latency',
  })

const measuredTime = durationText.refine((since) => since >= 10 * MINUTE && since <= 90 * DAY, {
  error: 'expected 10m to 90d',
})

export const checkBody = z.strictObject({
  plan: planJson,
  since: measuredTime.optional(),
  traffic: statedTraffic.optional(),
})

export const designBody = targetParams.extend({
  since: measuredTime.default(DAY),
  traffic: z
    .strictObject({ requestsPerSecond: z.number().positive().max(1e9).optional(), baseRate: shareText.optional() })
    .default({}),
  harm: harmText,
})

export const ticketBody = z.strictObject({
  for: durationText
    .refine((lasts) => lasts >= TICKET_LASTS.least && lasts <= TICKET_LASTS.most, { error: 'expected 1m to 7d' })
    .default(TICKET_LASTS.usual),
})

export const freezeBody = z.strictObject({ reason: reasonText.pipe(z.string().min(1)), key: keyText.optional() })

export const allowBody = freezeBody.extend({ version: versionText })

export const backBody = z.strictObject({ reason: reasonText.default(''), key: keyText.optional() })

export const pinBody = freezeBody.extend({
  /** The version that it stays on; where the lane knows it, when absent. */
  version: versionText.optional(),
})

export const recoverBody = z.strictObject({
  reason: reasonText.pipe(z.string().min(1)),
  /** The pool that is to have everybody; where the lane knows it, when absent. */
  stable: nameText.optional(),
  key: keyText.optional(),
})

/** Largest body of a request that has no plan in it, in bytes. */
export const SMALL_BODY = 16 * 1_024

const PHASES = [
  'open',
  'closed',
  'queued',
  'starting',
  'exposing',
  'baking',
  'judging',
  'waiting',
  'paused',
  'rolling-back',
  'promoted',
  'watching',
  'rolled-back',
  'refused',
  'superseded',
] as const

export const listQuery = z.strictObject({
  service: nameText.optional(),
  environment: nameText.optional(),
  phase: z.enum(PHASES).optional(),
  size: z
    .string()
    .regex(/^(?:[1-9]\d?|100)$/, { error: 'expected a number from 1 to 100' })
    .transform(Number)
    .default(20),
  next: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,4096}$/, { error: 'expected the value of next from the previous page' })
    .optional(),
})

export const pipelineListQuery = z.strictObject({
  name: nameText.optional(),
  phase: z
    .enum([
      'open',
      'closed',
      'running',
      'waiting',
      'paused',
      'rolling-back',
      'ending',
      'promoted',
      'rolled-back',
      'failed',
    ])
    .optional(),
  size: listQuery.shape.size,
  next: listQuery.shape.next,
})
