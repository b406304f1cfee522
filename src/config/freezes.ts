import { createOverview } from '../calendars/overview.ts'
import type { Actor } from '../domain/actor.ts'
import { type Asker, leaveFor, type WindowsNow } from '../domain/calendar/leave.ts'
import { theFreezes, utcText } from '../domain/calendar/window-rule.ts'
import { SluiceError } from '../domain/errors.ts'
import type { Plan } from '../domain/plan/plan.ts'
import { onlySetsOff } from '../domain/plan/plan-flags.ts'
import { freezesAhead, timelineOf } from '../domain/plan/plan-timeline.ts'
import { targetName } from '../domain/target.ts'
import type { Instant } from '../domain/units.ts'
import type { Installation } from './installation.ts'

/** Who wants to start, and whether they override the freezes that hold now. */
export interface StartWish {
  readonly actor: Actor
  readonly reason: string
  readonly overridesFreeze: boolean
}

/**
 * Asks the freezes of a plan whether it may start now. Answers with the plan, in which the freezes that were overridden are
 * left aside, and with what its author should know of those to come.
 * @throws SluiceError `lane.frozen`, `command.forbidden`, `request.invalid` for an override without a reason
 */
export function throughFreezes(
  plan: Plan,
  wish: StartWish,
  installation: Installation,
  now: Instant,
): { readonly plan: Plan; readonly notes: readonly string[] } {
  const { windows } = plan
  // A freeze never blocks a way back.
  if (windows === undefined || windows.freeze.length === 0 || onlySetsOff(plan.actions)) return { plan, notes: [] }
  const { frozenBy, opensAt, problem } = createOverview(installation.calendars, now)({ ...windows, only: [] })
  // What cannot be read does not stop a start: the first raise waits for it, and says so.
  if (problem !== null) return { plan, notes: [problem] }
  const standing: WindowsNow = frozenBy.length > 0 ? 'frozen' : 'open'
  const asker = standing === 'frozen' ? askerOf(wish, frozenBy, installation) : 'person'
  if (leaveFor('start', standing, asker) === 'refuse') throw frozen(plan, frozenBy, opensAt, installation)
  const { person: by } = wish.actor
  const isOverridden = standing === 'frozen' && asker === 'overriding'
  const rest = isOverridden ? windows.freeze.filter((name) => !frozenBy.includes(name)) : windows.freeze
  const overridden = { by, reason: wish.reason, freezes: frozenBy }
  const allowed = isOverridden ? { ...plan, windows: { ...windows, freeze: rest, overridden } } : plan
  const { freeze: pages } = installation.calendars.pagesOf({ only: [], freeze: rest }, now)
  return { plan: allowed, notes: freezesAhead(timelineOf(plan, []), pages, now) }
}

/** What freezes mean for a plan that starts now, for whoever only looks: one that holds, and those that it runs into. */
export function freezeNotes(plan: Plan, { calendars }: Installation, now: Instant): readonly string[] {
  const { windows } = plan
  if (windows === undefined || windows.freeze.length === 0 || onlySetsOff(plan.actions)) return []
  const { frozenBy, opensAt, problem } = createOverview(calendars, now)({ ...windows, only: [] })
  if (problem !== null) return [problem]
  const isFrozen = frozenBy.length > 0
  const end = opensAt === null ? 'and no end of it is known' : `until ${utcText(opensAt)}`
  const refused = isFrozen
    ? [`a start is refused now: ${theFreezes(frozenBy)} ${frozenBy.length === 1 ? 'lasts' : 'last'} ${end}`]
    : []
  if (isFrozen && opensAt === null) return refused
  const { freeze: pages } = calendars.pagesOf({ only: [], freeze: windows.freeze }, now)
  return [...refused, ...freezesAhead(timelineOf(plan, []), pages, isFrozen ? (opensAt ?? now) : now)]
}

function askerOf(
  { actor, reason, overridesFreeze }: StartWish,
  freezes: readonly string[],
  installation: Installation,
): Asker {
  const isProgram = installation.people.some(({ id, program }) => id === actor.person && program === true)
  if (!overridesFreeze) return isProgram ? 'program' : 'person'
  const refused = freezes.find((name) => isProgram || !mayOverride(name, actor.person, installation))
  if (refused !== undefined) {
    throw new SluiceError('command.forbidden', {
      message: isProgram
        ? 'a program may not override a freeze'
        : `${actor.person} may not override ${theFreezes([refused])}`,
      fix: whoMay(refused, installation),
    })
  }
  if (reason === '')
    throw new SluiceError('request.invalid', {
      message: 'overriding a freeze needs a reason',
      expected: 'a reason, which everybody will read',
      fix: 'give one',
    })
  return 'overriding'
}

function groupOf(freeze: string, { freezes }: Installation): string | undefined {
  const form = Object.hasOwn(freezes, freeze) ? freezes[freeze] : undefined
  return typeof form === 'object' ? form.override : undefined
}

function mayOverride(freeze: string, person: string, installation: Installation): boolean {
  const group = groupOf(freeze, installation)
  return group !== undefined && (installation.groups[group] ?? []).includes(person)
}

function whoMay(freeze: string, installation: Installation): string {
  const group = groupOf(freeze, installation)
  return group === undefined
    ? `wait for its end: sluice.yaml lets nobody override ${theFreezes([freeze])}`
    : `wait for its end, or ask somebody of ${group} to start with --override-freeze and a reason`
}

function frozen(
  plan: Plan,
  freezes: readonly string[],
  until: Instant | null,
  installation: Installation,
): SluiceError {
  const end = until === null ? 'and no end of it is known' : `until ${utcText(until)}`
  return new SluiceError('lane.frozen', {
    message: `${targetName(plan)} is frozen by ${theFreezes(freezes)} ${end}`,
    fix: whoMay(freezes[0] ?? '', installation),
  })
}
