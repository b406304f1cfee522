import type { AnswerTo } from '../api/operations.ts'
import { describeError, SluiceError } from '../domain/errors.ts'
import type { Plan } from '../domain/plan/plan.ts'
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
): Promise<Checked & { readonly file: PlanFile }> {
  const checked = config === undefined ? null : await checkHere(name, config, session)
  const file = await readPlanFile(name, session.terminal)
  return { ...(checked ?? (await checkAtServer(file, session))), file }
}

/** A plan, and what freezes mean for it if it starts now. */
interface Checked {
  readonly plan: Plan
  readonly notes: readonly string[]
  /** Names the configuration of its target; absent where no server has said it. */
  readonly configHash?: string
}

async function checkAtServer(file: PlanFile, { api }: Session): Promise<Checked> {
  const answer = await withPlaces(file, () =>
    api.post<AnswerTo<'checkPlan'>>('/api/v1/plans/check', { plan: file.yaml.value }),
  )
  return { plan: answer.plan, notes: answer.notes ?? [], configHash: answer.configHash }
}

async function checkHere(name: string, config: string, { terminal }: Session): Promise<Checked> {
  const text = await readTextFile(name, terminal)
  const { installation, context, freezeNotes } = await contextOf(config)
  const read = inBounds(() => readPlanText(text, name, context))
  if ('problems' in read) throw planFailure(read.problems)
  return { plan: read.plan, notes: freezeNotes(read.plan, installation, terminal.now()) }
}

/** Reads sluice.yaml and the adapters' lists; loaded only here, for nothing else in the program needs them. */
export async function contextOf(config: string) {
  const [{ ADAPTERS, planContextFor }, { loadInstallation, registeredPlans }, { freezeNotes }] = await Promise.all([
    import('../catalog.ts'),
    import('../config/environment.ts'),
    import('../config/freezes.ts'),
  ])
  const installation = await loadInstallation(config, ADAPTERS).catch((error: unknown) => {
    throw error instanceof SluiceError ? new CliFailure(EXIT.refused, describeError(error)) : error
  })
  return {
    installation,
    context: planContextFor(installation),
    plans: registeredPlans(installation, config),
    freezeNotes,
  }
}
