import { type BasisPoints, FULL_WEIGHT, formatWeight } from './units.ts'

/** Who has a flag: everybody is a weight of 10000, nobody one of 0 without cohorts. */
export interface FlagReach {
  /** Share of all users, in basis points. */
  readonly weight: BasisPoints
  /** Cohorts that have the flag whatever the weight, sorted, without repeats. */
  readonly cohorts: readonly string[]
}

/** What flags are, by name. */
export type FlagReaches = Readonly<Record<string, FlagReach>>

export const FLAG_OFF: FlagReach = { weight: 0, cohorts: [] }

export function isSameReach(left: FlagReach, right: FlagReach): boolean {
  return left.weight === right.weight && left.cohorts.toSorted().join() === right.cohorts.toSorted().join()
}

/** True when nobody has the flag. */
export function isOff({ weight, cohorts }: FlagReach): boolean {
  return weight === 0 && cohorts.length === 0
}

/** True when nobody who has the flag has it by a share or a cohort. */
export function isAllOrNobody(reach: FlagReach): boolean {
  return reach.weight === FULL_WEIGHT || isOff(reach)
}

/** True when somebody has the flag afterwards who had not. */
export function isWider(before: FlagReach, after: FlagReach): boolean {
  if (after.weight > before.weight) return true
  return before.weight < FULL_WEIGHT && after.cohorts.some((cohort) => !before.cohorts.includes(cohort))
}

/** Who has any of these flags, as far as their shares say. */
export function widestReach(flags: FlagReaches): FlagReach {
  const reaches = Object.values(flags)
  const weight = Math.max(0, ...reaches.map((reach) => reach.weight))
  const cohorts = weight === FULL_WEIGHT ? [] : reaches.flatMap((reach) => reach.cohorts)
  return { weight, cohorts: [...new Set(cohorts)].sort() }
}

/** What this flag is; undefined where nothing says so. A flag may be called as something that every object answers to. */
export function reachIn(flags: FlagReaches | undefined, name: string): FlagReach | undefined {
  return flags !== undefined && Object.hasOwn(flags, name) ? flags[name] : undefined
}

/** True when both say the same of every flag; one that only one of them knows is another. */
export function areSameFlags(left: FlagReaches = {}, right: FlagReaches = {}): boolean {
  const names = Object.keys(left)
  if (names.length !== Object.keys(right).length) return false
  return names.every((name) => {
    const [one, other] = [reachIn(left, name), reachIn(right, name)]
    return one !== undefined && other !== undefined && isSameReach(one, other)
  })
}

/** These flags off, whatever they were. */
export function flagsOff(names: readonly string[]): FlagReaches {
  return Object.fromEntries(names.map((name) => [name, FLAG_OFF]))
}

/** `on`, `off`, `25%`, `beta`, `25% and beta`. */
export function reachText(reach: FlagReach): string {
  const { weight, cohorts } = reach
  if (isOff(reach)) return 'off'
  if (weight === FULL_WEIGHT) return 'on'
  const parts = [...(weight === 0 ? [] : [formatWeight(weight)]), ...cohorts]
  return parts.length < 3 ? parts.join(' and ') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}

/** `flag new-checkout on, flag banner 25%`; nothing without flags. */
export function flagsText(flags: FlagReaches = {}): string {
  return Object.entries(flags)
    .map(([name, reach]) => `flag ${name} ${reachText(reach)}`)
    .join(', ')
}
