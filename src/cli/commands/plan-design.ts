import type { DesignedPlan } from '../../analysis/design/design-plan.ts'
import { expectedTraffic, type StatedHarm } from '../../analysis/power/expected-traffic.ts'
import type { AnswerTo } from '../../api/operations.ts'
import { describeError, SluiceError } from '../../domain/errors.ts'
import { readPlan } from '../../domain/plan/plan.ts'
import { nameText } from '../../domain/plan/plan-values.ts'
import { contextOf } from '../checked-plan.ts'
import { CliFailure, EXIT } from '../failure.ts'
import { SERVER_DEADLINE, type Session } from '../session.ts'
import { renderSimulation } from '../simulation-view.ts'
import { regressionOf, statedTraffic, wholeNumber } from '../stated-traffic.ts'
import { clean } from '../text.ts'
import { simulateAloud, simulatedTraffic } from './simulate.ts'

export interface DesignOptions {
  readonly service: string
  readonly environment: string
  readonly config?: string
  readonly traffic?: string
  readonly errors?: string
  readonly regression: string
  readonly since?: string
  readonly out?: string
  readonly releases?: string
}

/** How a simulation looks at what is designed. */
const SIMULATED = { seed: 1, noticedAfter: 1_800_000, cohortShare: '1%', lag: '0s' }

/** `sluice plan design`: a whole plan for a target's traffic and a stated harm, and what a simulation says of it. */
export async function designForTarget(options: DesignOptions, session: Session): Promise<void> {
  const harm = regressionOf(options.regression)
  const releases = options.releases === undefined ? undefined : wholeNumber('--releases', options.releases, 1, 100_000)
  for (const [flag, name] of [
    ['--service', options.service],
    ['--environment', options.environment],
  ] as const)
    if (!nameText.safeParse(name).success)
      throw new CliFailure(EXIT.usage, `${flag} ${clean(name)}: expected a name such as checkout`)
  const { traffic: requests, errors } = options
  const stated = statedTraffic({
    ...(requests !== undefined && { traffic: requests }),
    ...(errors !== undefined && { errors }),
  })
  const designed =
    options.config === undefined
      ? await designAtServer(options, stated?.written ?? {}, session)
      : await designHere(options.config, options, { harm, stated: stated?.stated })
  const { text, plan, traffic } = designed
  if (options.out !== undefined) {
    const { out } = options
    await session.terminal.writeFile(out, text).catch((error: unknown) => {
      throw new CliFailure(EXIT.usage, `${clean(out)} cannot be written: ${clean(describeError(error))}`)
    })
    session.hint(`written: ${clean(out)}`)
  }
  const { seed, noticedAfter } = SIMULATED
  const wish = { plan, traffic: simulatedTraffic(traffic, true, SIMULATED), releases, seed, noticedAfter }
  const simulation = await simulateAloud(wish, session)
  const found = renderSimulation(options.out ?? 'this plan', plan, simulation, session.look())
  // What is printed is a plan as it stands: everything else is a comment of it.
  const said = options.out === undefined ? found.map((line) => `# ${line}`.trimEnd()) : found
  const yaml = options.out === undefined ? [...text.trimEnd().split('\n').map(clean), ''] : []
  session.say([...yaml, ...said], { ...designed, simulation })
}

async function designAtServer(
  { service, environment, since, regression: harm }: DesignOptions,
  traffic: object,
  { api }: Session,
): Promise<DesignedPlan> {
  const body = { service, environment, harm, traffic, ...(since !== undefined && { since }) }
  return api.post<AnswerTo<'designPlan'>>('/api/v1/plans/design', body, { deadline: SERVER_DEADLINE })
}

async function designHere(
  config: string,
  { service, environment, since }: DesignOptions,
  { harm, stated }: { readonly harm: StatedHarm; readonly stated: Parameters<typeof expectedTraffic>[0] | undefined },
): Promise<DesignedPlan> {
  if (since !== undefined)
    throw new CliFailure(EXIT.usage, '--since asks a server: leave --config out, or state the traffic with --traffic')
  if (stated?.requestsPerSecond === undefined)
    throw new CliFailure(EXIT.usage, 'without a server a design needs the traffic: --traffic 200rps --errors 0.5%')
  const [{ designPlan }, { powerOf }, { factsFor }, { installation, context }] = await Promise.all([
    import('../../analysis/design/design-plan.ts'),
    import('../../analysis/power/plan-power.ts'),
    import('../../catalog.ts'),
    contextOf(config),
  ])
  try {
    const target = { service, environment }
    return await designPlan(
      { target, facts: factsFor(installation, target), harm },
      {
        read: (written) => readPlan(written, context),
        traffic: async () => ({ traffic: expectedTraffic(stated, null) }),
        power: async (plan, traffic) => powerOf(plan, traffic),
      },
    )
  } catch (error) {
    throw error instanceof SluiceError ? new CliFailure(EXIT.refused, clean(describeError(error))) : error
  }
}
