import type { Action } from './actions.ts'
import type { Check, Consequence, PlanConsequence } from './checks.ts'

/** What a failure of this check does; `usual` is the plan's. */
export function failureOf({ onFail }: Pick<Check, 'onFail'>, usual: PlanConsequence): Consequence {
  return onFail ?? usual
}

/** True for a check whose failure ends the way forward; the others warn, or hold until they pass again. */
export function stopsRelease(check: Pick<Check, 'onFail'>, usual: PlanConsequence): boolean {
  return ['rollback', 'pause'].includes(failureOf(check, usual))
}

/** True for a check that has no say in where the release goes. */
export function onlyWarns({ onFail }: Pick<Check, 'onFail'>): boolean {
  return onFail === 'warn'
}

/** What missing data of this check does; null where that is the plan's to say. */
export function blindnessOf({ onFail, onNoData }: Pick<Check, 'onFail' | 'onNoData'>): Consequence | null {
  return onNoData ?? (onFail === 'warn' ? 'warn' : null)
}

/** The checks with what each failure does, as soon as one of the plan has a consequence of its own. */
export function withConsequences(checks: readonly Check[], usual: PlanConsequence, hasOwn: boolean): readonly Check[] {
  return hasOwn ? checks.map((check) => ({ ...check, onFail: failureOf(check, usual) })) : checks
}

/**
 * Consequences beside the plan's own, of these checks and of what these actions wait for, in one line; null when all do as the
 * plan says.
 */
export function consequenceText(
  checks: readonly Check[],
  usual: PlanConsequence,
  actions: readonly Action[] = [],
): string | null {
  const ofChecks = checks.flatMap((check) => {
    const [onFail, onNoData] = [failureOf(check, usual), check.onNoData]
    const { onFailFlag } = check
    const first = onFailFlag === undefined ? [] : [`sets ${onFailFlag.flag} off, then ${onFail}`]
    const fails = onFail === usual || first.length > 0 ? first : [onFail]
    const blind = onNoData === undefined ? [] : [`${onNoData} without data`]
    return fails.length + blind.length === 0 ? [] : [`${check.name} ${[...fails, ...blind].join(' and ')}`]
  })
  const parts = [...ofChecks, ...actions.flatMap((action) => ofAction(action, usual))]
  return parts.length === 0 ? null : `consequences: ${parts.join(', ')}`
}

function ofAction(action: Action, usual: PlanConsequence): readonly string[] {
  switch (action.kind) {
    case 'hook':
    case 'call-gate': {
      const { call, step, onFail = usual } = action
      return onFail === usual ? [] : [`${action.kind === 'hook' ? 'hook' : 'gate'} ${call} (step ${step}) ${onFail}`]
    }
    case 'readiness-gate': {
      const { step, onFail = usual } = action
      return onFail === usual ? [] : [`gate readiness (step ${step}) ${onFail}`]
    }
    // An approval that expires does not ask the plan's `onFail`.
    case 'ask':
      return action.onExpiry === 'rollback'
        ? []
        : [`approve (step ${action.step}) ${action.onExpiry} without an answer`]
    case 'expose':
    case 'bake':
    case 'judge':
    case 'gate':
    case 'tell':
      return []
  }
}

/** What is worth saying of the consequences of a plan's checks; every one of the plan, those of its analyses included. */
export function consequenceWarnings(checks: readonly Check[]): readonly string[] {
  return checks.length > 0 && checks.every(onlyWarns)
    ? ['every check only warns: nothing but the floor, restarts and the router can stop a release of this plan']
    : []
}

/** The parts of a plan that hold checks. */
interface Watched {
  readonly checks: readonly Check[]
  readonly actions: readonly Action[]
}

/** The plan's own checks and those of its analyses. */
export function allChecks({ checks, actions }: Watched): readonly Check[] {
  return [...checks, ...actions.flatMap((action) => (action.kind === 'judge' ? action.checks : []))]
}
