import { analyseStep } from './analyse.ts'
import { approveStep } from './approve.ts'
import { bakeStep } from './bake.ts'
import { cohortStep } from './cohort.ts'
import { flagStep } from './flag.ts'
import { gateStep } from './gate.ts'
import { hookStep } from './hook.ts'
import { mirrorStep } from './mirror.ts'
import { notifyStep } from './notify.ts'
import { rampStep } from './ramp.ts'
import { tryStep } from './try.ts'
import { weightStep } from './weight.ts'

/** Every step kind a plan may name. A new one is its own file and a line here. */
export const STEP_KINDS = [
  weightStep,
  bakeStep,
  rampStep,
  cohortStep,
  mirrorStep,
  flagStep,
  approveStep,
  analyseStep,
  gateStep,
  hookStep,
  tryStep,
  notifyStep,
] as const
