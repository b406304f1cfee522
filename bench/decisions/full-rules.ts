import type { ListedCheck as Check } from '../../src/analysis/checks/index.ts'
import { classifyMetric } from '../../src/analysis/kayenta/classifier.ts'
import { normalQuantile } from '../../src/analysis/statistics/normal.ts'
import { type AgainstPastState, judgeAlone } from '../../src/analysis/traffic/against-past.ts'
import type { StablePast } from '../../src/analysis/traffic/past.ts'
import type { Season } from '../../src/analysis/traffic/season.ts'
import type { ArmCounts, MetricResult } from '../../src/domain/observation.ts'
import type { Instant, Milliseconds } from '../../src/domain/units.ts'
import { KAYENTA_RULES } from './error-rules.ts'
import { type FullTraffic, MINUTE } from './full-traffic.ts'
import { sequentialRule } from './our-judge.ts'
import { failureLimitCheck, NO_BREACH } from './peers/fixed-limits.ts'

/** What is known when a version has just got everybody: its last hour beside stable, and the record before. */
export interface FullStart {
  readonly what: FullTraffic['what']
  readonly past: StablePast
  readonly season: Season | null
  /** The hour of stable, minute by minute. */
  readonly before: readonly ArmCounts[]
}

export interface FullLook {
  readonly start: Instant
  readonly duration: Milliseconds
  readonly counts: ArmCounts
}

/** A rule at work on a version that everybody is on: true when it would roll back at this look. */
export type FullDetector = (look: FullLook) => boolean

const RULES = {
  'full-ours': (start: FullStart) => ours(start, start.season, 0.05, 1),
  'full-ours-1.5x': (start: FullStart) => ours(start, start.season, 0.01, 1.5),
  'full-ours-release': (start: FullStart) => ours(start, null, 0.01, 1.5),
  'full-fixed': (start: FullStart) => perMinute(start, fixedLimit),
  'full-z': (start: FullStart) => perMinute(start, peekedZ),
  'full-kayenta': (start: FullStart) => perMinute(start, kayenta),
} as const satisfies Record<string, (start: FullStart) => FullDetector>

export type FullRule = keyof typeof RULES

export function isFullRule(name: string): name is FullRule {
  return Object.hasOwn(RULES, name)
}

export function isOurs(rule: FullRule): boolean {
  return rule.startsWith('full-ours')
}

/** Starts a rule at the promotion. */
export function startFullRule(rule: FullRule, start: FullStart): FullDetector {
  return RULES[rule](start)
}

function checkOf(what: FullTraffic['what'], alpha: number, ratio: number): Check {
  const rule = sequentialRule(alpha, ratio)
  switch (what) {
    case 'errors':
      return { kind: 'errorRate', name: 'errors', source: 'bench', rule }
    case 'orders':
      return {
        ...{ kind: 'rate', name: 'orders', source: 'bench', of: 'orders', minRequests: 50, alpha },
        ...{ notBelow: 1 / ratio, notAbove: null },
      }
    case 'latency':
      return { kind: 'latency', name: 'latency', source: 'bench', quantiles: [0.5, 0.95, 0.99], rule }
  }
}

const NOBODY: MetricResult<ArmCounts> = { kind: 'noData', reason: 'nobody is there' }

function ours({ what, past }: FullStart, season: Season | null, alpha: number, ratio: number): FullDetector {
  const check = checkOf(what, alpha, ratio)
  let state: AgainstPastState | null = null
  return ({ start, duration, counts }) => {
    const end = start + duration
    const input = { at: end, window: { start, end }, readings: {}, stable: NOBODY }
    const step = judgeAlone(check, state, { past, season }, { ...input, canary: { kind: 'value', value: counts } }, 0)
    state = step?.state ?? null
    return step?.outcome === 'fail'
  }
}

/** One number of a minute for rules that compare numbers: more is worse. */
type Numbers = (counts: ArmCounts) => { readonly events: number; readonly requests: number }

function numbersOf(what: FullTraffic['what']): Numbers {
  switch (what) {
    case 'errors':
      return ({ errors, requests }) => ({ events: errors, requests })
    case 'orders':
      return ({ events, requests }) => ({ events: requests - (events.orders ?? 0), requests })
    case 'latency':
      // Slower than 500 ms: p99 is about 400 ms.
      return ({ latency, requests }) => ({
        events: (latency?.counts ?? []).slice(7).reduce((a, b) => a + b, 0),
        requests,
      })
  }
}

/** A rule that sees one pair of numbers a minute, looks of less being added up. */
function perMinute(start: FullStart, rule: (before: readonly ReturnType<Numbers>[]) => MinuteDetector): FullDetector {
  const numbers = numbersOf(start.what)
  const detector = rule(start.before.map(numbers))
  let [events, requests, time] = [0, 0, 0]
  return ({ counts, duration }) => {
    const seen = numbers(counts)
    events += seen.events
    requests += seen.requests
    time += duration
    if (time < MINUTE) return false
    const minute = { events, requests }
    ;[events, requests, time] = [0, 0, 0]
    return detector(minute)
  }
}

type MinuteDetector = (minute: ReturnType<Numbers>) => boolean

/** Three times what stable's hour showed (of what is left, where more is no share any more), more than three minutes. */
function fixedLimit(before: readonly ReturnType<Numbers>[]): MinuteDetector {
  const { events, requests } = sum(before)
  const share = (events + 1) / requests
  const limit = share < 1 / 3 ? 3 * share : 1 - (1 - share) / 2
  let count = NO_BREACH
  return (minute) => {
    count = failureLimitCheck(count, minute.requests > 0 ? minute.events / minute.requests : null, limit, 3)
    return count.isOver
  }
}

/** Two proportions: the hour of stable against all of the canary so far, one-sided at .05, looked at every minute. */
function peekedZ(before: readonly ReturnType<Numbers>[]): MinuteDetector {
  const past = sum(before)
  let seen = { events: 0, requests: 0 }
  return (minute) => {
    seen = sum([seen, minute])
    const pooled = (past.events + seen.events) / (past.requests + seen.requests)
    const error = Math.sqrt(pooled * (1 - pooled) * (1 / past.requests + 1 / seen.requests))
    return (seen.events / seen.requests - past.events / past.requests) / error > normalQuantile(0.95)
  }
}

/** Kayenta on the hour of stable and the last hour of the canary, one point a minute, judged every five minutes. */
function kayenta(before: readonly ReturnType<Numbers>[]): MinuteDetector {
  const share = ({ events, requests }: ReturnType<Numbers>) => (requests > 0 ? events / requests : Number.NaN)
  const baseline = before.map(share)
  let [canary, minutes] = [[] as readonly number[], 0]
  return (minute) => {
    minutes += 1
    canary = [...canary, share(minute)].slice(-60)
    return minutes % 5 === 0 && classifyMetric({ canary, baseline }, KAYENTA_RULES).label === 'high'
  }
}

function sum(parts: readonly ReturnType<Numbers>[]): ReturnType<Numbers> {
  return parts.reduce((total, { events, requests }) => ({
    events: total.events + events,
    requests: total.requests + requests,
  }))
}
