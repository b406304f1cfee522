import { type ArmNames, ROLE_NAMES } from '../../domain/arm-names.ts'
import type { ArmReadings, Check, CheckInput } from '../../domain/plan/checks.ts'
import type { Evidence, Verdict } from '../../domain/verdict.ts'
import { asClause, formatBreaches, formatSeries, shorten } from '../explain.ts'
import { namesOf } from '../read-look.ts'
import { inconclusive } from '../verdicts.ts'
import { evaluateExpression } from './expression.ts'

/** A free query judged by expressions (CEL) over `result` (canary, or the only answer) and `stable`. */
export interface QueryCheck extends Check {
  readonly kind: 'query'
  /** May hold `$pool`: then it is asked once per arm. */
  readonly query: string
  readonly pass: string | null
  readonly fail: string | null
  readonly failures: number
  readonly of: number
}

/** What the judge remembers: for each of the newest looks that had data, whether it was a breach. Plain JSON, bounded. */
export interface QueryState {
  readonly breaches: readonly boolean[]
}

/** Longest history of looks that is kept, whatever the check asks for. */
const LONGEST_QUERY_HISTORY = 1_000

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
  const look = lookAt(check, readings, namesOf(input))
  if (look.kind === 'blind')
    return { state, verdict: inconclusive('blind', look.reason, evidenceOf(check, state, readings)) }
  const breaches = [...state.breaches, look.kind === 'breach'].slice(-windowOf(check))
  const next = { breaches }
  return { state: next, verdict: verdictOf(check, next, look, evidenceOf(check, next, readings)) }
}

type Look =
  | { readonly kind: 'good' | 'breach' | 'unclear'; readonly said: string }
  | { readonly kind: 'blind'; readonly reason: string }

function lookAt(check: QueryCheck, readings: ArmReadings | undefined, names: ArmNames): Look {
  if (readings === undefined) return { kind: 'blind', reason: 'the query was not answered' }
  const { canary, stable } = readings
  if (canary.kind !== 'value') return { kind: 'blind', reason: asClause(canary.reason) }
  if (stable !== null && stable.kind !== 'value')
    return { kind: 'blind', reason: `${names.stable} cannot be seen: ${asClause(stable.reason)}` }
  const isCompared = stable !== null
  const bindings = isCompared ? { result: canary.value, stable: stable.value } : { result: canary.value }
  const shown = isCompared ? showBoth(canary.value, stable.value, names) : `result ${formatSeries(canary.value)}`
  const [pass, fail] = [quoted(check.pass), quoted(check.fail)]
  const fails = check.fail === null ? null : evaluateExpression(check.fail, bindings)
  if (fails?.kind === 'inconclusive') return { kind: 'blind', reason: `${fail}: ${fails.reason} (${shown})` }
  if (fails?.value === true) return { kind: 'breach', said: `${fail} is true with ${shown}` }
  if (check.pass === null) {
    if (fails === null) return { kind: 'unclear', said: 'the check has neither a pass nor a fail expression' }
    return { kind: 'good', said: `${fail} is false with ${shown}` }
  }
  const passes = evaluateExpression(check.pass, bindings)
  if (passes.kind === 'inconclusive') return { kind: 'blind', reason: `${pass}: ${passes.reason} (${shown})` }
  if (passes.value) return { kind: 'good', said: `${pass} is true with ${shown}` }
  if (fails === null) return { kind: 'breach', said: `${pass} is false with ${shown}` }
  return { kind: 'unclear', said: `neither ${pass} nor ${fail} is true with ${shown}` }
}

/** Longest part of an expression that a sentence shows; the plan has the rest. */
const LONGEST_SHOWN = 100

function quoted(expression: string | null): string {
  return `\`${shorten(expression ?? '', LONGEST_SHOWN)}\``
}

/** The variables are called as in the expression; the versions stand beside them, where they are known. */
function showBoth(canary: readonly number[], stable: readonly number[], names: ArmNames): string {
  const place = (arm: keyof ArmNames) => (names[arm] === ROLE_NAMES[arm] ? '' : ` on ${names[arm]}`)
  return `result ${formatSeries(canary)}${place('canary')} and stable ${formatSeries(stable)}${place('stable')}`
}

function verdictOf(
  check: QueryCheck,
  state: QueryState,
  look: Extract<Look, { said: string }>,
  evidence: Evidence,
): Verdict {
  const breaches = countBreaches(state)
  const often = formatBreaches({ breaches, looks: state.breaches.length, failures: check.failures, of: check.of })
  if (breaches >= check.failures && breaches > 0) {
    const reason = look.kind === 'breach' ? `${look.said} ${often}` : `${look.said}, but was broken ${often}`
    return { outcome: 'fail', reason, evidence }
  }
  if (look.kind === 'good') return { outcome: 'pass', reason: look.said, evidence }
  return inconclusive('undecided', look.kind === 'breach' ? `${look.said} ${often}` : look.said, evidence)
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

function windowOf(check: QueryCheck): number {
  return Number.isFinite(check.of)
    ? Math.min(LONGEST_QUERY_HISTORY, Math.max(1, Math.floor(check.of)))
    : LONGEST_QUERY_HISTORY
}

function countBreaches(state: QueryState): number {
  return state.breaches.filter((breach) => breach).length
}
