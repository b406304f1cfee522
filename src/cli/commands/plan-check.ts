import { describeError, SluiceError } from '../../domain/errors.ts'
import type { PlanSummary } from '../../api/plan-source.ts'
import { formatDuration } from '../../domain/units.ts'
import { readPlanText } from '../../domain/plan-text.ts'
import { CliFailure, EXIT } from '../failure.ts'
import { planFailure, type PlanFile, readPlanFile, withPlaces } from '../plan-file.ts'
import type { Session } from '../session.ts'
import { clean } from '../text.ts'

/** `sluice plan check`: says all that is wrong with a plan, or what it will do. */
export async function checkPlan(name: string, config: string | undefined, session: Session): Promise<void> {
  const file = await readPlanFile(name, session.terminal)
  const plan = config === undefined ? await checkAtServer(file, session) : await checkHere(file, config)
  session.say(describePlan(name, plan), { plan })
}

async function checkAtServer(file: PlanFile, { api }: Session): Promise<PlanSummary> {
  const answer = await withPlaces(file, () =>
    api.post<{ plan: PlanSummary }>('/api/v1/plans/check', { plan: file.yaml.value }),
  )
  return answer.plan
}

/** Reads sluice.yaml and the adapters' lists; loaded only here, for nothing else in the program needs them. */
async function checkHere({ text, name }: PlanFile, config: string): Promise<PlanSummary> {
  const [{ ADAPTERS, planContextFor }, { loadInstallation }] = await Promise.all([
    import('../../catalog.ts'),
    import('../../config/environment.ts'),
  ])
  const installation = await loadInstallation(config, ADAPTERS).catch((error: unknown) => {
    throw error instanceof SluiceError ? new CliFailure(EXIT.refused, describeError(error)) : error
  })
  const read = readPlanText(text, name, planContextFor(installation))
  if ('problems' in read) throw planFailure(read.problems)
  return read.plan
}

function describePlan(name: string, plan: PlanSummary): readonly string[] {
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
