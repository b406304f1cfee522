import { z } from 'zod'
import { defineReading } from '../../domain/plan/check-form.ts'
import { durationText, quantileText, ratioText } from '../../domain/plan/plan-values.ts'
import { formatDuration } from '../../domain/units.ts'
import { slower } from '../calibration/worse-arms.ts'
import { formatRatio, formatSeconds } from '../explain.ts'
import { totalOf } from '../histogram.ts'
import { floorOf } from '../judges/sequential/latency-floor.ts'
import { stepLatency } from '../judges/sequential/latency-judge.ts'
import { type LatencyState, startLatency } from '../judges/sequential/latency-state.ts'
import { latencyProof } from '../judges/sequential/promotion-evidence.ts'
import { SLOWDOWN_LOG_WEIGHTS } from '../judges/sequential/slowdown-test.ts'
import { logMeanWealth } from '../judges/sequential/wealth.ts'
import type { Asked } from '../power/check-power.ts'
import type { ExpectedTraffic } from '../power/expected-traffic.ts'
import { slowdownSight } from '../power/latency-power.ts'
import { latencyLimitSight } from '../power/limit-power.ts'
import { latencyRatioSight } from '../power/ratio-power.ts'
import { acceptedBy, latencyClaims } from '../traffic/past-claims.ts'
import { type CheckKind, defineCheck, NO_EVIDENCE } from './check-kind.ts'
import { latencyLimits } from './latency-limits.ts'
import {
  alphaOfRule,
  enterAfresh,
  LIMIT_STATES,
  type LimitState,
  limitOf,
  startLimit,
  stepLimit,
  toleranceOfRule,
} from './limits.ts'
import { common, hysteresis, limitRules, readRule, sequential } from './options.ts'
import type { LatencyCheck } from './shapes.ts'

export const latencyKind: CheckKind<LatencyCheck> = defineCheck<LatencyCheck, LatencyState | LimitState>({
  kind: 'latency',
  summary: 'Request latency at some quantiles, against stable (`notWorseThan`, `maxRatio`) or a fixed limit (`max`).',
  reading: defineReading({
    schema: z.strictObject({
      ...common,
      ...sequential,
      ...hysteresis,
      quantiles: z.array(quantileText).min(1).max(8),
      notWorseThan: ratioText.optional(),
      max: durationText.transform((milliseconds) => milliseconds / 1_000).optional(),
      maxRatio: ratioText.optional(),
    }),
    needs: () => 'latency',
    rules: limitRules,
    read(options, { name, source }) {
      const { rule, ...claim } = readRule(options)
      const quantiles = [...new Set(options.quantiles)].sort((left, right) => left - right)
      return { ...claim, complete: (alpha) => ({ kind: 'latency', name, source, quantiles, rule: rule(alpha) }) }
    },
  }),
  question(check) {
    const { rule } = check
    const quantiles = check.quantiles.map(quantileName).join(', ')
    if (rule.judge === 'sequential')
      return `${slowPartOf(check)} at most ${rule.notWorseThan}x as slow as on stable (shows ${quantiles})`
    return `${quantiles} at most ${limitOf(rule, "x stable's", (max) => formatDuration(max * 1_000))}`
  },
  comparesWithStable: ({ rule }) => rule.judge !== 'threshold',
  alpha: ({ rule }) => alphaOfRule(rule),
  missing: (_check, { latency }) => latency,
  states: ['latency', ...LIMIT_STATES],
  start: ({ rule }) => (rule.judge === 'sequential' ? startLatency() : startLimit(rule)),
  step(check, state, input) {
    const { rule } = check
    if (rule.judge !== 'sequential') return stepLimit(latencyLimits(check), rule, state, input)
    return stepLatency(check, rule, state.kind === 'latency' ? state : startLatency(), input)
  },
  enter: enterAfresh,
  evidence: (state) =>
    state.kind === 'latency'
      ? { strongest: state.wealth.logPeak, now: logMeanWealth(state.wealth, SLOWDOWN_LOG_WEIGHTS) }
      : NO_EVIDENCE,
  power: (check) => ({
    leastRequests: check.rule.minRequests,
    event: null,
    asked: (traffic) => askedOf(check, traffic),
  }),
  proof: (check) => (check.rule.judge === 'sequential' ? latencyProof(check, check.rule) : null),
  pastClaims: ({ quantiles, rule }, past) => latencyClaims(past, quantiles, acceptedBy(rule)),
  calibrate: (check) => ({
    cost: COST,
    events: null,
    worsen: slower,
    lack: (windows) =>
      windows.every(({ counts }) => counts.latency === null || totalOf(counts.latency) === 0)
        ? 'the recording holds no latencies'
        : null,
    tolerance: toleranceOfRule(check, Math.ceil(10 / (1 - Math.max(0.5, ...check.quantiles)))),
  }),
})

/** A look at a latency histogram takes about so many times as long as one at a rate (measured). */
const COST = 5
/** So many times the accepted slowdown, when none is stated. */
const SLOWER = 1.5

function askedOf(check: LatencyCheck, { latency, slower: stated, noise }: ExpectedTraffic): Asked {
  const { rule } = check
  if (latency === null) return { why: 'latency is not known: state it with --latency p50=80ms,p99=900ms' }
  if (rule.judge === 'sequential')
    return { sight: slowdownSight(check, rule, latency, noise?.slow), size: stated ?? SLOWER * rule.notWorseThan }
  const isRatio = rule.judge === 'relative'
  const sight = isRatio ? latencyRatioSight(check, rule, latency) : latencyLimitSight(check, rule, latency)
  if (sight !== null) return { sight, size: stated ?? (isRatio ? SLOWER * rule.maxRatio : SLOWER) }
  const limit = isRatio ? `${formatRatio(rule.maxRatio)} stable's latency` : formatSeconds(rule.max)
  return { why: `the limit of ${limit} is above the largest latency bucket, so it cannot be seen` }
}

/** What a latency check against stable compares, whatever quantiles it shows. */
function slowPartOf(check: LatencyCheck): string {
  const floor = floorOf(check)
  return floor === 0.5 ? 'the slower half of the requests' : `requests from ${quantileName(floor)} up`
}

function quantileName(quantile: number): string {
  return `p${Number((quantile * 100).toPrecision(6))}`
}
