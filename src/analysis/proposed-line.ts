import type { Check } from '../domain/checks.ts'
import { isRecord } from '../domain/plan-issues.ts'
import type { CalibrationReport } from './calibrate.ts'

/**
 * A check with the ratio, the minimum of requests and, when it must be smaller, the error probability that a calibration
 * proposes, as one line of `checks:`. What else was written stays. A ratio is only ever widened: that noise would allow a
 * tighter one does not mean that the team wants it. Null when nothing was proposed.
 */
export function proposedLine(check: Check, written: unknown, report: CalibrationReport): string | null {
  const { proposed, current } = report
  if (proposed === null) return null
  const { source } = check
  const options = {
    ...(writtenOptions(check.name, written) ?? { source, ...ratioOptions(check, current.notWorseThan) }),
    ...(proposed.notWorseThan > current.notWorseThan && ratioOptions(check, proposed.notWorseThan)),
    ...(report.minRequests !== null && { minRequests: Math.min(1e9, Math.max(1, report.minRequests)) }),
    ...(proposed.alpha !== current.alpha && { confidence: confidenceOf(proposed.alpha) }),
  }
  return `${check.name}: { ${check.kind}: ${inFlow(options)} }`
}

function ratioOptions(check: Check, ratio: number): Readonly<Record<string, string>> {
  if (check.kind !== 'rate') return { notWorseThan: ratioText(ratio) }
  return {
    ...(check.notBelow !== null && { notBelow: ratioText(1 / ratio) }),
    ...(check.notAbove !== null && { notAbove: ratioText(ratio) }),
  }
}

/** The options as they were written, wherever in the plan the check stands; null when they cannot be found. */
function writtenOptions(name: string, written: unknown): Readonly<Record<string, unknown>> | null {
  if (!isRecord(written)) return null
  const { checks, steps } = written
  const analyses = Array.isArray(steps) ? steps.map((step: unknown) => inner(inner(step, 'analyse'), 'checks')) : []
  for (const place of [checks, ...analyses]) {
    const check = inner(place, name)
    const [options] = isRecord(check) ? Object.values(check) : []
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

/** At most four decimals, as plans have them, and never 100 %. */
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
