import { z } from 'zod'
import type { DemoFlag } from './home.ts'

const planWithFlag = z.looseObject({ steps: z.array(z.record(z.string(), z.unknown())) })

/** The plan for a version that brings this feature: its `flag` step sets that one on. */
export function withFlag(plan: unknown, flag: DemoFlag): unknown {
  const { steps, ...rest } = planWithFlag.parse(plan)
  return { ...rest, steps: steps.map((step) => (step['flag'] === undefined ? step : { flag: { [flag]: 'on' } })) }
}
