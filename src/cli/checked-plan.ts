import type { AnswerTo } from '../api/operations.ts'
import { describeError, SluiceError } from '../domain/errors.ts'
import type { Plan } from '../domain/plan/plan.ts'
import type { PlanContext } from '../domain/plan/plan-context.ts'
import { readPlanText } from '../domain/plan/plan-text.ts'
import { CliFailure, EXIT } from './failure.ts'
import { inBounds, type PlanFile, planFailure, readPlanFile, readTextFile, withPlaces } from './plan-file.ts'
import type { Session } from './session.ts'

/**
 * A plan from a file, complete: checked against the installation of `config`, or by the server when there is none.
 * @throws CliFailure with every problem at its place in the file
 */
export async function checkedPlan(
  name: string,
  config: string | undefined,
  session: Session,
): Promise<{ readonly plan: Plan; readonly file: PlanFile }> {
  const checked = config === undefined ? null : await checkHere(name, config, session)
  const file = await readPlanFile(name, session.terminal)
  return { plan: checked ?? (await checkAtServer(file, session)), file }
}

async function checkAtServer(file: PlanFile, { api }: Session): Promise<Plan> {
  const answer = await withPlaces(file, () =>
    api.post<AnswerTo<'checkPlan'>>('/api/v1/plans/check', { plan: file.yaml.value }),
  )
  return answer.plan
}

async function checkHere(name: string, config: string, { terminal }: Session): Promise<Plan> {
  const text = await readTextFile(name, terminal)
  const context = await contextOf(config)
  const read = inBounds(() => readPlanText(text, name, context))
  if ('problems' in read) throw planFailure(read.problems)
  return read.plan
}

/** Reads sluice.yaml and the adapters' lists; loaded only here, for nothing else in the program needs them. */
async function contextOf(config: string): Promise<PlanContext> {
  const [{ ADAPTERS, planContextFor }, { loadInstallation }] = await Promise.all([
    import('../catalog.ts'),
    import('../config/environment.ts'),
  ])
  const installation = await loadInstallation(config, ADAPTERS).catch((error: unknown) => {
    throw error instanceof SluiceError ? new CliFailure(EXIT.refused, describeError(error)) : error
  })
  return planContextFor(installation)
}
