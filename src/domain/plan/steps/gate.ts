import { z } from 'zod'
import { formatDuration } from '../../units.ts'
import { partsOf } from '../plan-parts.ts'
import { nameText, stretchText, windowText } from '../plan-values.ts'
import { defineStep, type GlimpseContext, NEEDS_NOTHING } from './step-kind.ts'

const DAY = 86_400_000

const gateOptions = z
  .strictObject({
    window: windowText.optional(),
    call: nameText.optional(),
    within: stretchText.optional(),
    onFail: z.enum(['rollback', 'pause']).optional(),
  })
  .superRefine(({ window, call, within, onFail }, context) => {
    if ((window === undefined) === (call === undefined))
      context.addIssue({ code: 'custom', message: 'expected either window or call' })
    for (const [key, value] of Object.entries({ within, onFail }))
      if (call === undefined && value !== undefined)
        context.addIssue({
          code: 'custom',
          path: [key],
          message: 'expected only beside call: a window opens by itself',
        })
  })

export const gateStep = defineStep({
  kind: 'gate',
  summary: 'Waits until a window is open, or until a call says yes; the exposure stays and is watched.',
  schema: gateOptions,
  describe: ({ window, call, within = DAY }) =>
    call === undefined ? `gate ${window ?? ''}` : `gate ${call} within ${formatDuration(within)}`,
  needs: () => NEEDS_NOTHING,
  expand({ window, call, within = DAY, onFail }, context) {
    reportWhatFor({ window, call }, context)
    const { step, label, exposure } = context
    if (call === undefined) return { actions: [{ kind: 'gate', step, label, window: window ?? '' }], exposure }
    const action = { kind: 'call-gate', step, label, call, within, ...(onFail !== undefined && { onFail }) } as const
    return { actions: [action], exposure }
  },
  glimpse(value, context) {
    reportWhatFor(partsOf(gateOptions, value).read, context)
    return context.exposure
  },
})

function reportWhatFor(
  { window, call }: { readonly window?: string | undefined; readonly call?: string | undefined },
  { path, report, windowProblem, reportCall }: GlimpseContext,
): void {
  if (call !== undefined) reportCall?.(call, 'gate', [...path, 'call'])
  const problem = window === undefined ? null : (windowProblem?.({ only: [window], freeze: [] }) ?? null)
  if (problem !== null) report({ ...problem, rule: 'window', path: [...path, 'window'] })
}
