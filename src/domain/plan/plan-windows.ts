import { z } from 'zod'
import { theFreezes, type WindowRule } from '../calendar/window-rule.ts'
import type { Problem } from '../problems.ts'
import type { PlanContext, TargetFacts } from './plan-context.ts'
import { nameText, windowText } from './plan-values.ts'

/** When the exposures of a plan may be raised. */
export interface PlanWindows extends WindowRule {
  /** Freezes that somebody was allowed to leave aside for this release. */
  readonly overridden?: { readonly by: string; readonly reason: string; readonly freezes: readonly string[] }
}

const MOST_NAMES = 20
const asList = (one: string): readonly string[] => [one]

export const planWindows = z
  .strictObject({
    only: z.union([windowText.transform(asList), z.array(windowText).min(1).max(MOST_NAMES)]).optional(),
    freeze: z.union([nameText.transform(asList), z.array(nameText).min(1).max(MOST_NAMES)]).optional(),
  })
  .optional()

/** The plan's windows and those of its target; null for none. What no release could wait for is reported. */
export function windowsOf(
  written: z.output<typeof planWindows>,
  facts: TargetFacts | null,
  { windowProblem }: Pick<PlanContext, 'windowProblem'>,
  report: (problem: Problem) => void,
): WindowRule | null {
  const { only = [], freeze = [] } = written ?? {}
  const all = [...new Set([...(facts?.freezes ?? []), ...freeze])]
  if (only.length === 0 && all.length === 0) return null
  const unknown = (names: readonly string[], rule: (name: string) => WindowRule, key: string) =>
    names.flatMap((name) => {
      const problem = facts === null ? null : (windowProblem?.(rule(name)) ?? null)
      if (problem !== null) report({ ...problem, rule: 'window', path: ['windows', key] })
      return problem === null ? [] : [name]
    })
  const wrong = [
    ...unknown(only, (name) => ({ only: [name], freeze: [] }), 'only'),
    ...unknown(freeze, (name) => ({ only: [], freeze: [name] }), 'freeze'),
  ]
  const rule = { only, freeze: all }
  const never = wrong.length > 0 || facts === null ? null : (windowProblem?.(rule) ?? null)
  if (never !== null) report({ ...never, rule: 'window', path: written === undefined ? ['service'] : ['windows'] })
  return rule
}

/** When exposures of a plan may be raised, in one line; null for at any time. */
export function windowsText({ windows }: { readonly windows?: PlanWindows }): string | null {
  if (windows === undefined) return null
  const { only, freeze } = windows
  const open = only.length === 0 ? [] : [`only in ${only.join(' or ')}`]
  const closed = freeze.length === 0 ? [] : [`not in ${theFreezes(freeze)}`]
  return `exposures are raised ${[...open, ...closed].join(', ')}`
}
