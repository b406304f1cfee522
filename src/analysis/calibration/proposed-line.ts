import { isRecord } from '../../domain/json.ts'
import type { Check } from '../../domain/plan/checks.ts'
import { writeDuration } from '../../domain/units.ts'
import { type CalibrationReport, withRatio } from './calibrate.ts'
import { withAlpha } from './evidence.ts'
import { toleranceOf } from './tolerance.ts'

/**
 * A check as a calibration proposes it. A ratio is only ever widened: that noise would allow a tighter one does not mean
 * that the team wants it.
 */
export function proposedCheck(check: Check, { current, proposed }: CalibrationReport): Check {
  if (proposed === null) return check
  const ratio = Math.max(current.notWorseThan, proposed.notWorseThan)
  return withAlpha(withRatio(check, ratio), proposed.alpha)
}

/**
 * The proposed check as one line of `checks:`, with `minRequests` when it is a number; what else was written stays. With
 * `claims` the line states the check's own confidence: in a plan in which one check has a confidence of its own the others
 * would share more than they were calibrated with. Null when nothing would change.
 */
export function proposedLine(
  check: Check,
  written: unknown,
  report: CalibrationReport,
  { minRequests, claims }: { readonly minRequests: number | null; readonly claims: boolean },
): string | null {
  const { proposed, current } = report
  const next = proposedCheck(check, report)
  if (minRequests === null && !claims && JSON.stringify(next) === JSON.stringify(check)) return null
  const alpha = proposed?.alpha ?? current.alpha
  const { source } = check
  const options = {
    ...(writtenOptions(check, written) ?? { source, ...ratioOptions(check) }),
    ...(JSON.stringify(ratioOptions(next)) !== JSON.stringify(ratioOptions(check)) && ratioOptions(next)),
    ...(minRequests !== null && { minRequests }),
    ...(claims && { confidence: confidenceOf(alpha) }),
  }
  const warmUp = check.warmsUpFor === undefined ? '' : `, warmUp: ${writeDuration(check.warmsUpFor)}`
  return `${check.name}: { ${check.kind}: ${inFlow(options)}${warmUp} }`
}

function ratioOptions(check: Check): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(toleranceOf(check).options).map(([key, ratio]) => [key, ratioText(ratio)]))
}

/** The options as they were written, wherever in the plan the check stands; null when they cannot be found. */
function writtenOptions({ name, kind }: Check, written: unknown): Readonly<Record<string, unknown>> | null {
  if (!isRecord(written)) return null
  const { checks, steps } = written
  const analyses = Array.isArray(steps) ? steps.map((step: unknown) => inner(inner(step, 'analyse'), 'checks')) : []
  for (const place of [checks, ...analyses]) {
    const options = inner(inner(place, name), kind)
    if (isRecord(options)) return options
  }
  return null
}

function inner(value: unknown, key: string): unknown {
  return isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined
}

function ratioText(ratio: number): string {
  return `${Number(ratio.toFixed(4))}x`
}

/** At most four decimals, as plans have them, and never 100%. */
function confidenceOf(alpha: number): string {
  return `${Math.min(99.9999, Math.ceil((1 - alpha) * 1e6 - 1e-6) / 1e4)}%`
}

/** Options are words, numbers and lists of words, so that no quoting is needed. */
function inFlow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inFlow).join(', ')}]`
  if (!isRecord(value))
    return typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value)
  return `{ ${Object.entries(value)
    .map(([key, one]) => `${key}: ${inFlow(one)}`)
    .join(', ')} }`
}
