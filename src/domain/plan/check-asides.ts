import { z } from 'zod'
import { isRecord } from '../json.ts'
import type { Problem, ProblemPath } from '../problems.ts'
import type { ReadCheck } from './check-form.ts'
import type { Check } from './checks.ts'
import { CONSEQUENCES } from './checks.ts'
import { reportIssues } from './plan-issues.ts'
import { partsOf } from './plan-parts.ts'
import { durationText, flagName, nameText } from './plan-values.ts'

const consequence = z.enum(CONSEQUENCES)

/** A feature that goes off while the version stays. */
const flagOff = z.strictObject({ flag: flagName, set: z.literal('off') })

/** The options that checks of all kinds have; they stand beside the kind. */
export const checkAsides = z.object({
  warmUp: durationText.optional(),
  onFail: z
    .union([consequence, flagOff], {
      error: `expected ${CONSEQUENCES.join(', ')}, or { flag: new-checkout, set: off }`,
    })
    .optional(),
  onNoData: consequence.optional(),
  cohort: nameText.optional(),
})

type Asides = Pick<Check, 'cohort' | 'warmsUpFor' | 'onFail' | 'onFailFlag' | 'onNoData'>

/** What stands beside the kind of a check, and the check without it. */
export function asidesOf(
  value: unknown,
  path: ProblemPath,
  report: (problem: Problem) => void,
): { readonly form: unknown; readonly asides: Asides } {
  if (!isRecord(value)) return { form: value, asides: {} }
  const isAside = (key: string) => Object.hasOwn(checkAsides.shape, key)
  const written = Object.fromEntries(Object.entries(value).filter(([key]) => isAside(key)))
  const form = Object.fromEntries(Object.entries(value).filter(([key]) => !isAside(key)))
  const parsed = checkAsides.safeParse(written)
  if (!parsed.success) reportIssues(parsed.error.issues, path, written, report, checkAsides)
  const { warmUp, onFail, onNoData, cohort } = partsOf(checkAsides, written).read
  if (onFail === 'warn' && onNoData !== undefined && onNoData !== 'warn') report(noSay(onNoData, path))
  return {
    form,
    asides: {
      ...(cohort !== undefined && { cohort }),
      ...(warmUp !== undefined && { warmsUpFor: warmUp }),
      ...(typeof onFail === 'string' && { onFail }),
      ...(typeof onFail === 'object' && { onFailFlag: onFail }),
      ...(onNoData !== undefined && { onNoData }),
    },
  }
}

/** The check with what stands beside its kind. */
export function withAsides(check: ReadCheck, asides: Asides): ReadCheck {
  if (Object.keys(asides).length === 0) return check
  return { ...check, complete: (alpha) => ({ ...check.complete(alpha), ...asides }) }
}

function noSay(onNoData: string, path: ProblemPath): Problem {
  return {
    rule: 'no-say',
    path: [...path, 'onNoData'],
    message: 'a check that only warns has no say in the release, with data or without',
    received: `onFail: warn, onNoData: ${onNoData}`,
    expected: 'onNoData: warn, or none',
    fix: 'remove onNoData, or write hold or pause as onFail',
  }
}
