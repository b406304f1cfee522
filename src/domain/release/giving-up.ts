import { isRaise, wayBack, withoutFlags } from '../exposure.ts'
import { FLAG_OFF, type FlagReach, type FlagReaches, flagsText, isWider, reachIn } from '../flag-reach.ts'
import type { PlanConsequence } from '../plan/checks.ts'
import type { Abandonment, Pause } from './release-events.ts'
import type { ReleaseState } from './release-state.ts'

/** What a plan may go back for, or be paused for. */
export type StopCause = Extract<Abandonment['cause'], Pause['cause']> | 'floor'

/** What a plan does that does not go on. */
type GivingUp =
  | { readonly kind: 'go-back' }
  | ({ readonly kind: 'pause' } & Pick<Pause, 'cause' | 'reason' | 'asksToGoBack'>)

/**
 * What a failure leads to where the plan says `then`. A way back that takes nothing from anybody, and gives some a feature that
 * this release has taken from them, brings nobody to safety: it is never gone without a person's word. `asks` is false for
 * releases that an older version started, which go back.
 */
export function givingUp(
  then: PlanConsequence,
  { cause, reason }: { readonly cause: StopCause; readonly reason: string },
  { state, asks }: { readonly state: Pick<ReleaseState, 'baseline' | 'wanted'>; readonly asks: boolean },
): GivingUp {
  const paused = { kind: 'pause', cause: cause === 'floor' ? 'failed-check' : cause } as const
  if (then === 'pause') return { ...paused, reason }
  const given = asks ? flagsText(givenBack(state)) : ''
  if (given === '') return { kind: 'go-back' }
  const choice = `a rollback would set ${given} again, so a person decides: abort to do that, resume to go on`
  return { ...paused, reason: `${reason}; ${choice}`, asksToGoBack: true }
}

/** The flags that the way back would widen, as they would be; none where it takes anything from anybody. */
function givenBack({ baseline, wanted }: Pick<ReleaseState, 'baseline' | 'wanted'>): FlagReaches {
  if (baseline === null) return {}
  const back = wayBack(baseline, wanted)
  if (isRaise(withoutFlags(back), withoutFlags(wanted))) return {}
  const flags = Object.entries(back.flags ?? {}).map(([name, then]) => {
    return { name, then, now: reachIn(wanted.flags, name) ?? FLAG_OFF }
  })
  if (flags.some(({ then, now }) => isTaken(now, then))) return {}
  return Object.fromEntries(flags.filter(({ then, now }) => isWider(now, then)).map(({ name, then }) => [name, then]))
}

/** Cohorts are few: the share says first who has more. */
function isTaken(now: FlagReach, then: FlagReach): boolean {
  return then.weight === now.weight ? isWider(then, now) : then.weight < now.weight
}
