import type { Action } from '../../domain/plan/actions.ts'
import type { Check } from '../../domain/plan/checks.ts'
import { allChecks, failureOf, stopsRelease } from '../../domain/plan/consequences.ts'
import type { Plan } from '../../domain/plan/plan.ts'
import { flagsIn } from '../../domain/plan/plan-flags.ts'
import { FULL_WEIGHT, type Milliseconds } from '../../domain/units.ts'
import { queriesOf } from '../checks/needs.ts'
import type { ErrorRateCheck, LatencyCheck } from '../checks/shapes.ts'

/** What is made to happen to a release. */
export type RehearsedFault = 'none' | 'errors' | 'slow' | 'event' | 'silent' | 'dead' | 'worker' | 'back'

export type RehearsedEnd = 'promoted' | 'rolled-back' | 'paused'

/** One release of a rehearsal. */
export interface PlannedRun {
  readonly fault: RehearsedFault
  readonly name: string
  /** How it may end; any other end is a wrong one. */
  readonly ends: readonly RehearsedEnd[]
}

/** A plan as it is rehearsed. Plain JSON, for another process. */
export interface RehearsalPlan {
  readonly plan: Plan
  readonly runs: readonly PlannedRun[]
  /** What of the plan is not rehearsed, each as one clause. */
  readonly leftOut: readonly string[]
  /** What others do in production and the rehearsal does itself. */
  readonly standIns: readonly string[]
  /** Events that its checks count, by name. */
  readonly events: readonly string[]
}

/** Something of the plan that the embedded data plane cannot do. */
interface Unable {
  readonly name: string
  readonly why: string
}

interface RehearsalOptions {
  readonly longestBake: Milliseconds
  /** Names of checks, and `flags`, that are left out at somebody's word. */
  readonly without: readonly string[]
}

/** The name of the only metric source there is. */
const SOURCE = 'proxy'
const INTERVAL: Milliseconds = 1_000
/** Silence ends a run after so long; shorter, and a slow machine would be taken for one. */
const HOLD: Milliseconds = 20_000
/** What a weight may cost at most, seconds of few requests hardly bound; that it goes on, holds and goes back they show. */
const ANY_COST = 1_000
const APPROVED_WITHIN: Milliseconds = 120_000
/** What a bad version of a rehearsal hardly goes beyond: its share of failed requests, and the time of its slow ones. */
const FAILED_SHARE = 0.4
const SLOW_SECONDS = 0.5
/** Bakes are seconds, so are the requests in them. */
const FEWEST_REQUESTS = 5

/**
 * The plan with bakes that last seconds, and what is to happen to it; or what the embedded data plane cannot do of it. Steps,
 * weights, cohorts, approvals, limits and consequences stay as they are.
 */
export function rehearsalOf(
  plan: Plan,
  options: RehearsalOptions,
): RehearsalPlan | { readonly unable: readonly Unable[] } {
  const { without } = options
  const unable = unableIn(plan).filter(({ name }) => !without.includes(name))
  if (unable.length > 0) return { unable }
  const { windows, after: _, ...kept } = plan
  const rehearsed: Plan = {
    ...kept,
    interval: INTERVAL,
    onInconclusive: { ...plan.onInconclusive, holdFor: Math.min(HOLD, plan.onInconclusive.holdFor) },
    checks: shortened(plan.checks, without),
    actions: plan.actions.flatMap((action) => shortAction(action, options)),
  }
  const faults = faultsFor(rehearsed)
  const rates = allChecks(rehearsed).flatMap((check) =>
    'of' in check && typeof check.of === 'string' ? [check.of] : [],
  )
  return {
    plan: rehearsed,
    runs: faults.flatMap((fault) => ('fault' in fault ? [fault] : [])),
    leftOut: [
      ...allChecks(plan).flatMap(({ name }) => (without.includes(name) ? [`the check ${name}`] : [])),
      ...(without.includes('flags') ? ['its flags'] : []),
      ...faults.flatMap((fault) => ('missed' in fault ? [fault.missed] : [])),
    ],
    standIns: standInsOf(plan, windows !== undefined),
    events: [...new Set(rates)],
  }
}

function unableIn(plan: Plan): readonly Unable[] {
  const queries = allChecks(plan).flatMap((check) =>
    Object.keys(queriesOf(check)).length === 0
      ? []
      : [{ name: check.name, why: `the check ${check.name} asks a store that the embedded data plane does not have` }],
  )
  const flags = {
    name: 'flags',
    why: 'the plan sets flags, and no application of the embedded data plane asks for any',
  }
  return [...queries, ...(flagsIn(plan.actions).length > 0 ? [flags] : [])]
}

function shortened(checks: readonly Check[], without: readonly string[]): readonly Check[] {
  return checks.flatMap((check) => {
    if (without.includes(check.name)) return []
    const { warmsUpFor: _, onFailFlag: __, ...kept } = withFewerRequests(check)
    return [{ ...kept, source: SOURCE }]
  })
}

/** Wherever in the check it stands: each kind has a place of its own for it. */
function withFewerRequests(check: Check): Check {
  return JSON.parse(JSON.stringify(check), (key, value: unknown) =>
    key === 'minRequests' && typeof value === 'number' ? Math.min(FEWEST_REQUESTS, value) : value,
  ) as Check
}

/** What others are asked in production is left out; what the release does itself is done, for seconds. */
function shortAction(action: Action, { longestBake, without }: RehearsalOptions): readonly Action[] {
  switch (action.kind) {
    case 'bake':
      return [
        {
          ...action,
          duration: Math.min(longestBake, action.duration),
          ...(action.raise !== undefined && { raise: { ...action.raise, spend: ANY_COST } }),
        },
      ]
    case 'judge':
      return [
        {
          ...action,
          duration: Math.min(longestBake, action.duration),
          checks: shortened(action.checks, without),
        },
      ]
    case 'expose': {
      const { warmsUpFor: _, ...kept } = action
      const { flags: __, ...exposure } = action.exposure
      return [{ ...kept, exposure }]
    }
    case 'ask':
      return [{ ...action, within: APPROVED_WITHIN }]
    case 'gate':
    case 'call-gate':
    case 'readiness-gate':
    case 'hook':
    case 'tell':
      return []
  }
}

function standInsOf({ actions, proof, after }: Plan, hasWindows: boolean): readonly string[] {
  const has = (kind: Action['kind']) => actions.some((action) => action.kind === kind)
  return [
    ...(has('ask') ? ['approvals are given at once'] : []),
    ...(actions.some((action) => action.kind === 'bake' && action.raise !== undefined)
      ? [`the budget of a ramp is ${ANY_COST}x`]
      : []),
    ...(hasWindows || has('gate') ? ['every window is open'] : []),
    ...(has('readiness-gate') ? ['readiness is not asked'] : []),
    ...(has('hook') || has('call-gate') ? ['no call is sent, each is taken to be done'] : []),
    ...(has('tell') ? ['nobody is told'] : []),
    ...(proof === undefined ? [] : ['versions are those of two demo services']),
    ...(after === undefined ? [] : ['nothing is watched after the promotion']),
  ]
}

/** The runs, and the faults that nothing in the plan looks for. */
function faultsFor(plan: Plan): readonly (PlannedRun | { readonly missed: string })[] {
  const stopping = allChecks(plan).filter((check) => stopsRelease(check, plan.onFail))
  const mayPause = stopping.some((check) => failureOf(check, plan.onFail) === 'pause')
  const stopped: readonly RehearsedEnd[] = mayPause ? ['rolled-back', 'paused'] : ['rolled-back']
  const looksFor = (kinds: readonly string[]) => stopping.filter(({ kind }) => kinds.includes(kind))
  const bad = (fault: RehearsedFault, name: string, kinds: readonly string[], figure: string, reached = Infinity) => {
    const looking = looksFor(kinds)
    if (looking.length === 0) return { missed: `${name}, because no check that stops it looks at ${figure}` }
    if (!looking.every((check) => accepts(check, reached))) return { fault, name, ends: stopped }
    return { missed: `${name}, because ${looking.map((check) => check.name).join(', ')} accepts as much` }
  }
  const hasPartial = plan.actions.some((action) => action.kind === 'expose' && action.exposure.weight < FULL_WEIGHT)
  return [
    { fault: 'none', name: 'a healthy version', ends: ['promoted'] },
    bad('errors', 'a version that fails', ['errorRate'], 'errors', FAILED_SHARE),
    bad('slow', 'a version that is slow', ['latency'], 'latency', SLOW_SECONDS),
    bad('event', 'a business figure that moves', ['rate'], 'events'),
    looksFor(['errorRate', 'latency', 'rate']).length > 0
      ? { fault: 'silent', name: 'metrics that fall silent', ends: ['rolled-back', 'paused'] }
      : { missed: 'metrics that fall silent, because no check that stops it measures anything' },
    { fault: 'dead', name: 'a canary pool that is dead', ends: stopped },
    { fault: 'worker', name: 'a worker that is killed', ends: ['promoted'] },
    hasPartial
      ? { fault: 'back', name: 'forward and back under load', ends: ['rolled-back'] }
      : { missed: 'the way back from a part of the users, because the plan has no step with one' },
  ]
}

/** True for a fixed limit that what is made to happen stays below. */
function accepts(check: Check, reached: number): boolean {
  const { rule } = check as Partial<Pick<ErrorRateCheck | LatencyCheck, 'rule'>>
  return rule?.judge === 'threshold' && rule.max > reached
}
