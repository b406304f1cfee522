import { z } from 'zod'
import { partsOf } from '../plan-parts.ts'
import { windowText } from '../plan-values.ts'
import { defineStep, type GlimpseContext, NEEDS_NOTHING } from './step-kind.ts'

const gateOptions = z.strictObject({ window: windowText })

export const gateStep = defineStep({
  kind: 'gate',
  summary: 'Waits until a window is open; the exposure stays and is watched.',
  schema: gateOptions,
  describe: ({ window }) => `gate ${window}`,
  needs: () => NEEDS_NOTHING,
  expand({ window }, context) {
    reportWindow(window, context)
    const action = { kind: 'gate', step: context.step, label: context.label, window } as const
    return { actions: [action], exposure: context.exposure }
  },
  glimpse(value, context) {
    const { window } = partsOf(gateOptions, value).read
    if (window !== undefined) reportWindow(window, context)
    return context.exposure
  },
})

function reportWindow(window: string, { path, report, windowProblem }: GlimpseContext): void {
  const problem = windowProblem?.({ only: [window], freeze: [] }) ?? null
  if (problem !== null) report({ ...problem, rule: 'window', path: [...path, 'window'] })
}
