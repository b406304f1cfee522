import { z } from 'zod'
import { defineStep } from './step-kind.ts'

export const tryStep = defineStep({
  kind: 'try',
  summary: 'Lets in who has a try-it ticket, whatever the weight; nobody else sees the canary by it.',
  schema: z.literal('on'),
  describe: () => 'try-it tickets on',
  needs: () => ({ weights: [], cohorts: false, tickets: true }),
  expand(_, context) {
    const exposure = { ...context.exposure, tickets: true } as const
    return { actions: [{ kind: 'expose', step: context.step, label: context.label, exposure }], exposure }
  },
})
