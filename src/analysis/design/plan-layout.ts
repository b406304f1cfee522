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
const RAMP_AT_LEAST: Milliseconds = 6 * MINUTE
const AFTERWARDS: Milliseconds = 30 * MINUTE
/** A check against stable accepts at most so much, whatever is feared. */
const MOST_ACCEPTED = 1.5

/** Every weight that a plan for this target may have, each held for a while: what the power of each is asked with. */
export function layLadder(facts: TargetFacts, harm: FearedHarm): PlanLayout {
  const rules = policiesOf(facts)
  const held = Math.max(SHORTEST_BAKE, ...rules.map(({ bake }) => bake?.each ?? 0))
  const bakes = usableWeights(facts, rules).map((weight) => ({ weight, bake: held }))
  return planOf(fixedSteps(bakes, rules, null), facts, { rules, harm })
}

/** The plan for a target: a small first weight, then as fast as the evidence lets it where the traffic carries that. */
export function layPlan(
  facts: TargetFacts,
  harm: FearedHarm,
  { bakeFor, bearsRamp }: { readonly bakeFor: BakeFor; readonly bearsRamp: boolean },
): PlanLayout {
  const rules = policiesOf(facts)
  const weights = usableWeights(facts, rules)
  const bakeOf = (weight: BasisPoints): Milliseconds =>
    Math.max(roundedUp(bakeFor(weight) ?? LONGEST_BAKE), ...rules.map(({ bake }) => bake?.each ?? 0))
  const isSoon = (weight: BasisPoints): boolean => (bakeFor(weight) ?? Number.POSITIVE_INFINITY) <= SOON
  const most = Math.min(LARGEST_FIRST, ...rules.map(({ firstWeight }) => firstWeight ?? FULL_WEIGHT))
  const small = weights.filter((weight, index) => index === 0 || weight <= most)
  const first = small.find(isSoon) ?? small.at(-1) ?? 0
  const last = weights.at(-1) ?? first
  const later = weights.filter((weight) => weight > first)
  const least = Math.max(0, ...rules.map(({ leastSteps }) => leastSteps ?? 0))
  const isOrdered = rules.some(({ bake }) => bake?.each !== undefined)
  if (bearsRamp && isSoon(first) && last > first && !isOrdered)
    return planOf(rampSteps({ first, last }, { bakeOf, rules, harm }), facts, { rules, harm })
  // Where every bake takes long, weights between cost time and show nothing that the last does not.
  const between = isSoon(first) || least > 2 ? later : later.filter((weight) => weight === last)
  const held = [first, ...between].map((weight) => ({ weight, bake: bakeOf(weight) }))
  return planOf(fixedSteps(held, rules, isOrdered ? ORDERED_WHY : SLOW_WHY), facts, { rules, harm })
}

/** The metric source whose failed requests the plan compares; null where the target has none. */
export function sourceOf({ metrics }: Pick<TargetFacts, 'metrics'>): string | null {
  return sourcesWith(metrics, ({ counts }) => counts)[0] ?? null
}

/** The weights between nobody and everybody that the router can set, from the smallest that a first step may have. */
export function usableWeights({ router }: TargetFacts, rules: readonly Policy[]): readonly BasisPoints[] {
  const step = router?.capabilities.weightStep ?? FULL_WEIGHT
  const most = Math.min(FULL_WEIGHT, ...rules.map(({ firstWeight }) => firstWeight ?? FULL_WEIGHT))
  const settable = WEIGHTS.filter((weight) => weight % step === 0)
  const smallest = settable.findLast((weight) => weight <= Math.min(most, USUAL_FIRST)) ?? settable[0] ?? FULL_WEIGHT
  return settable.filter((weight) => weight >= smallest)
}

export function policiesOf({ policies = [] }: TargetFacts): readonly Policy[] {
  return policies.map(({ policy }) => policy)
}

interface HeldWeight {
  readonly weight: BasisPoints
  readonly bake: Milliseconds
}

function fixedSteps(held: readonly HeldWeight[], rules: readonly Policy[], why: string | null): readonly LaidStep[] {
  const lacking = lackingOf(
    held.reduce((sum, { bake }) => sum + bake, 0),
    rules,
  )
  return held.flatMap(({ weight, bake }, index) => [
    weightStep(weight, [FIRST_WHY, why][index] ?? null),
    bakeStep(bake + (index === held.length - 1 ? lacking : 0), weight),
  ])
}

/** What the bakes of a plan lack of the time that policies ask for before everybody has the version. */
function lackingOf(total: Milliseconds, rules: readonly Policy[]): Milliseconds {
  return roundedUp(Math.max(0, ...rules.map(({ bake }) => (bake?.total ?? 0) - total)))
}

const FIRST_WHY = 'Few users first: what is grossly bad is found where the fewest have it.'
const ORDERED_WHY = 'No ramp with a budget: a policy of this target says how long each weight is held.'
const SLOW_WHY = 'No ramp with a budget: too few requests fail for it to be decided in time.'

function rampSteps(
  { first, last }: { readonly first: BasisPoints; readonly last: BasisPoints },
  {
    bakeOf,
    rules,
    harm: { times },
  }: {
    readonly bakeOf: (weight: BasisPoints) => Milliseconds
    readonly rules: readonly Policy[]
    readonly harm: FearedHarm
  },
): readonly LaidStep[] {
  const held = bakeOf(first) + RAMP_AT_LEAST + bakeOf(last)
  // What a version that is just as bad as is feared would cost at the end of the ramp: it is not raised as far.
  const spend = Math.max(0.0001, Math.floor(((times - 1) * last * 10_000) / FULL_WEIGHT) / 10_000)
  const ramp = { to: formatWeight(last), spend: `${spend}x`, atLeast: writeDuration(RAMP_AT_LEAST) }
  return [
    weightStep(first, FIRST_WHY),
    bakeStep(bakeOf(first), first),
    {
      written: { ramp },
      why: `Up as fast as the evidence lets it: no weight may cost more than the feared version would at ${formatWeight(last)}.`,
      seesAt: null,
    },
    bakeStep(bakeOf(last) + lackingOf(held, rules), last),
  ]
}

function weightStep(weight: BasisPoints, why: string | null): LaidStep {
  return { written: { weight: formatWeight(weight) }, why, seesAt: null }
}

function bakeStep(bake: Milliseconds, seesAt: BasisPoints): LaidStep {
  return { written: { bake: writeDuration(bake) }, why: null, seesAt }
}

function planOf(
  steps: readonly LaidStep[],
  facts: TargetFacts,
  { rules, harm }: { readonly rules: readonly Policy[]; readonly harm: FearedHarm },
): PlanLayout {
  const everybody: readonly LaidStep[] = [
    weightStep(FULL_WEIGHT, null),
    {
      written: { bake: writeDuration(AFTERWARDS) },
      why: 'Still watched and still reversible, but only the past of stable is left to compare with.',
      seesAt: null,
    },
  ]
  const confidence = Math.max(0, ...rules.map((rule) => rule.confidence ?? 0))
  return {
    confidence: confidence === 0 ? null : formatPercent(confidence, 6),
    steps: withApprovals([...steps, ...everybody], rules),
    checks: checksFor(facts, rules, harm),
  }
}

/** Each approval that a policy asks for, before the first step that reaches its weight. */
function withApprovals(steps: readonly LaidStep[], rules: readonly Policy[]): readonly LaidStep[] {
  const asked = rules.flatMap(({ approvals = [] }) => approvals)
  let before: BasisPoints = 0
  return steps.flatMap((step) => {
    const reached = weightOf(step) ?? before
    const due = asked.filter((approval) => approval.before > before && approval.before <= reached)
    before = reached
    const approvals = due.map(({ by, need, notAuthor }) => ({
      written: { approve: { by, need, notAuthor } },
      why: 'A policy of this target asks for it.',
      seesAt: null,
    }))
    return [...approvals, step]
  })
}

function weightOf({ written }: LaidStep): BasisPoints | null {
  const { weight, ramp } = written
  const text = typeof weight === 'string' ? weight : (ramp as { readonly to?: string } | undefined)?.to
  return text === undefined ? null : Math.round(Number(text.slice(0, -1)) * 100)
}

function checksFor(facts: TargetFacts, rules: readonly Policy[], { times }: FearedHarm): PlanLayout['checks'] {
  const { metrics } = facts
  const wanted = rules.flatMap(({ checks = [] }) => checks)
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
