import { z } from 'zod'
import { READINESS_ITEMS } from '../../readiness/answers.ts'
import { formatDuration } from '../../units.ts'
import type { Gate } from '../actions.ts'
import { partsOf } from '../plan-parts.ts'
import { nameText, stretchText, windowText } from '../plan-values.ts'
import { defineStep, type GlimpseContext, NEEDS_NOTHING } from './step-kind.ts'

const DAY = 86_400_000
const FORMS = ['window', 'call', 'readiness'] as const

const readinessKeys = z.strictObject({ without: z.array(z.enum(READINESS_ITEMS)).min(1) })

/** What a gate waits for, written out; a pipeline has gates as well. */
export const gateKeys = z
  .strictObject({
    window: windowText.optional(),
    call: nameText.optional(),
    readiness: readinessKeys.optional(),
    within: stretchText.optional(),
    onFail: z.enum(['rollback', 'pause']).optional(),
  })
  .superRefine(({ within, onFail, ...forms }, context) => {
    if (FORMS.filter((form) => forms[form] !== undefined).length !== 1)
      context.addIssue({
        code: 'custom',
        message: 'expected one of window, call and readiness, such as { window: office-hours }',
      })
    for (const [key, value] of Object.entries({ within, onFail }))
      if (forms.call === undefined && forms.readiness === undefined && value !== undefined)
        context.addIssue({
          code: 'custom',
          path: [key],
          message: 'expected only beside call or readiness: a window opens by itself',
        })
  })

type GateOptions = z.infer<typeof gateKeys>

/** The short form is the checklist without exceptions. */
export const bareReadiness = z.literal('readiness').transform((): GateOptions => ({ readiness: { without: [] } }))
const gateOptions = z.union([bareReadiness, gateKeys])

export const gateStep = defineStep({
  kind: 'gate',
  summary: 'Waits until a window is open, a call says yes, or the checklist does; the exposure stays and is watched.',
  schema: gateOptions,
  describe: labelOf,
  needs: () => NEEDS_NOTHING,
  expand(options, context) {
    reportGate(options, context)
    const { step, label, exposure } = context
    return { actions: [{ ...gateOf(options), step, label }], exposure }
  },
  glimpse(value, context) {
    reportGate(partsOf(gateKeys, value).read, context)
    return context.exposure
  },
})

/** A gate as it is waited for. */
export function gateOf(options: GateOptions): Gate {
  const { window, call, readiness, within = DAY, onFail } = options
  if (window !== undefined) return { kind: 'gate', window }
  const patience = { within, ...(onFail !== undefined && { onFail }) }
  if (call !== undefined) return { kind: 'call-gate', call, ...patience }
  return { kind: 'readiness-gate', without: readiness?.without ?? [], ...patience }
}

/** Reports a window or a call that is not there. */
export function reportGate(
  { window, call }: { readonly window?: string | undefined; readonly call?: string | undefined },
  { path, report, windowProblem, reportCall }: Pick<GlimpseContext, 'path' | 'report' | 'windowProblem' | 'reportCall'>,
): void {
  if (call !== undefined) reportCall?.(call, 'gate', [...path, 'call'])
  const problem = window === undefined ? null : (windowProblem?.({ only: [window], freeze: [] }) ?? null)
  if (problem !== null) report({ ...problem, rule: 'window', path: [...path, 'window'] })
}

function labelOf({ window, call, readiness, within = DAY }: GateOptions): string {
  if (window !== undefined) return `gate ${window}`
  if (call !== undefined) return `gate ${call} within ${formatDuration(within)}`
  const { without = [] } = readiness ?? {}
  const exceptions = without.length === 0 ? '' : ` without ${without.join(', ')}`
  return `gate readiness${exceptions} within ${formatDuration(within)}`
}
