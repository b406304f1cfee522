import type { MetricSourceCapabilities } from '../../domain/capabilities.ts'
import type { TargetFacts } from '../../domain/plan/plan-context.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import {
  type BasisPoints,
  FULL_WEIGHT,
  formatPercent,
  formatWeight,
  type Milliseconds,
  writeDuration,
} from '../../domain/units.ts'

/** One step as a plan says it, and why it is there. */
export interface LaidStep {
  readonly written: Readonly<Record<string, unknown>>
  readonly why: string | null
  /** The weight that a bake is to see the harm at; null for what sees nothing, or together with others. */
  readonly seesAt: BasisPoints | null
}

/** A plan before it is text. */
export interface PlanLayout {
  readonly confidence: string | null
  readonly steps: readonly LaidStep[]
  readonly checks: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** How long each weight must be held to see the harm; null where no bake that anybody would wait for does. */
type BakeFor = (weight: BasisPoints) => Milliseconds | null

/** What is feared of a version: so many times stable's share of failed requests. */
export interface FearedHarm {
  readonly times: number
}

const MINUTE: Milliseconds = 60_000
const HOUR: Milliseconds = 60 * MINUTE
/** Weights that a designed plan may have; what the router cannot set is left out. */
const WEIGHTS: readonly BasisPoints[] = [10, 20, 50, 100, 200, 500, 1_000, 2_500, 5_000]
/** Where no policy asks for less: a smaller first weight is seen by so few that only time makes up for it. */
const USUAL_FIRST: BasisPoints = 100
/** The largest first weight that is proposed where only time helps. */
const LARGEST_FIRST: BasisPoints = 1_000
/** Traffic carries a weight, or a ramp, whose harm is seen in so long. */
const SOON: Milliseconds = 30 * MINUTE
export const SHORTEST_BAKE: Milliseconds = 5 * MINUTE
/** Longer than this nobody waits for one bake: then the plan says what it cannot see. */
export const LONGEST_BAKE: Milliseconds = 12 * HOUR
/** A ramp with a budget holds its first and its last weight for as long as is written; what it does between is its own. */
const HELD_WITH_RAMP = 2
const RAMP_AT_LEAST: Milliseconds = 6 * MINUTE
const AFTERWARDS: Milliseconds = 30 * MINUTE
/** A check against stable accepts at most so much, whatever is feared. */
const MOST_ACCEPTED = 1.5

/** Every weight that a plan for this target may have, each held for a while: what the power of each is asked with. */
export function layLadder(facts: TargetFacts, harm: FearedHarm): PlanLayout {
  const { each, total } = demandsOf(facts)
  const held = usableWeights(facts).map((weight) => ({ weight, bake: Math.max(SHORTEST_BAKE, each) }))
  return planOf(fixedSteps(heldFor(total, held), null), facts, harm)
}

/** The plan for a target: a small first weight, then as fast as the evidence lets it where the traffic carries that. */
export function layPlan(
  facts: TargetFacts,
  harm: FearedHarm,
  { bakeFor, bearsRamp }: { readonly bakeFor: BakeFor; readonly bearsRamp: boolean },
): PlanLayout {
  const { each, total, leastSteps, firstWeight } = demandsOf(facts)
  const weights = usableWeights(facts)
  const held = (weight: BasisPoints): HeldWeight => ({
    weight,
    bake: Math.max(roundedUp(bakeFor(weight) ?? LONGEST_BAKE), each),
  })
  const isSoon = (weight: BasisPoints): boolean => (bakeFor(weight) ?? Number.POSITIVE_INFINITY) <= SOON
  const most = Math.min(LARGEST_FIRST, firstWeight)
  const small = weights.filter(
    (weight, index) => index === 0 || (weight <= most && weights.length - index >= leastSteps),
  )
  const first = small.find(isSoon) ?? small.at(-1) ?? 0
  const last = weights.at(-1) ?? first
  const later = weights.filter((weight) => weight > first)
  if (bearsRamp && isSoon(first) && last > first && each === 0 && leastSteps <= HELD_WITH_RAMP)
    return planOf(rampSteps(heldFor(total, [held(first), held(last)], RAMP_AT_LEAST), harm), facts, harm)
  // Where every bake takes long, weights between cost time and show nothing that the last does not.
  const between = isSoon(first) || leastSteps > 2 ? later : later.filter((weight) => weight === last)
  const why = each > 0 || leastSteps > HELD_WITH_RAMP ? ORDERED_WHY : SLOW_WHY
  return planOf(fixedSteps(heldFor(total, [first, ...between].map(held)), why), facts, harm)
}

/** What the policies of a target ask of its plans together. */
interface Demands {
  readonly firstWeight: BasisPoints
  readonly leastSteps: number
  readonly each: Milliseconds
  readonly total: Milliseconds
  readonly confidence: number
  readonly approvals: NonNullable<Policy['approvals']>
  readonly checks: NonNullable<Policy['checks']>
}

function demandsOf({ policies = [] }: TargetFacts): Demands {
  const rules = policies.map(({ policy }) => policy)
  return {
    firstWeight: Math.min(FULL_WEIGHT, ...rules.map((rule) => rule.firstWeight ?? FULL_WEIGHT)),
    leastSteps: Math.max(1, ...rules.map((rule) => rule.leastSteps ?? 1)),
    each: Math.max(0, ...rules.map(({ bake }) => bake?.each ?? 0)),
    total: Math.max(0, ...rules.map(({ bake }) => bake?.total ?? 0)),
    confidence: Math.max(0, ...rules.map((rule) => rule.confidence ?? 0)),
    approvals: rules.flatMap(({ approvals = [] }) => approvals),
    checks: rules.flatMap(({ checks = [] }) => checks),
  }
}

/** The metric source whose failed requests the plan compares; null where the target has none. */
export function sourceOf({ metrics }: Pick<TargetFacts, 'metrics'>): string | null {
  return sourcesWith(metrics, ({ counts }) => counts)[0] ?? null
}

/** The weights between nobody and everybody that a plan may have; none where the router cannot set them as policies ask. */
export function usableWeights(facts: TargetFacts): readonly BasisPoints[] {
  const { firstWeight, leastSteps } = demandsOf(facts)
  const step = facts.router?.capabilities.weightStep ?? FULL_WEIGHT
  const settable = WEIGHTS.filter((weight) => weight % step === 0)
  const smallest =
    settable.findLast((weight) => weight <= Math.min(firstWeight, USUAL_FIRST)) ??
    multipleOf(step, Math.min(firstWeight, settable[0] ?? FULL_WEIGHT))
  if (smallest === 0 || smallest === FULL_WEIGHT) return []
  const usual = [smallest, ...settable.filter((weight) => weight > smallest)]
  if (usual.length >= leastSteps) return usual
  const even = evenly(smallest, leastSteps, step)
  return even.length < leastSteps ? [] : even
}

/** So many weights, from the smallest to half of the users, or further where the steps of the router are large. */
function evenly(smallest: BasisPoints, count: number, step: BasisPoints): readonly BasisPoints[] {
  const last = Math.min(FULL_WEIGHT - step, Math.max(FULL_WEIGHT / 2, smallest + step * (count - 1)))
  const even = (index: number) => smallest + multipleOf(step, ((last - smallest) * index) / (count - 1))
  return [...new Set(Array.from({ length: count }, (_, index) => even(index)))]
}

/** The largest multiple that is not above the weight. */
function multipleOf(step: BasisPoints, weight: BasisPoints): BasisPoints {
  return Math.floor(weight / step) * step
}

interface HeldWeight {
  readonly weight: BasisPoints
  readonly bake: Milliseconds
}

/** The last weight is held for what all lack of the time that is asked for before everybody has the version. */
function heldFor(total: Milliseconds, held: readonly HeldWeight[], besides: Milliseconds = 0): readonly HeldWeight[] {
  const lacking = roundedUp(held.reduce((rest, { bake }) => rest - bake, total - besides))
  return held.map((one) => (one === held.at(-1) ? { ...one, bake: one.bake + lacking } : one))
}

function fixedSteps(held: readonly HeldWeight[], why: string | null): readonly LaidStep[] {
  return held.flatMap((one, index) => [weightStep(one.weight, [FIRST_WHY, why][index] ?? null), bakeStep(one)])
}

const FIRST_WHY = 'Few users first: what is grossly bad is found where the fewest have it.'
const ORDERED_WHY = 'No ramp with a budget: a policy of this target says which weights are held, or how long.'
const SLOW_WHY = 'No ramp with a budget: too few requests fail for it to be decided in time.'

function rampSteps(held: readonly HeldWeight[], { times }: FearedHarm): readonly LaidStep[] {
  const last = held.at(-1)?.weight ?? 0
  // What a version that is just as bad as is feared would cost at the end of the ramp: it is not raised as far.
  const spend = Math.max(0.0001, Math.floor(((times - 1) * last * 10_000) / FULL_WEIGHT) / 10_000)
  const ramp: LaidStep = {
    written: { ramp: { to: formatWeight(last), spend: `${spend}x`, atLeast: writeDuration(RAMP_AT_LEAST) } },
    why: `Up as fast as the evidence lets it: no weight may cost more than the feared version would at ${formatWeight(last)}.`,
    seesAt: null,
  }
  return held.flatMap((one, index) => [index === 0 ? weightStep(one.weight, FIRST_WHY) : ramp, bakeStep(one)])
}

function weightStep(weight: BasisPoints, why: string | null): LaidStep {
  return { written: { weight: formatWeight(weight) }, why, seesAt: null }
}

function bakeStep({ bake, weight }: HeldWeight): LaidStep {
  return { written: { bake: writeDuration(bake) }, why: null, seesAt: weight }
}

function planOf(steps: readonly LaidStep[], facts: TargetFacts, harm: FearedHarm): PlanLayout {
  const demands = demandsOf(facts)
  const everybody: readonly LaidStep[] = [
    weightStep(FULL_WEIGHT, null),
    {
      written: { bake: writeDuration(AFTERWARDS) },
      why: 'Still watched and still reversible, but only the past of stable is left to compare with.',
      seesAt: null,
    },
  ]
  return {
    confidence: demands.confidence === 0 ? null : formatPercent(demands.confidence, 6),
    steps: withApprovals([...steps, ...everybody], demands),
    checks: checksFor(facts, demands, harm),
  }
}

/** Each approval that a policy asks for, before the first step that reaches its weight. */
function withApprovals(steps: readonly LaidStep[], { approvals }: Demands): readonly LaidStep[] {
  let before: BasisPoints = 0
  return steps.flatMap((step) => {
    const reached = weightOf(step) ?? before
    const due = approvals.filter((approval) => approval.before > before && approval.before <= reached)
    before = reached
    const asked = due.map(({ by, need, notAuthor }) => ({
      written: { approve: { by, need, notAuthor } },
      why: 'A policy of this target asks for it.',
      seesAt: null,
    }))
    return [...asked, step]
  })
}

function weightOf({ written }: LaidStep): BasisPoints | null {
  const { weight, ramp } = written
  const text = typeof weight === 'string' ? weight : (ramp as { readonly to?: string } | undefined)?.to
  return text === undefined ? null : Math.round(Number(text.slice(0, -1)) * 100)
}

function checksFor({ metrics }: TargetFacts, { checks: wanted }: Demands, { times }: FearedHarm): PlanLayout['checks'] {
  const named = (able: readonly string[], kind: string) => {
    const asked = wanted.find((check) => check.kind === kind)?.source
    const source = asked ?? able[0]
    return able.length > 1 && source !== undefined ? { source } : {}
  }
  const counting = sourcesWith(metrics, ({ counts }) => counts)
  const timing = sourcesWith(metrics, ({ latency }) => latency)
  // The further what is accepted lies below what is feared, the sooner that is seen.
  const accepted = Math.min(MOST_ACCEPTED, Math.round((1 + (times - 1) / 4) * 10_000) / 10_000)
  const events = [...new Set(wanted.flatMap(({ kind, of }) => (kind === 'rate' && of !== undefined ? [of] : [])))]
  return {
    errors: { errorRate: { ...named(counting, 'errorRate'), notWorseThan: `${accepted}x` } },
    ...(timing.length > 0 && {
      latency: { latency: { ...named(timing, 'latency'), quantiles: ['p95', 'p99'], notWorseThan: '1.25x' } },
    }),
    ...Object.fromEntries(events.map((of) => [of, { rate: { ...named(counting, 'rate'), of, notBelow: '0.8x' } }])),
  }
}

function sourcesWith(
  metrics: TargetFacts['metrics'],
  can: (capabilities: MetricSourceCapabilities) => boolean,
): readonly string[] {
  return Object.entries(metrics).flatMap(([name, capabilities]) => (can(capabilities) ? [name] : []))
}

/** Durations as people write them, never shorter. */
function roundedUp(time: Milliseconds): Milliseconds {
  if (time <= 0) return 0
  const grain = GRAINS.find(({ upTo }) => time <= upTo)?.grain ?? HOUR
  return Math.ceil(time / grain) * grain
}

const GRAINS: readonly { readonly upTo: Milliseconds; readonly grain: Milliseconds }[] = [
  { upTo: 10 * MINUTE, grain: MINUTE },
  { upTo: HOUR, grain: 5 * MINUTE },
  { upTo: 6 * HOUR, grain: 30 * MINUTE },
]
