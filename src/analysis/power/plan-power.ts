import type { Action } from '../../domain/plan/actions.ts'
import {
  type Check,
  comparesWithStable,
  type ErrorRateCheck,
  type KayentaCheck,
  type RateCheck,
} from '../../domain/plan/checks.ts'
import { type Exposure, NO_EXPOSURE } from '../../domain/exposure.ts'
import type { Plan } from '../../domain/plan/plan.ts'
import { type BasisPoints, FULL_WEIGHT, formatDuration, type Milliseconds } from '../../domain/units.ts'
import { errorSight, eventSight } from './event-power.ts'
import type { ExpectedTraffic } from './expected-traffic.ts'
import { formatCount, formatRatio, formatSeconds } from '../explain.ts'
import { dueJudgments, MOST_POINTS, MOST_STEPS } from '../kayenta/kayenta-judge.ts'
import { slowdownSight } from './latency-power.ts'
import { errorLimitSight, latencyLimitSight } from './limit-power.ts'
import { errorRatioSight, latencyRatioSight } from './ratio-power.ts'
import {
  type BakePlan,
  describePower,
  describeSetting,
  expectedRequests,
  powerOfBake,
  type Sight,
  smallestSize,
} from './power.ts'

/** How well one check sees a bad canary in one stretch of watched time. Plain JSON. */
export interface StepPower {
  /** The plan's step, from 1; null for a check of which only the whole release can be told. */
  readonly step: number | null
  readonly label: string
  readonly check: string
  readonly weight: BasisPoints
  readonly bake: Milliseconds
  /** What a bad canary does; null when it is not known. */
  readonly regression: (Size & { readonly said: string }) | null
  /** Probability to fail the canary in this stretch alone, in [0, 1]; null when there is no figure. */
  readonly power: number | null
  /** The bake that would have 90%; null when this one has, when none up to 30 days has, and without a figure. */
  readonly needs: Milliseconds | null
  /** The smallest regression that this bake sees with 90%; null when there is none, and without a figure. */
  readonly from: Size | null
  /**
   * Probability to fail, in this stretch alone, a canary that is as stable is; null for a check against stable, whose part
   * of the error budget bounds it over the whole release, and without a figure.
   */
  readonly falseAlarm: number | null
  /** How long its `minRequests` take; null for a check that has none, or that sees nothing here. */
  readonly wait: Wait | null
  /** The figure as a sentence, or why there is none. */
  readonly text: string
  readonly isWeak: boolean
}

/** What a check waits for before it can pass, or a limit before a first look counts. */
export interface Wait {
  readonly requests: number
  /** Until so many are expected; null when they never come. */
  readonly time: Milliseconds | null
  /** True when the stretch, with those before it at the same exposure, is over earlier. */
  readonly isTooLong: boolean
  /** `at 3 requests/s and 1% errors needs 27m 47s for its 50 requests on the canary …` */
  readonly text: string
}

/** The size of a regression, a share of requests or a ratio of canary to stable, as a number and for people. */
export interface Size {
  readonly size: number
  readonly text: string
}

/** Below this a bake is more likely to miss the regression than to see it. */
const WEAK = 0.5

/** All of {@link powersOf}. */
export function powerOf(plan: Plan, traffic: ExpectedTraffic): readonly StepPower[] {
  return [...powersOf(plan, traffic)]
}

/**
 * The power of every check in every bake and analysis; each `next` does the work of one, so that the caller can breathe
 * between them. Each stretch is looked at alone; in a release the evidence of earlier ones counts too, so that the whole
 * plan sees more than its best step. Checks of which there is no figure have one row that says why.
 */
export function* powersOf(plan: Plan, traffic: ExpectedTraffic): Generator<StepPower, void> {
  const ask = createAsker(traffic)
  const { requestsPerSecond: rps } = traffic
  let exposure = NO_EXPOSURE
  let watched: Milliseconds = 0
  for (const action of plan.actions) {
    if (action.kind === 'expose') {
      exposure = action.exposure
      watched = 0
    }
    if (action.kind !== 'bake' && action.kind !== 'judge') continue
    const place = { step: action.step, label: action.label, weight: exposure.weight, bake: action.duration }
    watched += action.duration
    const own = action.kind === 'judge' ? action.checks : []
    for (const check of [...plan.checks, ...own]) {
      const words = wordsOnly(check, action.duration)
      if (words === null) {
        // An analysis watches its own checks from its own beginning.
        const waited = own.includes(check) ? action.duration : watched
        yield {
          ...ask(check, place, exposure, plan.interval),
          wait: waitOf(check, { place, exposure, waited }, plan, rps),
        }
      } else if (own.includes(check)) yield { ...NO_FIGURE, ...place, check: check.name, ...words }
    }
  }
  const bake = watchedTime(plan.actions)
  for (const check of plan.checks) {
    const words = wordsOnly(check, bake)
    if (words !== null)
      yield { ...NO_FIGURE, step: null, label: 'the whole release', weight: 0, bake, check: check.name, ...words }
  }
}

const NO_FIGURE = {
  ...{ regression: null, power: null, needs: null, from: null },
  ...{ falseAlarm: null, wait: null, isWeak: false },
} as const

type Place = Pick<StepPower, 'step' | 'label' | 'weight' | 'bake'>

/** Where a check waits, and how long it has watched there by the end. */
interface Waiting {
  readonly place: Place
  readonly exposure: Exposure
  readonly waited: Milliseconds
}

/** How long `minRequests` of a check take, and what that does to the stretch. */
function waitOf(
  check: Check,
  { place, exposure, waited }: Waiting,
  { interval, onInconclusive }: Plan,
  requestsPerSecond: number,
): Wait | null {
  const least = leastRequests(check)
  if (least === null || whyNothing(check, exposure) !== null) return null
  const { weight, bake } = place
  const perSecond = expectedRequests({ requestsPerSecond, weight, bake, interval }, 1_000)
  const isStable = comparesWithStable(check) && perSecond.stable < perSecond.canary
  const slower = isStable ? perSecond.stable : perSecond.canary
  const taken = (least / slower) * 1_000
  const time = Number.isFinite(taken) ? taken : null
  const isTooLong = taken > waited
  const when = time === null ? 'which never come' : `about ${formatDuration(time)}`
  const { holdFor, then } = onInconclusive
  const end =
    taken <= waited + holdFor ? 'waits for them' : `is held for ${formatDuration(holdFor)}, then ${PAST[then]}`
  const held = isTooLong ? `; the bake of ${formatDuration(bake)} ${end}` : ''
  const needed = `${formatCount(least)} requests on ${isStable ? 'stable' : 'the canary'}`
  const text = `${check.name} needs ${needed}, ${when} ${describeSetting({ requestsPerSecond, weight })}${held}`
  return { requests: least, time, isTooLong, text }
}

const PAST = { pause: 'paused', rollback: 'rolled back' } as const

/** Requests that a check waits for; null for one that waits for none. */
function leastRequests(check: Check): number | null {
  switch (check.kind) {
    case 'errorRate':
    case 'latency':
      return Math.max(1, check.rule.minRequests)
    case 'rate':
      return Math.max(1, check.minRequests)
    case 'query':
    case 'kayenta':
    case 'argo':
      return null
  }
}

/** Works out rows; equal questions, as in a ramp, are worked out once. */
function createAsker(traffic: ExpectedTraffic) {
  const asked = new Map<Check, Asked>()
  const answers = new Map<string, Omit<StepPower, keyof Place>>()
  return (check: Check, place: Place, exposure: Exposure, interval: Milliseconds): StepPower => {
    const silent = whyNothing(check, exposure)
    if (silent !== null) return { ...NO_FIGURE, ...place, check: check.name, text: silent }
    const question = asked.get(check) ?? questionOf(check, traffic)
    asked.set(check, question)
    const { weight, bake } = place
    const key = `${check.name} ${weight} ${bake}`
    const stretch = { requestsPerSecond: traffic.requestsPerSecond, weight, bake, interval }
    const answer = answers.get(key) ?? { check: check.name, ...answerTo(question, stretch) }
    answers.set(key, answer)
    return { ...place, ...answer }
  }
}

/** A check with the regression that it is asked about, or why that is not known. */
type Asked = { readonly sight: Sight; readonly size: number } | { readonly why: string }

function answerTo(asked: Asked, stretch: BakePlan): Omit<StepPower, keyof Place | 'check'> {
  if ('why' in asked) return { ...NO_FIGURE, text: asked.why }
  const { sight, size } = asked
  const sized = (value: number | null): Size | null =>
    value === null ? null : { size: value, text: sight.format(value) }
  const regression = { size, text: sight.format(size), said: sight.describe(size) }
  const falseAlarm = sight.falseAlarm?.(stretch) ?? null
  const isAccepted = sight.accepts(size)
  // What a check against stable accepts it does not fail; a limit counts breaches, whatever it accepts.
  if (isAccepted && falseAlarm === null) {
    const from = sized(smallestSize(sight, stretch))
    const said = `${sight.describe(size)} is within what this check accepts`
    const more = from === null ? '' : `; this bake sees ${from.text} with 90% power`
    return { ...NO_FIGURE, regression, from, text: `${said}${more}` }
  }
  const found = powerOfBake(sight, stretch, size)
  const { power, needs } = found
  const text = describePower(sight, stretch, size, found)
  const isWeak = power < WEAK && !isAccepted
  return { regression, power, needs, from: sized(found.from), falseAlarm, wait: null, text, isWeak }
}

/** So many times the accepted slowdown, when none is stated. */
const SLOWER = 1.5
/** So much further than accepted an event's rate changes, when no change is stated. */
const FALL = 3 / 4
const RISE = 4 / 3

function questionOf(check: Check, { errors, latency, slower, events, changes }: ExpectedTraffic): Asked {
  switch (check.kind) {
    case 'errorRate': {
      const { rule } = check
      return { sight: errorSightOf(check, rule, errors.from), size: errors.to }
    }
    case 'latency': {
      const { rule } = check
      if (latency === null) return { why: 'latency is not known: state it with --latency p50=80ms,p99=900ms' }
      if (rule.judge === 'sequential')
        return { sight: slowdownSight(check, rule, latency), size: slower ?? SLOWER * rule.notWorseThan }
      const isRatio = rule.judge === 'relative'
      const sight = isRatio ? latencyRatioSight(check, rule, latency) : latencyLimitSight(check, rule, latency)
      if (sight !== null) return { sight, size: slower ?? (isRatio ? SLOWER * rule.maxRatio : SLOWER) }
      const limit = isRatio ? `${formatRatio(rule.maxRatio)} stable's latency` : formatSeconds(rule.max)
      return { why: `the limit of ${limit} is above the largest latency bucket, so it cannot be seen` }
    }
    case 'rate': {
      const { of } = check
      const base = Object.hasOwn(events, of) ? events[of] : undefined
      if (base === undefined || !(base > 0))
        return { why: `the number of ${of} per request is not known: state it with --event ${of}=3%` }
      const change = (Object.hasOwn(changes, of) ? changes[of] : undefined) ?? usualChange(check)
      const direction = change < 1 ? 'fall' : 'rise'
      const sight = eventSight(check, direction, base)
      return sight === null
        ? { why: `this check sets no ${direction === 'fall' ? 'lower' : 'upper'} limit for ${of}` }
        : { sight, size: change }
    }
    case 'query':
    case 'kayenta':
    case 'argo':
      return { why: 'there is no figure for it' }
  }
}

function errorSightOf(check: ErrorRateCheck, rule: ErrorRateCheck['rule'], from: number): Sight {
  switch (rule.judge) {
    case 'sequential':
      return errorSight(check, rule, from)
    case 'threshold':
      return errorLimitSight(check, rule, from)
    case 'relative':
      return errorRatioSight(check, rule, from)
  }
}

function usualChange({ notBelow, notAbove }: RateCheck): number {
  return notBelow === null ? RISE * (notAbove ?? 1) : FALL * notBelow
}

function whyNothing(check: Check, { weight, cohorts }: Exposure): string | null {
  if (weight === FULL_WEIGHT)
    return comparesWithStable(check)
      ? 'everybody is on the canary: only the past of stable is left to compare with'
      : null
  if (weight > 0) return null
  return cohorts.length === 0 ? 'nobody is on the canary' : `only ${cohorts.join(', ')}: their traffic is not known`
}

/** What can be said about a check that has no power; null for one that has. */
function wordsOnly(check: Check, watched: Milliseconds): Pick<StepPower, 'text' | 'isWeak'> | null {
  switch (check.kind) {
    case 'errorRate':
    case 'latency':
    case 'rate':
      return null
    case 'query':
      return { text: 'the answers to a query, and how much they vary, are not known', isWeak: false }
    case 'argo':
      return { text: 'it judges single measurements, and how much they vary is not known', isWeak: false }
    case 'kayenta':
      return kayentaWords(check, watched)
  }
}

/** Points per metric below which Kayenta's documentation advises against a judgement. */
const ENOUGH_POINTS = 50

function kayentaWords(check: KayentaCheck, watched: Milliseconds): Pick<StepPower, 'text' | 'isWeak'> {
  const usable = Math.max(0, watched - check.warmUp)
  const { count: judgements } = dueJudgments(check, usable)
  const metrics = Math.max(1, Object.keys(check.queries).length)
  const mostSteps = Math.max(1, Math.min(MOST_STEPS, Math.floor(MOST_POINTS / (2 * metrics))))
  const step = Math.max(check.step, check.lifetime / mostSteps)
  const points = Math.floor(Math.min(usable, check.lifetime) / step)
  const given = `${formatDuration(watched)} of watching give ${counted(judgements, 'judgement')} and ${counted(points, 'point')} per metric`
  const lack =
    judgements < 1
      ? `; the first judgement comes after ${formatDuration(check.warmUp + Math.min(check.interval, check.lifetime))}`
      : points < ENOUGH_POINTS
        ? `; Kayenta recommends ${ENOUGH_POINTS} points`
        : ''
  return { text: `Kayenta's score has no error probability; ${given}${lack}`, isWeak: lack !== '' }
}

function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** From the first exposure on; approvals may come at once. */
function watchedTime(actions: readonly Action[]): Milliseconds {
  let isExposed = false
  let watched = 0
  for (const action of actions) {
    if (action.kind === 'expose') isExposed ||= action.exposure.weight > 0 || action.exposure.cohorts.length > 0
    else if (isExposed && action.kind !== 'ask') watched += action.duration
  }
  return watched
}
