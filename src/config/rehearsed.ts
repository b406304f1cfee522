import { SluiceError } from '../domain/errors.ts'
import type { Plan } from '../domain/plan/plan.ts'
import { type RehearsalRecord, rehearsedWithin, unrehearsed } from '../domain/policy/rehearsed.ts'
import type { Problem } from '../domain/problems.ts'
import type { Instant } from '../domain/units.ts'
import { configurationHash } from './fingerprint.ts'
import type { Installation } from './installation.ts'

/** Who knows what was rehearsed. */
export interface RehearsalKeeper {
  readonly installation: Installation
  readonly releases: { rehearsals(plan: Plan): Promise<Omit<RehearsalRecord, 'configHash'>> }
}

/**
 * Why the policies of a plan refuse its start for want of a rehearsal. The record is asked for only where one of them does.
 * @throws SluiceError as `releases`: a record that cannot be read lets nothing start
 */
export async function rehearsalProblems(
  plan: Plan,
  { installation, releases }: RehearsalKeeper,
  now: Instant,
): Promise<readonly Problem[]> {
  if (rehearsedWithin(plan) === undefined) return []
  const configHash = configurationHash(installation, plan)
  return unrehearsed(plan, { ...(await releases.rehearsals(plan)), configHash }, now)
}

/** The same for whoever only looks. */
export async function rehearsalNotes(plan: Plan, keeper: RehearsalKeeper, now: Instant): Promise<readonly string[]> {
  try {
    const problems = await rehearsalProblems(plan, keeper, now)
    return problems.map(({ message, fix }) => `would be refused to start: ${message}; ${fix}`)
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    return [`nobody can say now whether the plan was rehearsed, which a policy asks for: ${error.message}`]
  }
}
