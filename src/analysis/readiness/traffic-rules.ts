import type { ArmCounts, MetricResult } from '../../domain/observation.ts'
import type { Check } from '../../domain/plan/checks.ts'
import { fail, pass, type ReadinessAnswer, unknown } from '../../domain/readiness/answers.ts'
import { formatDuration, type Milliseconds } from '../../domain/units.ts'
import { missingFor } from '../checks/needs.ts'
import { formatShare } from '../explain.ts'

/** What one metric source has counted of both pools while nobody had the new version. */
interface SourceSight {
  readonly stable: MetricResult<ArmCounts>
  readonly canary: MetricResult<ArmCounts>
}

/** What one check was answered with; `queries` are those of both pools, where it has any. */
export interface CheckSight {
  readonly check: Check
  /** Null for a check that counts nothing. */
  readonly counts: SourceSight | null
  readonly queries: readonly {
    readonly stable: MetricResult<readonly number[]> | null
    readonly canary: MetricResult<readonly number[]>
  }[]
}

/**
 * Whether every figure that a check looks at answers freshly. A pool that nobody was sent to has nothing to count, so that
 * no data of the canary is as it should be; of stable it is not, and a fault is one whichever pool it is about.
 */
export function metricsAnswer(sights: readonly CheckSight[]): ReadinessAnswer {
  if (sights.length === 0) return fail('the plan has no check, so nothing is measured', 'add checks to the plan')
  const faults = sights.flatMap((sight) => faultOf(sight) ?? [])
  const [first] = faults
  if (first !== undefined)
    return fail(
      `${first}${faults.length > 1 ? `, and ${faults.length - 1} more like it` : ''}`,
      'ask the metric source for it yourself, and correct it or its options in sluice.yaml',
    )
  const names = sights.map(({ check }) => check.name).join(', ')
  const unseen = sights.some(({ counts }) => counts !== null && requestsOf(counts.canary) === 0)
  return pass(`${names} answer now${unseen ? '; the canary pool, which nobody is sent to, has no requests yet' : ''}`)
}

function faultOf({ check, counts, queries }: CheckSight): string | null {
  if (counts !== null) {
    const ofStable = stableFault(check, counts.stable)
    if (ofStable !== null) return `${check.name}: ${ofStable}`
    const ofCanary = faultIn(counts.canary)
    if (ofCanary !== null) return `${check.name}: ${ofCanary}`
  }
  for (const { stable, canary } of queries) {
    // One query for both pools at once has an answer before anybody is on the canary.
    const ofStable = stable ?? canary
    if (ofStable.kind !== 'value') return `${check.name}: ${ofStable.reason}`
    const ofCanary = faultIn(canary)
    if (ofCanary !== null) return `${check.name}: ${ofCanary}`
  }
  return null
}

function stableFault(check: Check, arm: MetricResult<ArmCounts>): string | null {
  if (arm.kind !== 'value') return arm.reason
  if (arm.value.requests === 0) return 'stable had no requests meanwhile'
  return missingFor(check, arm.value) ?? null
}

/** Why an answer is wrong, where no data is not. */
function faultIn(result: MetricResult<unknown>): string | null {
  return result.kind === 'value' || result.kind === 'noData' ? null : result.reason
}

function requestsOf(arm: MetricResult<ArmCounts>): number {
  return arm.kind === 'value' ? arm.value.requests : 0
}

/** Whether the bakes are long enough for the traffic; `weak` holds a sentence for each check that is too weak, null where nobody knows. */
export function trafficAnswer(
  sight: {
    readonly rps: number
    /** The share of requests that fails today. */
    readonly errors: number
    readonly weak: readonly string[]
    readonly rows: number
  } | null,
): ReadinessAnswer {
  if (sight === null)
    return unknown(
      'how much traffic the target has could not be measured',
      'see that its metric source counts requests, or state it: sluice plan check --traffic',
    )
  const { errors, weak, rows } = sight
  const rps = Number(sight.rps.toPrecision(3))
  const [first, ...others] = weak
  if (rows === 0) return fail('no check of the plan has a threshold and a bake to meet it in', 'add checks and bakes')
  if (first === undefined) return pass(`at ${rps} requests/s every check sees what it is to see within its bakes`)
  return fail(
    [first, ...(others.length === 0 ? [] : [othersText(others.length)])].join('; '),
    `bake longer or at a larger weight there; how long says sluice plan check <plan.yaml> --traffic ${rps}rps --errors ${formatShare(errors)}`,
  )
}

function othersText(count: number): string {
  return count === 1 ? '1 more check is as weak' : `${count} more checks are as weak`
}

/** What the canary pool did while nobody was sent to it. */
interface BackgroundSight {
  readonly pool: string
  /** How long it was looked at. */
  readonly time: Milliseconds
  /** Requests that the router says it has sent there meanwhile; null where it does not say. */
  readonly sent: number | null
  /** What metric sources have counted there meanwhile; null where none counts. */
  readonly counted: Pick<ArmCounts, 'requests' | 'events'> | null
  /** The answer to the query of sluice.yaml for what it takes from queues; null where there is none. */
  readonly consumed: MetricResult<readonly number[]> | null
}

/** Whether the canary pool works although nobody was sent to it: then a new version acts on data before anybody looks. */
export function backgroundAnswer({ pool, time, sent, counted, consumed }: BackgroundSight): ReadinessAnswer {
  const fix = 'keep what it consumes switched off until it has traffic, and see who calls it beside the router'
  const said = (what: string) => `${pool} ${what} in ${formatDuration(time)}, though nobody is sent to it`
  if (consumed?.kind === 'value' && consumed.value.some((value) => value > 0))
    return fail(said(`consumed ${Math.max(...consumed.value)}`), fix)
  if (sent !== null && sent > 0) return fail(said(`was sent ${requestsText(sent)}`), fix)
  if (counted !== null && counted.requests > 0) return fail(said(`answered ${requestsText(counted.requests)}`), fix)
  const event = Object.entries(counted?.events ?? {}).find(([, count]) => count > 0)
  if (event !== undefined) return fail(said(`counted ${event[1]} ${event[0]}`), fix)
  if (consumed !== null && consumed.kind !== 'value' && consumed.kind !== 'noData')
    return unknown(`what ${pool} consumes is not known: ${consumed.reason}`, 'correct `consumes` in sluice.yaml')
  if (consumed === null && sent === null && counted === null)
    return unknown(
      `nobody can say what ${pool} does without traffic`,
      'name a query for it as `consumes` of the target in sluice.yaml',
    )
  const jobs = consumed === null ? '; what it takes from queues only a query could say (`consumes`)' : ''
  return pass(`${pool} did nothing in ${formatDuration(time)}${jobs}`)
}

function requestsText(count: number): string {
  return count === 1 ? '1 request' : `${count} requests`
}
