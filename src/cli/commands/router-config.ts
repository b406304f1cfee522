import { describeError, SluiceError } from '../../domain/errors.ts'
import { type TargetId, targetName } from '../../domain/target.ts'
import { CliFailure, EXIT } from '../failure.ts'
import type { Session } from '../session.ts'
import { clean } from '../text.ts'

/** `sluice router config`: what has to stand in the router's own configuration for a target; no server is asked. */
export async function printRouterConfig(target: TargetId, config: string, session: Session): Promise<void> {
  const [{ ADAPTERS }, { loadInstallation }, { requireTarget }] = await Promise.all([
    import('../../catalog.ts'),
    import('../../config/environment.ts'),
    import('../../config/targets.ts'),
  ])
  try {
    const installation = await loadInstallation(config, ADAPTERS)
    const { router, pools } = requireTarget(installation, target)
    if (router === undefined) return session.say([`${targetName(target)} has no router`], { config: null })
    const cohorts = installation.cohortsOf(target) ?? {}
    const listed = ADAPTERS.routers.find(({ kind }) => kind === router.kind)
    const text = listed?.configWith?.(router, { pools, cohorts }) ?? null
    if (text === null)
      return session.say([`${targetName(target)}: the router needs no lines of its own`], { config: null })
    session.say(text.trimEnd().split('\n').map(clean), { config: text })
  } catch (error) {
    throw error instanceof SluiceError ? new CliFailure(EXIT.refused, describeError(error)) : error
  }
}
