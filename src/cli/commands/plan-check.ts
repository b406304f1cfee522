import type { StatedTraffic } from '../../analysis/power/expected-traffic.ts'
import type { StepPower } from '../../analysis/power/plan-power.ts'
import type { AnswerTo } from '../../api/operations.ts'
import { allChecks, consequenceText, consequenceWarnings } from '../../domain/plan/consequences.ts'
import type { Plan } from '../../domain/plan/plan.ts'
import { afterText } from '../../domain/plan/plan-after.ts'
import { fitnessText } from '../../domain/plan/plan-fitness.ts'
import { warmUpText, warmUpWarnings } from '../../domain/plan/plan-warm-up.ts'
import { windowsText } from '../../domain/plan/plan-windows.ts'
import { formatDuration, parseDuration } from '../../domain/units.ts'
import { checkedPlan } from '../checked-plan.ts'
import { CliFailure, EXIT } from '../failure.ts'
import { readPlanFile, withPlaces } from '../plan-file.ts'
import { hanging, renderPower, renderTraffic } from '../power-table.ts'
import { SERVER_DEADLINE, type Session } from '../session.ts'
import { expectedOf, statedTraffic, type TrafficOptions, type WrittenTraffic } from '../stated-traffic.ts'
import { clean } from '../text.ts'

export interface CheckOptions extends TrafficOptions {
  readonly config?: string
  /** How far back the server measures the traffic. */
  readonly since?: string
}

/** `sluice plan check`: says all that is wrong with a plan, or what it will do and, for a traffic, what it can see. */
export async function checkPlan(name: string, options: CheckOptions, session: Session): Promise<void> {
  const traffic = statedTraffic(options)
  const { since, config } = options
  if (since !== undefined) return checkBySince(name, since, { config, written: traffic?.written }, session)
  if (traffic !== null && options.traffic === undefined)
    throw new CliFailure(EXIT.usage, 'options that describe the traffic need --traffic or --since')
  // Before the plan is read: what is stated is wrong whatever the plan.
  const expected = traffic === null ? null : expectedOf(traffic.stated)
  const { plan, notes } = await checkedPlan(name, config, session)
  if (traffic !== null) await refuseUnasked(plan, traffic.stated)
  const described = describePlan(name, plan, [...(await warningsOf(plan)), ...notes], session.look().width)
  if (expected === null)
    return session.say([...described, ...hintFor(plan, config)], { plan, ...(notes.length > 0 && { notes }) })
  const { powerOf } = await import('../../analysis/power/plan-power.ts')
  const power = powerOf(plan, expected)
  const lines = [...described, ...powerLines(plan, power, expected.requestsPerSecond, session)]
  session.say(lines, { plan, traffic: expected, power })
}

async function checkBySince(
  name: string,
  since: string,
  { config, written }: { readonly config: string | undefined; readonly written: WrittenTraffic | undefined },
  session: Session,
): Promise<void> {
  const parsed = parseDuration(since)
  if (!parsed.ok) throw new CliFailure(EXIT.usage, `--since ${clean(since)}: expected ${parsed.expected}`)
  if (config !== undefined)
    throw new CliFailure(
      EXIT.usage,
      '--since asks a server for the traffic: leave --config out, or state it with --traffic',
    )
  const file = await readPlanFile(name, session.terminal)
  const body = { plan: file.yaml.value, since, traffic: written }
  const answer = await withPlaces(file, () =>
    session.api.post<AnswerTo<'checkPlan'>>('/api/v1/plans/check', body, { deadline: SERVER_DEADLINE }),
  )
  const { plan, measured = null, missing = [], traffic = null, power = [], isWhole = true, notes = [] } = answer
  const look = session.look()
  const lines = [
    ...describePlan(name, plan, [...(await warningsOf(plan)), ...notes], look.width),
    ...renderTraffic(parsed.value, measured, missing, look),
    ...(traffic === null ? hintFor(plan, '') : powerLines(plan, power, traffic.requestsPerSecond, session)),
    ...(isWhole ? [] : ['', ...hanging(STOPPED, look.width)]),
  ]
  session.say(lines, answer)
}

const STOPPED =
  'the plan has more bakes and checks than the server calculates at once: with --config the rest is calculated here'

const RAMP_NOTE =
  'each row of this ramp stands for one weight alone; its evidence adds up, and it rises only when the next weight is affordable'

function powerLines(plan: Plan, power: readonly StepPower[], rps: number, session: Session): readonly string[] {
  const look = session.look()
  const ramps = plan.actions.flatMap((action) =>
    action.kind === 'bake' && action.raise !== undefined ? action.step : [],
  )
  const notes = [...new Set(ramps)].flatMap((step) => hanging(`step ${step}: ${RAMP_NOTE}`, look.width))
  if (power.length > 0) return [...renderPower(power, rps, look), ...notes]
  const lack =
    checksOf(plan).length === 0
      ? 'the plan has no checks'
      : 'the plan has no bake and no analysis in which its checks could see anything'
  return ['', ...hanging(`its power cannot be calculated: ${lack}`, look.width)]
}

export async function refuseUnasked(plan: Plan, stated: StatedTraffic): Promise<void> {
  const { unaskedEvent } = await import('../../analysis/power/plan-power.ts')
  const unasked = unaskedEvent(plan, stated)
  if (unasked === null) return
  const { name, problem } = unasked
  const flag = Object.hasOwn(stated.events ?? {}, name) ? '--event' : '--change'
  throw new CliFailure(EXIT.usage, `${flag} ${clean(name)}: ${clean(problem)}`)
}

function hintFor({ checks }: Plan, config: string | undefined): readonly string[] {
  if (checks.length === 0) return []
  return ['', `to see what each bake can detect: --traffic 50rps${config === undefined ? ' or --since 1d' : ''}`]
}

async function warningsOf(plan: Plan): Promise<readonly string[]> {
  // Loaded only here: the kinds bring every judge along.
  const { tightRatioWarnings } = await import('../../analysis/calibration/tight-ratios.ts')
  const checks = allChecks(plan)
  return [...warmUpWarnings(plan), ...consequenceWarnings(checks), ...tightRatioWarnings(checks)]
}

function describePlan(name: string, plan: Plan, warnings: readonly string[], width: number): readonly string[] {
  const { service, environment, template, policies = [], steps, onFail, onInconclusive, interval, errorBudget } = plan
  // What must not be torn apart at the end of a line.
  const names = checksOf(plan).map(
    ({ name: check, kind, step }) => `${check}\u00a0(${kind}${step === null ? '' : `,\u00a0step\u00a0${step}`})`,
  )
  const extending = template === undefined ? '' : `, by the template ${clean(template)}`
  const held = policies.length === 0 ? null : `policies: ${policies.map(({ name: policy }) => policy).join(', ')}`
  const warmUp = warmUpText(plan)
  const windows = windowsText(plan)
  const after = afterText(plan)
  const consequences = consequenceText(allChecks(plan), onFail, plan.actions)
  const falseAlarm = errorBudget > 0 ? `, false alarm at most ${Number((errorBudget * 100).toPrecision(3))}%` : ''
  const checked = `checks: ${clean(names.join(', ')) || 'none'}, every ${formatDuration(interval)}${falseAlarm}`
  return [
    ...hanging(`${clean(name)} is a valid plan for ${service} in ${environment}${extending}`, width),
    ...steps.map(({ label }, index) => `  ${String(index + 1).padStart(String(steps.length).length)}  ${clean(label)}`),
    ...[checked, warmUp, windows, ...fitnessText(plan), consequences, after, held].flatMap((line) =>
      line === null ? [] : hanging(clean(line), width - 2).map((part) => `  ${part}`),
    ),
    `  on fail: ${onFail}; when inconclusive: hold ${formatDuration(onInconclusive.holdFor)}, then ${onInconclusive.then}`,
    ...warnings.flatMap((warning) => hanging(`warning: ${warning}`, width - 2)).map((line) => `  ${line}`),
  ]
}

/** The plan's own checks, and those of its analyses with their steps. */
function checksOf({ checks, actions }: Plan) {
  return [
    ...checks.map(({ name, kind }) => ({ name, kind, step: null })),
    ...actions.flatMap((action) =>
      action.kind === 'judge' ? action.checks.map(({ name, kind }) => ({ name, kind, step: action.step })) : [],
    ),
  ]
}
