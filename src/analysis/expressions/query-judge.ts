import type { ArmReadings, CheckInput, QueryCheck } from '../../domain/checks.ts'
import type { MetricResult } from '../../domain/observation.ts'
import type { Evidence, Verdict } from '../../domain/verdict.ts'
import { type Bindings, evaluateExpression } from './expression.ts'

/** What the judge remembers: for each of the newest looks that had data, whether it was a breach. Plain JSON, bounded. */
export interface QueryState {
  readonly breaches: readonly boolean[]
}

/** Longest history of looks that is kept, whatever the check asks for. */
export const LONGEST_QUERY_HISTORY = 1_000

/** The state before the first look. */
export function startQuery(_check: QueryCheck): QueryState {
  return { breaches: [] }
}

/**
 * One look. `fail` true is a breach; without `fail`, `pass` false is one. `failures` breaches among the last `of` looks
 * that had data fail the check; fewer leave it undecided while the newest look is a breach. With both expressions and
 * neither true the look is undecided. Anything but a value, and any NaN or absent number, is blind and does not count
 * as a look.
 */
export function stepQuery(
  check: QueryCheck,
  state: QueryState,
  input: CheckInput,
): { readonly state: QueryState; readonly verdict: Verdict } {
  const readings = Object.hasOwn(input.readings, check.name) ? input.readings[check.name] : undefined
  const look = lookAt(check, readings)
  if (look.kind === 'blind') return { state, verdict: blind(look.reason, evidenceOf(check, state, readings)) }
  const breaches = [...state.breaches, look.kind === 'breach'].slice(-windowOf(check))
  const next = { breaches }
  return { state: next, verdict: verdictOf(check, next, look, evidenceOf(check, next, readings)) }
}

type Look =
  | { readonly kind: 'good' | 'breach' | 'unclear'; readonly said: string }
  | { readonly kind: 'blind'; readonly reason: string }

function lookAt(check: QueryCheck, readings: ArmReadings | undefined): Look {
  if (readings === undefined) return { kind: 'blind', reason: 'the query was not answered' }
  const canary = seriesOf(readings.canary)
  if (!canary.ok) return { kind: 'blind', reason: canary.reason }
  const stable = readings.stable === null ? null : seriesOf(readings.stable)
  if (stable !== null && !stable.ok) return { kind: 'blind', reason: `stable: ${stable.reason}` }
  const bindings: Bindings =
    stable === null ? { result: canary.values } : { result: canary.values, stable: stable.values }
  const shown = showBindings(bindings)
  const fails = check.fail === null ? null : evaluateExpression(check.fail, bindings)
  if (fails?.kind === 'inconclusive') return { kind: 'blind', reason: `\`${check.fail}\`: ${fails.reason} (${shown})` }
  if (fails?.value === true) return { kind: 'breach', said: `\`${check.fail}\` holds with ${shown}` }
  if (check.pass === null) {
    if (fails === null) return { kind: 'unclear', said: 'the check has neither a pass nor a fail expression' }
    return { kind: 'good', said: `\`${check.fail}\` does not hold with ${shown}` }
  }
  const passes = evaluateExpression(check.pass, bindings)
  if (passes.kind === 'inconclusive') return { kind: 'blind', reason: `\`${check.pass}\`: ${passes.reason} (${shown})` }
  if (passes.value) return { kind: 'good', said: `\`${check.pass}\` holds with ${shown}` }
  if (fails === null) return { kind: 'breach', said: `\`${check.pass}\` does not hold with ${shown}` }
  return { kind: 'unclear', said: `neither \`${check.pass}\` nor \`${check.fail}\` holds with ${shown}` }
}

function verdictOf(
  check: QueryCheck,
  state: QueryState,
  look: Extract<Look, { said: string }>,
  evidence: Evidence,
): Verdict {
  const breaches = countBreaches(state)
  const looks = `${breaches} of the last ${state.breaches.length} looks breached, ${check.failures} of ${check.of} fail the check`
  if (breaches >= check.failures && breaches > 0) return { outcome: 'fail', reason: `${look.said}; ${looks}`, evidence }
  if (look.kind === 'good') return { outcome: 'pass', reason: look.said, evidence }
  const reason = look.kind === 'breach' ? `${look.said}; ${looks}` : look.said
  return { outcome: 'inconclusive', cause: 'undecided', reason, evidence }
}

function blind(reason: string, evidence: Evidence): Verdict {
  return { outcome: 'inconclusive', cause: 'blind', reason, evidence }
}

function evidenceOf(check: QueryCheck, state: QueryState, readings: ArmReadings | undefined): Evidence {
  const figures: Record<string, number> = {
    breaches: countBreaches(state),
    looks: state.breaches.length,
    failures: check.failures,
    of: check.of,
  }
  for (const arm of ['canary', 'stable'] as const) {
    const reading = readings?.[arm]
    if (reading?.kind !== 'value') continue
    figures[`${arm}Series`] = reading.value.length
    figures[`${arm}Value`] = reading.value[0] ?? Number.NaN
  }
  return {
    judge: 'query',
    figures: Object.fromEntries(Object.entries(figures).filter(([, value]) => Number.isFinite(value))),
  }
}

type Series =
  | { readonly ok: true; readonly values: readonly number[] }
  | { readonly ok: false; readonly reason: string }

function seriesOf(result: MetricResult<readonly number[]>): Series {
  return result.kind === 'value' ? { ok: true, values: result.value } : { ok: false, reason: result.reason }
}

function windowOf(check: QueryCheck): number {
  return Number.isFinite(check.of)
    ? Math.min(LONGEST_QUERY_HISTORY, Math.max(1, Math.floor(check.of)))
    : LONGEST_QUERY_HISTORY
}

function countBreaches(state: QueryState): number {
  return state.breaches.filter((breach) => breach).length
}

function showBindings(bindings: Bindings): string {
  const parts: string[] = []
  for (const [name, value] of Object.entries(bindings)) parts.push(`${name} ${showSeries(value)}`)
  return parts.join(' and ')
}

function showSeries(value: readonly number[] | number | null): string {
  if (value === null || typeof value === 'number') return String(value)
  if (value.length === 1) return showNumber(value[0] ?? Number.NaN)
  const shown = value.slice(0, 3).map(showNumber).join(', ')
  return value.length > 3 ? `[${shown}, … ${value.length} series]` : `[${shown}]`
}

function showNumber(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : String(value)
}
