import type { Fence } from '../../domain/exposure.ts'
import type { FlagReach } from '../../domain/flag-reach.ts'
import { FULL_WEIGHT } from '../../domain/units.ts'
import { descriptionOf, type FlagConfig, ownRule, PER_BASIS_POINT, type Variations } from './flag.ts'

/** A semantic patch: all of its instructions are carried out, or none. */
interface SemanticPatch {
  readonly environmentKey: string
  readonly comment: string
  readonly instructions: readonly ({ readonly kind: string } & Readonly<Record<string, unknown>>)[]
}

/** A value that no user has: the rule that holds the fence must ask for something. */
const NOBODY = 'sluice: nobody'

interface PatchContext {
  readonly environment: string
  readonly contextKind: string
  readonly cohort: string
  readonly variations: Variations
}

/**
 * Brings the whole configuration of a flag in one environment to the reach, in one step: whether it is on, the share, the
 * cohorts and the fence. It begins with the rule that was read, so that it is refused once somebody else has replaced that.
 */
export function patchFor(now: FlagConfig, reach: FlagReach, fence: Fence, context: PatchContext): SemanticPatch {
  const { environment, contextKind, cohort, variations } = context
  const { on, off } = variations
  const isOff = reach.weight === 0 && reach.cohorts.length === 0
  const own = ownRule(now)
  const description = descriptionOf(fence)
  const values = reach.cohorts.length === 0 ? [NOBODY] : [...reach.cohorts].sort()
  const rule = {
    variationId: reach.cohorts.length === 0 ? off.id : on.id,
    description,
    clauses: [{ contextKind, attribute: cohort, op: 'in', negate: false, values }],
  }
  return {
    environmentKey: environment,
    comment: description,
    instructions: [
      ...(own === null ? [] : [{ kind: 'updateRuleDescription', ruleId: own._id, description }]),
      ...(isOff ? [{ kind: 'turnFlagOff' }] : []),
      { kind: 'updateOffVariation', variationId: off.id },
      { kind: 'replaceTargets', targets: [] },
      { kind: 'replacePrerequisites', prerequisites: [] },
      { kind: 'replaceRules', rules: [rule] },
      { kind: 'updateFallthroughVariationOrRollout', ...served(reach.weight, variations, contextKind) },
      ...(isOff ? [] : [{ kind: 'turnFlagOn' }]),
    ],
  }
}

function served(weight: number, { on, off }: Variations, contextKind: string): Readonly<Record<string, unknown>> {
  if (weight === 0) return { variationId: off.id }
  if (weight === FULL_WEIGHT) return { variationId: on.id }
  return {
    rolloutContextKind: contextKind,
    rolloutWeights: { [on.id]: weight * PER_BASIS_POINT, [off.id]: (FULL_WEIGHT - weight) * PER_BASIS_POINT },
  }
}
