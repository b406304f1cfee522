import { SluiceError } from '../../domain/errors.ts'
import type { Plan, PlanRead } from '../../domain/plan/plan.ts'
import type { TargetFacts } from '../../domain/plan/plan-context.ts'
import { rehearsedWithin } from '../../domain/policy/rehearsed.ts'
import { type TargetId, targetName } from '../../domain/target.ts'
import { type BasisPoints, formatDuration, formatWeight, type Milliseconds } from '../../domain/units.ts'
import { writeYaml } from '../../domain/yaml/yaml-text.ts'
import { formatShare } from '../explain.ts'
import type { ExpectedTraffic, expectedTraffic, StatedHarm } from '../power/expected-traffic.ts'
import type { StepPower } from '../power/plan-power.ts'
import { GOOD_POWER } from '../power/power.ts'
import {
  type FearedHarm,
  type LaidStep,
  LONGEST_BAKE,
  layLadder,
  layPlan,
  type PlanLayout,
  SHORTEST_BAKE,
  sourceOf,
  usableWeights,
} from './plan-layout.ts'

interface DesignWish {
  readonly target: TargetId
  readonly facts: TargetFacts
  readonly harm: StatedHarm
}

/** What a design needs of those who have it. */
interface DesignTools {
  readonly read: (written: unknown) => Promise<PlanRead> | PlanRead
  /** The traffic of the target, by the checks of a plan. */
  readonly traffic: (plan: Plan) => Promise<KnownTraffic>
  readonly power: (plan: Plan, traffic: ExpectedTraffic) => Promise<readonly StepPower[]>
}

interface KnownTraffic {
  /** Null where none is known. */
  readonly traffic: ReturnType<typeof expectedTraffic>
  /** How long it was looked at, where nothing but the present could be. */
  readonly seenFor?: Milliseconds
}

export interface DesignedPlan {
  /** The plan as YAML, with comments that say why. */
  readonly text: string
  readonly plan: Plan
  /** With the version that is feared. */
  readonly traffic: ExpectedTraffic
}

/**
 * A whole plan for a target, its traffic and a harm that its bakes are to see. What is said of each bake is what the
 * finished plan was found to see, not what it was laid out for.
 * @throws SluiceError for a target, a traffic or a harm that no plan can be designed for
 */
export async function designPlan(wish: DesignWish, { read, traffic, power }: DesignTools): Promise<DesignedPlan> {
  const { target, facts, harm } = wish
  refuseUnable(target, facts)
  const readLayout = async (layout: PlanLayout): Promise<Plan> =>
    planRead(await read(writtenOf(target, layout)), target)
  const { traffic: known, seenFor } = await traffic(await readLayout(layLadder(facts, { times: 2 })))
  if (known === null || 'problem' in known) throw noTraffic(target, known?.problem)
  const feared = fearedOf(harm, known.errors.from)
  const expected = { ...known, errors: { from: known.errors.from, to: feared.share } }
  const ladder = await readLayout(layLadder(facts, feared))
  const rungs = await power(onlyHeld(ladder), expected)
  const layout = layPlan(facts, feared, {
    bakeFor: (weight) => bakeOf(rungs, weight),
    bearsRamp: failuresWhileHeld(expected, ladder) >= FAILURES_FOR_RAMP,
  })
  const plan = await readLayout(layout)
  const seen = await power(onlyHeld(plan), expected)
  refuseUnseen(harm, expected, seen)
  return {
    text: textOf(target, layout, { expected, seen, seenFor, within: rehearsedWithin(plan) }),
    plan,
    traffic: expected,
  }
}

function refuseUnable(target: TargetId, facts: TargetFacts): void {
  const name = targetName(target)
  if (usableWeights(facts).length === 0) {
    throw new SluiceError('request.invalid', {
      message: `no plan can be designed for ${name}: ${facts.router === null ? 'it has no router' : 'its router cannot set weights as small, or as many, as a plan needs'}`,
      expected: 'a target whose router splits the traffic by weight, as finely as its policies ask for',
      fix: 'write a plan of cohorts or flags by hand, or ask an administrator for a policy that this router can follow',
    })
  }
  if (sourceOf(facts) === null) {
    throw new SluiceError('request.invalid', {
      message: `no plan can be designed for ${name}: none of its metric sources counts requests and errors`,
      expected: 'a metric source that counts both for each pool',
      fix: 'add requests and errors to a metric source of the target in sluice.yaml',
    })
  }
}

function noTraffic(target: TargetId, problem?: string): SluiceError {
  return new SluiceError('request.invalid', {
    message: problem ?? `no requests of ${targetName(target)} are known, and without traffic nothing can be seen`,
    expected:
      problem === undefined ? 'more than 0 requests per second, measured or stated' : 'traffic that can become worse',
    fix: 'state them, such as --traffic 200rps --errors 0.5%, or ask when its metric sources have seen some',
  })
}

/** A plan that would let nearly every such version through promises what it does not hold. */
const HOPELESS = 0.1

/** @throws SluiceError for a harm that no bake of the plan would see */
function refuseUnseen(
  harm: StatedHarm,
  { requestsPerSecond, errors }: ExpectedTraffic,
  seen: readonly StepPower[],
): void {
  if (seen.some(({ power }) => (power ?? 0) >= HOPELESS)) return
  const { weight, from } = seen.findLast((row) => row.from !== null) ?? { weight: 0, from: null }
  throw new SluiceError('request.invalid', {
    message: `no plan would see such harm: at ${roundedRate(requestsPerSecond)} requests/s, ${formatShare(errors.from)} of which fail, bakes of ${formatDuration(LONGEST_BAKE)} find it in fewer than one release of ten`,
    received: harmText(harm),
    ...(from === null
      ? {
          expected: 'more requests: with so few not even a total failure is sure to be seen',
          fix: 'write a plan by hand',
        }
      : {
          expected: `what can be seen: at ${formatWeight(weight)} such a bake is sure of ${from.text} or more`,
          fix: `state a larger harm, such as --regression ${from.text}`,
        }),
  })
}

function roundedRate(requestsPerSecond: number): number {
  return Number(requestsPerSecond.toPrecision(3))
}

function harmText(harm: StatedHarm): string {
  return 'share' in harm ? formatShare(harm.share) : `${harm.times}x`
}

/** @throws SluiceError for a harm that is none */
function fearedOf(harm: StatedHarm, from: number): FearedHarm & { readonly share: number } {
  const share = 'share' in harm ? harm.share : harm.times * from
  if (share > from && share <= 1 && from > 0) return { share, times: share / from }
  if (!(from > 0) && share > 0 && share <= 1) return { share, times: FROM_NOTHING }
  const received = harmText(harm)
  if (share > 1)
    throw new SluiceError('request.invalid', {
      message: `no version can fail more than all of its requests, and of stable's ${formatShare(from)} fail already`,
      ...{ received, expected: `at most 100% of the requests, which is ${Number((1 / from).toPrecision(3))}x` },
      fix: `state a smaller harm, such as --regression ${formatShare((1 + from) / 2)}`,
    })
  throw new SluiceError('request.invalid', {
    message: `a version with such harm would be no worse than stable, of whose requests ${formatShare(from)} fail`,
    ...{ received, expected: from > 0 ? `more than ${formatShare(from)}, or 1x` : 'a share such as 1%' },
    fix:
      from > 0
        ? 'state a larger harm, such as --regression 2x'
        : 'state the harm as a share, such as --regression 1%, or what fails on other days: --errors 0.1%',
  })
}

/** Where stable fails nothing every failure is many times as much. */
const FROM_NOTHING = 4

function planRead(read: PlanRead, target: TargetId): Plan {
  if ('plan' in read) return read.plan
  const [first] = read.problems
  throw new SluiceError('plan.invalid', {
    message: `no plan that is designed here keeps the rules of ${targetName(target)}: ${first?.message ?? 'it was refused'}`,
    expected: first?.expected,
    received: first?.received,
    fix: `write the plan by hand: ${first?.fix ?? 'see what plan check says of it'}`,
  })
}

/** A ramp is held while nobody can say what its next weight costs at most: with fewer failed requests it would be paused. */
const FAILURES_FOR_RAMP = 60

function failuresWhileHeld({ requestsPerSecond, errors }: ExpectedTraffic, { onInconclusive }: Plan): number {
  return (requestsPerSecond * errors.from * onInconclusive.holdFor) / 1_000
}

/** The part of a plan whose bakes stand for themselves: the stays of a ramp add up, and only `errors` is asked. */
function onlyHeld(plan: Plan): Plan {
  return {
    ...plan,
    checks: plan.checks.filter(({ name }) => name === 'errors'),
    actions: plan.actions.filter((action) => action.kind !== 'bake' || action.raise === undefined),
  }
}

/** The bake at a weight that sees the harm; null where none that anybody would wait for does. */
function bakeOf(rungs: readonly StepPower[], weight: BasisPoints): Milliseconds | null {
  const rung = rungs.find((row) => row.weight === weight)
  if (rung === undefined || rung.power === null) return null
  const time = rung.power >= GOOD_POWER ? SHORTEST_BAKE : rung.needs
  return time === null || time > LONGEST_BAKE ? null : Math.max(SHORTEST_BAKE, time)
}

function writtenOf({ service, environment }: TargetId, { steps, checks, confidence }: PlanLayout) {
  return {
    ...{ service, environment, steps: steps.map(({ written }) => written), checks },
    ...(confidence !== null && { confidence }),
  }
}

/** What is said about a plan above it and beside its bakes. */
interface Finding {
  readonly expected: ExpectedTraffic
  readonly seen: readonly StepPower[]
  readonly seenFor: Milliseconds | undefined
  readonly within: Milliseconds | undefined
}

function textOf(target: TargetId, layout: PlanLayout, { expected, seen, seenFor, within }: Finding): string {
  const { requestsPerSecond, errors } = expected
  const rise = `a rise of the failed requests from ${formatShare(errors.from)} to ${formatShare(errors.to)}`
  const head = commented(
    [
      `Designed for ${roundedRate(requestsPerSecond)} requests/s and to see ${rise}. No warm-up is written, so that what releases of this target taught counts.`,
      ...(seenFor === undefined ? [] : [momentText(seenFor)]),
      ...(within === undefined ? [] : [rehearsalText(within)]),
      ...lowTrafficText(seen),
    ].join(' '),
  )
  let step = 0
  const body = writeYaml(writtenOf(target, layout))
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      const laid = line.startsWith(STEP) ? layout.steps[step] : undefined
      if (laid === undefined) return [line]
      step += 1
      const why = reasonOf(
        laid,
        seen.find((row) => row.step === step),
      )
      return [...(why === null ? [] : commented(why).map((one) => `  ${one}`)), line]
    })
  return `${[...head, ...body].join('\n')}\n`
}

const LONG: Milliseconds = 3_600_000

function lowTrafficText(seen: readonly StepPower[]): readonly string[] {
  const longest = Math.max(0, ...seen.map(({ bake }) => bake))
  if (longest < LONG) return []
  const bakes = `bakes of up to ${formatDuration(longest)}`
  return [`LOW TRAFFIC for this harm: ${bakes}. A larger harm is seen sooner, a smaller one not at all.`]
}

function momentText(seenFor: Milliseconds): string {
  return `SEEN FOR ${formatDuration(seenFor)} ONLY, for no metric source has kept the past: state --traffic and --errors where you know them.`
}

function rehearsalText(within: Milliseconds): string {
  return `MUST BE REHEARSED: a policy asks for sluice rehearse <this file>, at most ${formatDuration(within)} before each start.`
}

/** How the YAML of a step begins. */
const STEP = '  - '

function reasonOf({ why, seesAt }: LaidStep, row: StepPower | undefined): string | null {
  return seesAt === null || row === undefined ? why : sightOf(row)
}

/** What a bake of the finished plan sees, and of one that sees too little what it cannot. */
function sightOf({ power, regression, weight, needs, from }: StepPower): string {
  const said = regression?.said ?? 'the harm'
  const at = `at ${formatWeight(weight)} this bake sees ${said}`
  if (power !== null && power >= GOOD_POWER) return `Long enough: ${at} with 90% power or more.`
  const longer = needs === null ? 'no bake up to 30d would' : `90% would take ${formatDuration(needs)}`
  const least =
    from === null ? 'nothing smaller than a total failure is sure to be seen' : `90% only from ${from.text} on`
  return `NOT SURE TO BE SEEN: ${at} with ${Math.floor((power ?? 0) * 100)}% power; ${longer}; ${least}.`
}

const WIDTH = 96

function commented(text: string): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && `${last} ${word}`.length <= WIDTH) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(`# ${word}`)
  }
  return lines
}
