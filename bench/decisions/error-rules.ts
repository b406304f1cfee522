import type { SplitCounts } from '../../src/analysis/judges/split-test.ts'
import { classifyMetric, type MetricRules } from '../../src/analysis/kayenta/classifier.ts'
import { normalQuantile } from '../../src/analysis/statistics/normal.ts'
import type { RecordedStable } from '../../src/domain/recorded-noise.ts'
import { LOOK_SECONDS } from './error-traffic.ts'
import { sequentialRule, startOurJudge, USUAL_WARM_UP } from './our-judge.ts'
import { eppoReach, growthBookReach, isAbove, statsigReach } from './peers/confidence-sequences.ts'
import { failureLimitCheck, flaggerCheck, NO_BREACH } from './peers/fixed-limits.ts'
import { type EventSplit, lindonMalekEvidence, truncatedEvidence } from './peers/lindon-malek.ts'
import { obrienFlemingConstant } from './peers/obrien-fleming.ts'
import { shareDifference, twoProportionZ } from './peers/proportions.ts'

/** What a rule sees at a look. */
export interface ErrorLook {
  /** Looks before this one. */
  readonly index: number
  readonly counts: SplitCounts
  /** Everything so far, of all weights: what most rules compare. */
  readonly totals: SplitCounts
  /** The minute that ends with this look; null within a minute. */
  readonly minute: SplitCounts | null
  readonly isNewExposure: boolean
}

/** A decision rule at work on one release: true when it would roll back at this look. */
export type ErrorDetector = (look: ErrorLook) => boolean

const ALPHA = 0.05
/** Two checks share the 1% of the README's plan. */
export const README_ALPHA = 0.005
const LIMIT = 0.01
const OBRIEN_FLEMING_LOOKS = 60

const RULES = {
  'flagger-1': () => flagger(1),
  'flagger-10': () => flagger(10),
  'fixed-0': () => fixedLimit(0),
  'fixed-3': () => fixedLimit(3),
  z: () => peekedZ,
  'obrien-fleming': obrienFleming,
  growthbook: () => growthBook,
  eppo: () => eppo,
  statsig: () => statsig,
  'lindon-malek': () => bySplit((split) => lindonMalekEvidence(split, 100)),
  truncated: () => bySplit((split) => truncatedEvidence(split, 20)),
  kayenta,
  ours: () => ours(ALPHA, 1),
  'ours-1%': () => ours(0.01, 1),
  'ours-1.5x': () => ours(ALPHA, 1.5),
  'ours-2x': () => ours(ALPHA, 2),
  'ours-warm': () => ours(ALPHA, 1, USUAL_WARM_UP),
  'ours-recorded': (record) => ours(ALPHA, 1, 0, record),
  'ours-readme': () => ours(README_ALPHA, 1.5),
  'ours-readme-warm': () => ours(README_ALPHA, 1.5, USUAL_WARM_UP),
} as const satisfies Record<string, (record: RecordedStable | null) => ErrorDetector>

/** A named rule, or Sluice as it was calibrated, with an accepted ratio and an error budget: `ours:1.75:0.05`. */
export type ErrorRule = keyof typeof RULES | `ours:${number}:${number}`

export function isErrorRule(name: string): name is ErrorRule {
  return Object.hasOwn(RULES, name) || /^ours:[\d.]+:[\d.]+$/.test(name)
}

/** Starts a rule on a new release; `record` is what stable's past has shown of its noise, for the rules that go by it. */
export function startErrorRule(rule: ErrorRule, record: RecordedStable | null = null): ErrorDetector {
  if (isNamed(rule)) return RULES[rule](record)
  const [, notWorseThan, alpha] = rule.split(':')
  return ours(Number(alpha), Number(notWorseThan), 0, record)
}

/** True for a rule that goes by stable's past. */
export function usesRecord(rule: ErrorRule): boolean {
  return rule === 'ours-recorded' || !isNamed(rule)
}

function isNamed(rule: ErrorRule): rule is keyof typeof RULES {
  return Object.hasOwn(RULES, rule)
}

function ours(alpha: number, notWorseThan: number, warmUp = 0, record: RecordedStable | null = null): ErrorDetector {
  const rule = sequentialRule(alpha, notWorseThan)
  const judge = startOurJudge({ kind: 'errorRate', name: 'errors', source: 'bench', rule }, warmUp, record)
  return ({ counts, isNewExposure }) => judge.look({ counts, isNewExposure, duration: LOOK_SECONDS * 1_000 })
}

function flagger(threshold: number): ErrorDetector {
  let count = NO_BREACH
  return ({ minute }) => {
    if (minute !== null) count = flaggerCheck(count, canaryShare(minute), LIMIT, threshold)
    return count.isOver
  }
}

function fixedLimit(failureLimit: number): ErrorDetector {
  let count = NO_BREACH
  return ({ minute }) => {
    if (minute !== null) count = failureLimitCheck(count, canaryShare(minute), LIMIT, failureLimit)
    return count.isOver
  }
}

function peekedZ({ totals }: ErrorLook): boolean {
  return twoProportionZ(totals) > normalQuantile(1 - ALPHA)
}

const obrienFlemingConstants = new Map<number, number>()
function obrienFleming(): ErrorDetector {
  const known = obrienFlemingConstants.get(OBRIEN_FLEMING_LOOKS)
  const constant = known ?? obrienFlemingConstant(OBRIEN_FLEMING_LOOKS, ALPHA)
  obrienFlemingConstants.set(OBRIEN_FLEMING_LOOKS, constant)
  let look = 0
  return ({ totals, minute }) => {
    if (minute === null) return false
    look += 1
    return look <= OBRIEN_FLEMING_LOOKS && twoProportionZ(totals) >= constant * Math.sqrt(OBRIEN_FLEMING_LOOKS / look)
  }
}

function growthBook({ totals }: ErrorLook): boolean {
  const seen = shareDifference(totals)
  return seen !== null && isAbove(seen, growthBookReach(seen.variance, seen.size, { alpha: ALPHA, sides: 1 }))
}

function eppo({ totals }: ErrorLook): boolean {
  const seen = shareDifference(totals)
  return seen !== null && isAbove(seen, eppoReach(seen.variance, seen.size, { alpha: ALPHA }))
}

function statsig({ totals }: ErrorLook): boolean {
  const seen = shareDifference(totals)
  if (seen === null) return false
  const units =
    unitVariance(totals.canaryEvents / totals.canaryTrials) + unitVariance(totals.stableEvents / totals.stableTrials)
  return isAbove(seen, statsigReach(seen.variance, seen.size, units, ALPHA))
}

/** The events of the whole release so far against the requests' split so far; only "canary worse" is a failure. */
function bySplit(evidence: (split: EventSplit) => number): ErrorDetector {
  return ({ totals }) => {
    const { canaryEvents, stableEvents, canaryTrials, stableTrials } = totals
    const canaryShareOfTrials = canaryTrials / (canaryTrials + stableTrials)
    if (!(canaryShareOfTrials > 0 && canaryShareOfTrials < 1)) return false
    const isWorse = canaryEvents * (1 - canaryShareOfTrials) > stableEvents * canaryShareOfTrials
    return isWorse && evidence({ canaryEvents, stableEvents, canaryShare: canaryShareOfTrials }) >= -Math.log(ALPHA)
  }
}

const KAYENTA_MINUTES = 5
export const KAYENTA_RULES: MetricRules = {
  direction: 'increase',
  nanStrategy: 'remove',
  mustHaveData: false,
  critical: false,
  effect: { measure: 'meanRatio', allowedIncrease: 1, allowedDecrease: 1, criticalIncrease: 1, criticalDecrease: 1 },
  outlierFactor: null,
}

function kayenta(): ErrorDetector {
  const points = { canary: [] as number[], baseline: [] as number[] }
  return ({ minute }) => {
    if (minute === null) return false
    points.canary.push(canaryShare(minute) ?? Number.NaN)
    points.baseline.push(minute.stableEvents / minute.stableTrials)
    if (points.canary.length % KAYENTA_MINUTES !== 0) return false
    return classifyMetric(points, KAYENTA_RULES).label === 'high'
  }
}

function canaryShare(counts: SplitCounts): number | null {
  return counts.canaryTrials > 0 ? counts.canaryEvents / counts.canaryTrials : null
}

function unitVariance(share: number): number {
  return share * (1 - share)
}
