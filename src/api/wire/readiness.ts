import { z } from 'zod'
import { READINESS_ITEMS } from '../../domain/readiness/answers.ts'
import { instant, list } from './shapes.ts'

const line = z
  .object({
    item: z.enum(READINESS_ITEMS),
    outcome: z.enum(['pass', 'fail', 'unknown']).meta({ description: '`unknown` is never a yes' }),
    text: z.string(),
    fix: z.string().exactOptional().meta({ description: 'What to do about it; there unless it is a pass' }),
  })
  .meta({ id: 'ReadinessLine' })

export const readinessReport = z
  .object({
    service: z.string(),
    environment: z.string(),
    isReady: z.boolean().meta({ description: 'True when every line is a pass' }),
    at: instant,
    version: z.string().nullable().meta({ description: 'Null where the question named none' }),
    planHash: z.string().meta({ description: 'SHA-256 of the plan: another plan has answers of its own' }),
    configHash: z.string().meta({ description: 'The same of the configuration of the target' }),
    lines: list(line),
  })
  .meta({ id: 'ReadinessReport' })

export const keptRehearsal = z
  .object({
    planHash: z.string(),
    configHash: z.string(),
    isRight: z.boolean().meta({ description: 'True when every run ended as it should' }),
  })
  .meta({ id: 'KeptRehearsal' })
