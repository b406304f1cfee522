import { expectedTraffic, type StatedTraffic } from '../../analysis/expected-traffic.ts'
import type { PlanCheckAnswer } from '../../api/routes/plans.ts'
import type { Plan } from '../../domain/plan.ts'
import { formatDuration, type Milliseconds, parseDuration } from '../../domain/units.ts'
import { checkedPlan } from '../checked-plan.ts'
import { CliFailure, EXIT } from '../failure.ts'
import { readPlanFile, withPlaces } from '../plan-file.ts'
import { renderPower, renderTraffic } from '../power-table.ts'
import type { Session } from '../session.ts'
import { statedTraffic, type TrafficOptions, type WrittenTraffic } from '../stated-traffic.ts'
import { clean } from '../text.ts'

export interface CheckOptions extends TrafficOptions {
  readonly config?: string
  /** How far back the server measures the traffic. */
  readonly since?: string
}

/** `sluice plan check`: says all that is wrong with a plan, or what it will do and, for a traffic, what it can see. */
export async function checkPlan(name: string, options: CheckOptions, session: Session): Promise<void> {
  const traffic = statedTraffic(options)
  const { since, config, rps } = options
  if (since !== undefined) return checkBySince(name, since, { config, written: traffic?.written }, session)
  if (traffic !== null && rps === undefined)
    throw new CliFailure(EXIT.usage, 'what traffic is like says nothing without --rps or --since')
  // Before the plan is read: what is stated is wrong whatever the plan.
  const expected = traffic === null ? null : expectedOf(traffic.stated)
  const { plan } = await checkedPlan(name, config, session)
  const described = describePlan(name, plan)
  if (expected === null) return session.say([...described, ...hintFor(plan, config)], { plan })
  const { powerOf } = await import('../../analysis/plan-power.ts')
  const power = powerOf(plan, expected)
  const lines = [...described, ...renderPower(power, expected.requestsPerSecond, session.look())]
  session.say(lines, { plan, traffic: expected, power })
}

/** The server asks its metric sources for up to 15 s and works for some seconds more. */
const SERVER_DEADLINE: Milliseconds = 60_000

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
      '--since asks a server for the traffic: leave --config out, or state it with --rps',
    )
  const file = await readPlanFile(name, session.terminal)
  const body = { plan: file.yaml.value, since, traffic: written }
  const answer = await withPlaces(file, () =>
    session.api.post<PlanCheckAnswer>('/api/v1/plans/check', body, undefined, SERVER_DEADLINE),
  )
  const { plan, measured = null, missing = [], traffic = null, power = [] } = answer
  const look = session.look()
  const lines = [
    ...describePlan(name, plan),
    ...renderTraffic(parsed.value, measured, missing, look),
    ...(traffic === null ? hintFor(plan, '') : renderPower(power, traffic.requestsPerSecond, look)),
  ]
  session.say(lines, answer)
}

function expectedOf(stated: StatedTraffic) {
  const expected = expectedTraffic(stated, null)
  if (expected !== null && 'problem' in expected) throw new CliFailure(EXIT.usage, `--rise: ${expected.problem}`)
  return expected
}

function hintFor({ checks }: Plan, config: string | undefined): readonly string[] {
  if (checks.length === 0) return []
  return ['', `to see what each bake can detect: --rps 50${config === undefined ? ' or --since 1d' : ''}`]
}

function describePlan(name: string, plan: Plan): readonly string[] {
  const { service, environment, steps, checks, onFail, onInconclusive, interval, errorBudget } = plan
  const names = checks.map((check) => `${check.name} (${check.kind})`).join(', ')
  const falseAlarm = errorBudget > 0 ? `, false alarm at most ${Number((errorBudget * 100).toPrecision(3))}%` : ''
  return [
    `${clean(name)} is a valid plan for ${service} in ${environment}`,
    ...steps.map(({ label }, index) => `  ${String(index + 1).padStart(String(steps.length).length)}  ${clean(label)}`),
    `  checks: ${clean(names) || 'none'}, every ${formatDuration(interval)}${falseAlarm}`,
    `  on fail: ${onFail}; when inconclusive: hold ${formatDuration(onInconclusive.holdFor)}, then ${onInconclusive.then}`,
  ]
}
