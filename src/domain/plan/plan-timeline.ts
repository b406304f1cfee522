import type { Action } from './actions.ts'
import {
  type Check,
  floorOf,
  type LatencyCheck,
  type RelativeRule,
  type SequentialRule,
  type ThresholdRule,
} from './checks.ts'
import { type Exposure, NO_EXPOSURE } from '../exposure.ts'
import type { Plan } from './plan.ts'
import { formatDuration, formatPercent, type Milliseconds } from '../units.ts'

/** One action of a plan in time. */
export interface TimelineRow {
  readonly kind: Action['kind']
  /** The plan's step, from 1. */
  readonly step: number
  readonly label: string
  /** Since the start, when every approval comes at once and every bake takes its whole time. */
  readonly start: Milliseconds
  /** Planned time; 0 for what takes none and for an approval that comes at once. */
  readonly duration: Milliseconds
  /** Who has the new version while this runs. */
  readonly exposure: Exposure
  /** What the label does not say, as sentences. */
  readonly details: readonly string[]
}

/** One check as people ask it. */
export interface TimelineCheck {
  readonly name: string
  readonly kind: Check['kind']
  readonly question: string
  /** Probability of a false alarm of this check over the release, or null when it controls none. */
  readonly alpha: number | null
  /** The step that alone watches it, or null for the whole release. */
  readonly step: number | null
}

/** A plan as a person reads it before it starts. Plain JSON. */
interface Timeline {
  readonly rows: readonly TimelineRow[]
  /** All bakes and analyses at their whole length, approvals at once. */
  readonly planned: Milliseconds
  /** As `planned`, but bakes that may end when proven end at once. */
  readonly shortest: Milliseconds
  /** How long the approvals may take on top before they expire. */
  readonly waiting: Milliseconds
  readonly checks: readonly TimelineCheck[]
}

/** Lays out a plan in time: exposures take none, bakes their duration, approvals none (they may come at once). */
export function timelineOf({ actions, checks, interval }: Plan): Timeline {
  const rows: TimelineRow[] = []
  let start: Milliseconds = 0
  let shortest: Milliseconds = 0
  let waiting: Milliseconds = 0
  let exposure = NO_EXPOSURE
  for (const action of actions) {
    if (action.kind === 'expose') exposure = action.exposure
    const duration = durationOf(action)
    const { kind, step, label } = action
    rows.push({
      kind,
      step,
      label,
      start,
      duration,
      exposure,
      details: [...detailsOf(action), ...looksIn(action, checks, interval)],
    })
    start += duration
    if (!isEndedEarly(action)) shortest += duration
    if (action.kind === 'ask') waiting += action.within
  }
  const own = actions.flatMap((action) =>
    action.kind === 'judge' ? action.checks.map((check) => checkOf(check, action.step)) : [],
  )
  return { rows, planned: start, shortest, waiting, checks: [...checks.map((check) => checkOf(check, null)), ...own] }
}

/** What a check asks, in one line: `failed requests at most 1.5x as frequent as on stable`. */
function questionOf(check: Check): string {
  switch (check.kind) {
    case 'errorRate':
      return `failed requests at most ${limitOf(check.rule, "x stable's share", (share) => formatPercent(share, 6))}`
    case 'latency': {
      const quantiles = check.quantiles.map(quantileName).join(', ')
      if (check.rule.judge === 'sequential')
        return `${slowPartOf(check)} at most ${check.rule.notWorseThan}x as slow as on stable (shows ${quantiles})`
      return `${quantiles} at most ${limitOf(check.rule, "x stable's", (max) => formatDuration(max * 1_000))}`
    }
    case 'rate': {
      const sides = [
        ...(check.notBelow === null ? [] : [`at least ${check.notBelow}x`]),
        ...(check.notAbove === null ? [] : [`at most ${check.notAbove}x`]),
      ]
      return `${check.of} per request ${sides.join(' and ')} stable's`
    }
    case 'query': {
      const sides = [
        ...(check.fail === null ? [] : [`fails when ${check.fail}`]),
        ...(check.pass === null ? [] : [`passes when ${check.pass}`]),
      ]
      return `${sides.join('; ')}${hysteresis(check)}`
    }
    case 'kayenta':
      return `Kayenta's score, ${Object.keys(check.queries).length} metrics over ${formatDuration(check.lifetime)}: passes at ${check.pass}, fails below ${check.marginal}`
    case 'argo':
      return `Argo's rules${check.interval === null ? '' : ` every ${formatDuration(check.interval)}`}${conditions(check.successCondition, check.failureCondition)}${check.query.includes('$pool') ? '' : '; its query has no $pool'}`
  }
}

/** What a latency check against stable compares, whatever quantiles it shows. */
function slowPartOf(check: LatencyCheck): string {
  const floor = floorOf(check)
  return floor === 0.5 ? 'the slower half of the requests' : `requests from ${quantileName(floor)} up`
}

function quantileName(quantile: number): string {
  return `p${Number((quantile * 100).toPrecision(6))}`
}

function limitOf(
  rule: SequentialRule | ThresholdRule | RelativeRule,
  ofStable: string,
  format: (max: number) => string,
): string {
  switch (rule.judge) {
    case 'sequential':
      return `${rule.notWorseThan}${ofStable}`
    case 'threshold':
      return `${format(rule.max)}${hysteresis(rule)}`
    case 'relative':
      return `${rule.maxRatio}${ofStable} in each look${hysteresis(rule)}`
  }
}

function checkOf(check: Check, step: number | null): TimelineCheck {
  return { name: check.name, kind: check.kind, question: questionOf(check), alpha: alphaOf(check), step }
}

function alphaOf(check: Check): number | null {
  switch (check.kind) {
    case 'errorRate':
    case 'latency':
      return alphaOfRule(check.rule)
    case 'rate':
      return check.alpha
    case 'query':
    case 'kayenta':
    case 'argo':
      return null
  }
}

function alphaOfRule(rule: SequentialRule | ThresholdRule | RelativeRule): number | null {
  return rule.judge === 'sequential' ? rule.alpha : null
}

function durationOf(action: Action): Milliseconds {
  switch (action.kind) {
    case 'bake':
    case 'judge':
      return action.duration
    case 'expose':
    case 'ask':
      return 0
  }
}

function isEndedEarly(action: Action): boolean {
  return action.kind === 'bake' && action.until === 'proven'
}

function detailsOf(action: Action): readonly string[] {
  switch (action.kind) {
    case 'expose':
      return []
    case 'bake':
      return isEndedEarly(action) ? ['sooner, once every check has shown it is not worse'] : []
    case 'judge':
      return [`must pass: ${action.checks.map(({ name }) => name).join(', ')}`]
    case 'ask':
      return [
        `asks ${action.people.join(', ') || 'nobody yet'}${action.notAuthor ? ', but not the author' : ''}`,
        `without an answer after ${formatDuration(action.within)}: ${action.onExpiry}`,
      ]
  }
}

/** A wait that ends before the guard has looked twice may have to be held for the second look. */
function looksIn(action: Action, checks: readonly Check[], interval: Milliseconds): readonly string[] {
  if (action.kind !== 'bake' && action.kind !== 'judge') return []
  const isWatched = checks.length > 0 || action.kind === 'judge'
  if (!isWatched || action.duration >= 2 * interval) return []
  const every = formatDuration(interval)
  return [`the guard looks once in it (every ${every}): it may be held for up to ${every} more`]
}

function hysteresis({ failures, of }: { readonly failures: number; readonly of: number }): string {
  return failures === 1 && of === 1 ? '' : `, ${failures} of ${of} looks`
}

function conditions(success: string | null, failure: string | null): string {
  const parts = [
    ...(success === null ? [] : [`success: ${success}`]),
    ...(failure === null ? [] : [`failure: ${failure}`]),
  ]
  return parts.length === 0 ? '' : `; ${parts.join('; ')}`
}
