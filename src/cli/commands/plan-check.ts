import type { ExpectedTraffic } from '../../analysis/expected-traffic.ts'
import type { StepPower } from '../../analysis/plan-power.ts'
import type { Plan } from '../../domain/plan.ts'
import { shareText } from '../../domain/plan-values.ts'
import { formatDuration } from '../../domain/units.ts'
import { checkedPlan } from '../checked-plan.ts'
import { CliFailure, EXIT } from '../failure.ts'
import type { RenderOptions } from '../render.ts'
import type { Session } from '../session.ts'
import { clean, createPaint, wrap } from '../text.ts'

export interface CheckOptions {
  readonly config?: string
  /** Requests per second of the target. */
  readonly rps?: string
  readonly baseRate?: string
  readonly rise?: string
}

/** `sluice plan check`: says all that is wrong with a plan, or what it will do and, for a traffic, what it can see. */
export async function checkPlan(name: string, options: CheckOptions, session: Session): Promise<void> {
  const traffic = trafficOf(options)
  const { plan } = await checkedPlan(name, options.config, session)
  const described = describePlan(name, plan)
  if (traffic === null) return session.say(described, { plan })
  const { powerOf } = await import('../../analysis/plan-power.ts')
  const power = powerOf(plan, traffic)
  session.say([...described, ...describePowers(power, session.look())], { plan, traffic, power })
}

const BASE_RATE = '0.5%'
/** A rise to so many times the base rate, when none is named. */
const RISE_TIMES = 4

function trafficOf({ rps, baseRate, rise }: CheckOptions): ExpectedTraffic | null {
  if (rps === undefined) {
    if (baseRate === undefined && rise === undefined) return null
    throw new CliFailure(EXIT.usage, '--base-rate and --rise say nothing without --rps')
  }
  const requestsPerSecond = Number(rps)
  if (!/^\d+(\.\d+)?$/.test(rps) || !(requestsPerSecond > 0) || requestsPerSecond > 1e9)
    throw new CliFailure(EXIT.usage, `--rps ${clean(rps)}: expected the requests per second, such as 50 or 0.5`)
  const from = shareOf('--base-rate', baseRate ?? BASE_RATE)
  const to = rise === undefined ? Math.min(1, RISE_TIMES * from) : shareOf('--rise', rise)
  const unknown = { latency: null, slower: null, events: {}, changes: {} }
  if (to > from) return { requestsPerSecond, errors: { from, to }, ...unknown }
  throw new CliFailure(EXIT.usage, '--rise: expected more than --base-rate')
}

function shareOf(flag: string, text: string): number {
  const parsed = shareText.safeParse(text)
  if (parsed.success) return parsed.data
  throw new CliFailure(EXIT.usage, `${flag} ${clean(text)}: expected a share such as 0.5%`)
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

/** As `wrap`, but a percent sign stays with its number. */
function wrapped(text: string, columns: number): readonly string[] {
  return wrap(text.replaceAll(' %', '\u00a0%'), columns).map((line) => line.replaceAll('\u00a0', ' '))
}

function describePowers(power: readonly StepPower[], { width, color }: RenderOptions): readonly string[] {
  if (power.length === 0) {
    return ['', 'power: no bake is watched by an errorRate check against stable, so there is nothing to work out']
  }
  const paint = createPaint(color)
  const lines = power.flatMap((row) => {
    const text = `step ${row.step}, ${clean(row.check)}: ${clean(row.text)}`
    const [first = '', ...rest] = wrapped(row.isWeak ? `warning: ${text}` : text, width - 4)
    const whole = [`  ${first}`, ...rest.map((line) => `    ${line}`)]
    return row.isWeak ? whole.map((line) => paint('yellow', line)) : whole
  })
  const weak = power.filter(({ isWeak }) => isWeak).length
  const summary = weak === 0 ? [] : [`  ${weak} of ${power.length} would rather miss this rise than see it`]
  return ['', 'power of each bake alone (in a release the evidence of earlier ones counts too)', ...lines, ...summary]
}
