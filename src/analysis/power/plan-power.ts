import { type Exposure, NO_EXPOSURE, usesCanary } from '../../domain/exposure.ts'
import type { Action, ExposeAction } from '../../domain/plan/actions.ts'
import type { Check } from '../../domain/plan/checks.ts'
import type { Plan } from '../../domain/plan/plan.ts'
import { warmUpOf } from '../../domain/plan/plan-warm-up.ts'
import { type BasisPoints, FULL_WEIGHT, formatDuration, type Milliseconds } from '../../domain/units.ts'
import { kindOf } from '../checks/index.ts'
import { comparesWithStable } from '../checks/needs.ts'
import { formatCount } from '../explain.ts'
import type { Asked, PowerWords } from './check-power.ts'
import type { ExpectedTraffic, StatedTraffic } from './expected-traffic.ts'
import { describeLowTraffic } from './low-traffic.ts'
import { type BakePlan, describePower, describeSetting, expectedRequests, powerOfBake, smallestSize } from './power.ts'

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
  /** For the first bake in which the check is weak: how long it takes here, and at which weight it would not. */
  readonly lowTraffic?: string
}

/** What a check waits for before it can pass, or a limit before a first look counts. */
interface Wait {
  readonly requests: number
  /** Until so many are expected; null when they never come. */
  readonly time: Milliseconds | null
  /** True when the stretch, with those before it at the same exposure, is over earlier. */
  readonly isTooLong: boolean
  /** `at 3 requests/s and 1% errors needs 27m 47s for its 50 requests on the canary …` */
  readonly text: string
}

/** The size of a regression, a share of requests or a ratio of canary to stable, as a number and for people. */
interface Size {
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
 * between them. Only what is left of a stretch after the warm-up counts. Each stretch is looked at alone; in a release the evidence of earlier ones counts too, so that the whole
 * plan sees more than its best step. Checks of which there is no figure have one row that says why.
 */
export function* powersOf(plan: Plan, traffic: ExpectedTraffic): Generator<StepPower, void> {
  const ask = createAsker(traffic)
  const { requestsPerSecond: rps } = traffic
  let exposure = NO_EXPOSURE
  let exposed: Pick<ExposeAction, 'warmsUpFor'> = {}
  let watched: Milliseconds = 0
  for (const action of plan.actions) {
    if (action.kind === 'expose') {
      exposure = action.exposure
      exposed = action
      watched = 0
    }
    if (action.kind !== 'bake' && action.kind !== 'judge') continue
    // What has gone on in the background is only asked here.
    if (action.kind === 'judge' && action.begunAtStep !== undefined) continue
    // What a ramp with a budget sees adds up over its weights, and it waits where that is not enough.
    const isStay = action.kind === 'bake' && action.raise !== undefined
    const place = { step: action.step, label: action.label, weight: exposure.weight, bake: action.duration }
    const before = watched
    watched += action.duration
    const own = action.kind === 'judge' ? action.checks : []
    for (const check of [...plan.checks, ...own]) {
      const words = wordsOnly(check, action.duration)
      if (words === null) {
        const warmUp = Math.min(action.duration, Math.max(0, warmUpOf(check, exposed) - before))
        // An analysis watches its own checks from its own beginning.
        const waited = own.includes(check)
          ? action.duration - warmUp
          : watched - Math.min(watched, warmUpOf(check, exposed))
        yield {
          ...ask(check, place, exposure, { interval: plan.interval, warmUp, isStay }),
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

/** The first stated event that no check of the plan asks about, and that as a sentence; null when there is none. */
export function unaskedEvent(
  { checks, actions }: Pick<Plan, 'checks' | 'actions'>,
  { events = {}, changes = {} }: StatedTraffic,
): { readonly name: string; readonly problem: string } | null {
  const all = [...checks, ...actions.flatMap((action) => (action.kind === 'judge' ? action.checks : []))]
  const asked = [...new Set(all.flatMap((check) => eventOf(check) ?? []))]
  const name = [...Object.keys(events), ...Object.keys(changes)].find((stated) => !asked.includes(stated))
  if (name === undefined) return null
  const instead = asked.length === 0 ? ', nor for any other event' : `; one of ${asked.join(', ')}`
  return { name, problem: `no check of the plan asks for ${name}${instead}` }
}

function eventOf(check: Check): string | null {
  const power = kindOf(check).power(check)
  return 'words' in power ? null : power.event
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
  const power = kindOf(check).power(check)
  return 'words' in power ? null : Math.max(1, power.leastRequests)
}

/** Works out rows; equal questions, as in a ramp, are worked out once. */
function createAsker(traffic: ExpectedTraffic) {
  const asked = new Map<Check, Asked>()
  const told = new Set<Check>()
  const answers = new Map<string, Omit<StepPower, keyof Place>>()
  return (
    check: Check,
    place: Place,
    exposure: Exposure,
    {
      interval,
      warmUp,
      isStay,
    }: Pick<BakePlan, 'interval'> & { readonly warmUp: Milliseconds; readonly isStay: boolean },
  ): StepPower => {
    const silent = whyNothing(check, exposure)
    if (silent !== null) return { ...NO_FIGURE, ...place, check: check.name, text: silent }
    const question = asked.get(check) ?? questionOf(check, traffic)
    asked.set(check, question)
    const { weight, bake } = place
    const key = `${check.name} ${weight} ${bake} ${warmUp}`
    const stretch = {
      ...{ requestsPerSecond: traffic.requestsPerSecond, weight, interval },
      ...{ bake: bake - warmUp, ...(warmUp > 0 && { warmUp }) },
    }
    const answer = answers.get(key) ?? { check: check.name, ...answerTo(question, stretch) }
    answers.set(key, answer)
    if (isStay) return { ...place, ...answer, isWeak: false }
    const isFirstWeak = answer.isWeak && !told.has(check) && 'sight' in question
    if (!isFirstWeak) return { ...place, ...answer }
    told.add(check)
    return { ...place, ...answer, lowTraffic: describeLowTraffic(check.name, question.sight, stretch, question.size) }
  }
}

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
  const { power } = found
  const needs = found.needs === null ? null : found.needs + (stretch.warmUp ?? 0)
  const text = describePower(sight, stretch, size, found)
  const isWeak = power < WEAK && !isAccepted
  return { regression, power, needs, from: sized(found.from), falseAlarm, wait: null, text, isWeak }
}

function questionOf(check: Check, traffic: ExpectedTraffic): Asked {
  const power = kindOf(check).power(check)
  return 'words' in power ? { why: 'there is no figure for it' } : power.asked(traffic)
}

function whyNothing(check: Check, { weight, cohorts, mirror }: Exposure): string | null {
  if (check.cohort !== undefined) return `it asks about ${check.cohort} alone: their traffic is not known`
  if (weight === FULL_WEIGHT)
    return comparesWithStable(check)
      ? 'everybody is on the canary: only the past of stable is left to compare with'
      : null
  if (weight > 0) return null
  if (mirror !== undefined) return 'only copies of GET and HEAD requests: how many there are is not known'
  return cohorts.length === 0 ? 'nobody is on the canary' : `only ${cohorts.join(', ')}: their traffic is not known`
}

/** What can be said about a check that has no power; null for one that has. */
function wordsOnly(check: Check, watched: Milliseconds): PowerWords | null {
  const power = kindOf(check).power(check)
  return 'words' in power ? power.words(watched) : null
}

/** From the first exposure on; approvals may come at once. */
function watchedTime(actions: readonly Action[]): Milliseconds {
  let isExposed = false
  let watched = 0
  for (const action of actions) {
    if (action.kind === 'expose') isExposed ||= usesCanary(action.exposure)
    else if (isExposed && 'duration' in action) watched += action.duration
  }
  return watched
}
