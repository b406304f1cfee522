import { z } from 'zod'
import { READINESS_ITEMS } from '../../domain/readiness/answers.ts'
import { instant, list } from './shapes.ts'

const item = z.enum(READINESS_ITEMS)

const line = z
  .discriminatedUnion('outcome', [
    z.object({ item, outcome: z.literal('pass'), text: z.string() }),
    z.object({
      item,
      outcome: z.enum(['fail', 'unknown']).meta({ description: '`unknown` is never a yes' }),
      text: z.string(),
      fix: z.string().meta({ description: 'What to do about it' }),
    }),
  ])
  .meta({ id: 'ReadinessLine' })

const answers = {
  at: instant,
  version: z.string().nullable().meta({ description: 'Null where the question named none' }),
  planHash: z.string().meta({ description: 'SHA-256 of the plan: another plan has answers of its own' }),
  configHash: z.string().meta({ description: 'The same of the configuration of the target' }),
  lines: list(line),
}

/** What a release has kept of it. */
export const keptReadiness = z
  .object({
    ...answers,
    isOutdated: z.boolean().optional().meta({
      description: 'True when sluice.yaml says something else of the target by now; absent from an older server',
    }),
  })
  .meta({ id: 'ReadinessAnswers' })

export const readinessReport = z
  .object({
    service: z.string(),
    environment: z.string(),
    isReady: z.boolean().meta({ description: 'True when every line is a pass, or the plan’s gate does without it' }),
    ...answers,
  })
  .meta({ id: 'ReadinessReport' })

export const keptRehearsal = z
  .object({
    planHash: z.string(),
    configHash: z.string(),
    isRight: z.boolean().meta({ description: 'True when every run ended as it should' }),
  })
  .meta({ id: 'KeptRehearsal' })
