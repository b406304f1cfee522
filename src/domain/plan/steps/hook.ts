import { z } from 'zod'
import { partsOf } from '../plan-parts.ts'
import { nameText } from '../plan-values.ts'
import { defineStep, type GlimpseContext, NEEDS_NOTHING } from './step-kind.ts'

const hookOptions = z.strictObject({
  call: nameText,
  undo: nameText.optional(),
  onFail: z.enum(['rollback', 'pause']).optional(),
})

export const hookStep = defineStep({
  kind: 'hook',
  summary: 'Carries out a call of `sluice.yaml`, such as a deployment; a rollback carries out the one that undoes it.',
  schema: hookOptions,
  describe: ({ call, undo }) => `hook ${call}${undo === undefined ? '' : `, undone by ${undo}`}`,
  needs: () => NEEDS_NOTHING,
  expand({ call, undo, onFail }, context) {
    reportCalls({ call, undo }, context)
    const further = { ...(undo !== undefined && { undo }), ...(onFail !== undefined && { onFail }) }
    const action = { kind: 'hook', step: context.step, label: context.label, call, ...further } as const
    return { actions: [action], exposure: context.exposure }
  },
  glimpse(value, context) {
    reportCalls(partsOf(hookOptions, value).read, context)
    return context.exposure
  },
})

function reportCalls(
  { call, undo }: { readonly call?: string | undefined; readonly undo?: string | undefined },
  { path, reportCall }: GlimpseContext,
): void {
  if (call !== undefined) reportCall?.(call, 'hook', [...path, 'call'])
  if (undo !== undefined) reportCall?.(undo, 'hook', [...path, 'undo'])
}
