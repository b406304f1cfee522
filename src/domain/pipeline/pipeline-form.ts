import { z } from 'zod'
import { isRecord } from '../json.ts'
import { dropParsedDefault } from '../plan/plan-json-schema.ts'
import { durationText, nameText, windowText } from '../plan/plan-values.ts'
import { approveOptions } from '../plan/steps/approve.ts'
import { bareReadiness, gateKeys } from '../plan/steps/gate.ts'
import type { TargetId } from '../target.ts'
import type { Milliseconds } from '../units.ts'
import { STAGE_FAILURES } from './pipeline.ts'

export const MOST_STAGES = 50
const DAY: Milliseconds = 86_400_000

const targetText = z
  .string()
  .regex(/^[^/]+\/[^/]+$/, { error: 'expected a service and an environment, such as checkout/production' })
  .transform((text): TargetId => {
    const [service = '', environment = ''] = text.split('/')
    return { service, environment }
  })

const writtenPlan = z
  .union([
    z.string().min(1),
    z.custom<Readonly<Record<string, unknown>>>(isRecord).meta({ type: 'object', description: 'A plan' }),
  ])
  .meta({ description: 'Its plan: a file beside this one, or the plan itself; the one of the target when left out' })

export const stageForm = z.strictObject({
  stage: nameText,
  target: targetText,
  plan: writtenPlan.optional(),
  after: z
    .union([nameText.transform((name): readonly string[] => [name]), z.array(nameText).max(MOST_STAGES)])
    .optional()
    .meta({ description: 'Stages that must be done before; the one above when left out' }),
  soak: durationText.refine((soak) => soak <= 30 * DAY, { error: 'expected at most 30d' }).default(0),
  approve: approveOptions.omit({ onExpiry: true }).optional(),
  gate: z.union([bareReadiness, windowText, gateKeys]).optional(),
})

/** A pipeline as people write it. */
export const pipelineForm = z.strictObject({
  pipeline: nameText,
  stages: z.array(stageForm).min(1).max(MOST_STAGES),
  onFail: z.enum(STAGE_FAILURES).default('stop'),
})

export type StageForm = z.output<typeof stageForm>

/** The JSON Schema (draft 2020-12) of the pipelines people write, for editors. */
export function pipelineJsonSchema(): object {
  const schema = z.toJSONSchema(pipelineForm, { io: 'input', unrepresentable: 'any', override: dropParsedDefault })
  return { $id: 'https://sluice.dev/schema/pipeline.schema.json', title: 'Sluice pipeline', ...schema }
}
