import type { Action } from '../plan/actions.ts'
import type { Check } from '../plan/checks.ts'
import { allChecks, failureOf, stopsRelease } from '../plan/consequences.ts'
import type { Plan } from '../plan/plan.ts'
import { flagsIn } from '../plan/plan-flags.ts'
import { lackOf, type PoolHealth } from '../release/pool-health.ts'
import { type InstanceVersion, proofOf } from '../release/version-proof.ts'
import { fail, pass, READINESS_ITEMS, type ReadinessAnswer, type ReadinessItem, unknown } from './answers.ts'

/** What every gate for the checklist in a plan does without; without such a gate, nothing. */
export function waivedIn({ actions }: Pick<Plan, 'actions'>): readonly ReadinessItem[] {
  const gates = actions.flatMap((action) => (action.kind === 'readiness-gate' ? [action.without] : []))
  return READINESS_ITEMS.filter((item) => gates.length > 0 && gates.every((without) => without.includes(item)))
}

/** What came of a write that changes nothing. Texts are clauses. */
export type WriteSight =
  | { readonly kind: 'shown'; readonly stable: string }
  /** There is no router, and so nothing to be written: the flags of the plan are, as their store says. */
  | { readonly kind: 'unrouted'; readonly flags: string }
  /** The router is not where it should rest, so that a write would have changed something. */
  | { readonly kind: 'not-at-rest'; readonly shows: string; readonly wanted: string }
  /** Somebody else has it in hand. */
  | { readonly kind: 'taken'; readonly by: string }

export function wayBackAnswer(sight: WriteSight): ReadinessAnswer {
  switch (sight.kind) {
    case 'shown':
      return pass(`the router was read, written with what it had, and read back: everybody is on ${sight.stable}`)
    case 'unrouted':
      return pass(`there is no router to go back by, and what the flags go back to was read: ${sight.flags}`)
    case 'not-at-rest':
      return fail(
        `the router shows ${sight.shows} instead of ${sight.wanted}, so nothing was written`,
        'send everybody to the stable pool, then ask again',
      )
    case 'taken':
      return unknown(`${sight.by}, so nothing was written`, 'ask again when it has ended')
  }
}

/** What the same question was answered with through the router: with a try-it ticket, and without. */
export interface RouteSight {
  readonly tester: InstanceVersion
  readonly others: InstanceVersion
}

/** Whether one user alone was sent to the version. */
export function routingAnswer(version: string, { tester, others }: RouteSight): ReadinessAnswer {
  const fix = 'ask the address under version.through of sluice.yaml yourself: is the router before it?'
  const silent = [tester, others].find(({ says }) => says === null)
  if (silent !== undefined) return unknown(`${silent.instance} says no version, ${silent.fault ?? 'nothing came'}`, fix)
  if (tester.says !== version)
    return fail(
      `a request with a try-it ticket reached ${tester.says ?? 'nothing'}, not ${version}`,
      `deploy ${version} to the canary pool; if it is there, version.through of sluice.yaml is not behind the router`,
    )
  if (others.says === version)
    return fail(
      `a request without a try-it ticket reached ${version} as well`,
      'release a version that stable does not run yet',
    )
  return pass(`a request with a try-it ticket reached ${version}, one without ${others.says ?? 'nothing'}`)
}

/** Whether stable can carry everybody, which is what a way back asks of it. */
export function capacityAnswer(
  health: Readonly<Record<string, PoolHealth>>,
  stable: string,
  needed: number,
): ReadinessAnswer {
  const lack = lackOf(health, [stable], needed)
  if (lack !== null) return fail(lack, 'bring the servers of the stable pool back before anything is released')
  const { ready, total } = health[stable] ?? { ready: 0, total: 0 }
  return pass(`${ready} of ${total} servers of ${stable} are ready`)
}

export function versionAnswer(version: string, pool: string, instances: readonly InstanceVersion[]): ReadinessAnswer {
  const proof = proofOf(version, pool, instances)
  return proof.isProven ? pass(proof.text) : fail(proof.reason, `deploy ${version} to ${pool}, then ask again`)
}

/** One call that takes something back, and what its dry form has said; null where it has none. */
interface UndoSight {
  readonly call: string
  readonly dry: { readonly kind: 'yes' | 'no' | 'wait' | 'unreadable'; readonly reason: string } | null
}

/** Whether every call that would take something back says that it could. */
export function undoAnswer(undos: readonly UndoSight[]): ReadinessAnswer {
  if (undos.length === 0) return pass('the plan has no undo that would have to be called')
  const refused = undos.find(({ dry }) => dry?.kind === 'no')
  if (refused !== undefined) return fail(saying(refused), 'mend what it speaks of, then ask again')
  const mute = undos.filter(({ dry }) => dry === null).map(({ call }) => call)
  if (mute.length > 0)
    return unknown(
      `nobody can ask whether ${mute.join(', ')} would work`,
      'name a call that can say so as `dry` of it in sluice.yaml',
    )
  const unsure = undos.find(({ dry }) => dry?.kind !== 'yes')
  if (unsure !== undefined) return unknown(saying(unsure), 'see that its dry form answers yes or no, then ask again')
  return pass(`${undos.map(({ call }) => call).join(', ')} could be called, its dry form says yes`)
}

const SAID = { yes: 'yes', no: 'no', wait: 'not yet', unreadable: 'nothing that can be read' } as const

function saying({ call, dry }: UndoSight): string {
  if (dry === null) return `${call} has no dry form`
  return `the dry form of ${call} says ${SAID[dry.kind]}${dry.reason === '' ? '' : `: ${dry.reason}`}`
}

/** Calls of the plan that take something back. */
export function undosIn(actions: readonly Action[]): readonly string[] {
  const undos = actions.flatMap((action) => (action.kind === 'hook' && action.undo !== undefined ? [action.undo] : []))
  return [...new Set(undos)]
}

/** What of the plan's names was looked up outside of it. */
interface NamesSight {
  /** Flags that their store has not. */
  readonly missingFlags: readonly string[]
  /** Why the flags could not be read; null when they could, and where there are none. */
  readonly flagFault: string | null
}

/** Whether cohorts, flags and approvers are there. Cohorts and groups are those that the plan was read against. */
export function namesAnswer(plan: Pick<Plan, 'actions'>, author: string, sight: NamesSight): ReadinessAnswer {
  const { missingFlags, flagFault } = sight
  const few = plan.actions.find((action) => action.kind === 'ask' && approvers(action, author) < action.need)
  if (few?.kind === 'ask')
    return fail(
      `step ${few.step} needs ${few.need} of ${few.by}, and ${approvers(few, author)} of them may approve`,
      `add people to the group ${few.by} in sluice.yaml, or ask for fewer`,
    )
  if (missingFlags.length > 0)
    return fail(`the flag store has no ${missingFlags.join(', ')}`, 'create it there, or correct its name in the plan')
  if (flagFault !== null)
    return unknown(`the flags cannot be read: ${flagFault}`, 'mend the flag store, then ask again')
  return pass(namesText(plan.actions))
}

type AskAction = Extract<Action, { kind: 'ask' }>

function approvers({ people, notAuthor }: AskAction, author: string): number {
  return people.filter((person) => !notAuthor || person !== author).length
}

function namesText(actions: readonly Action[]): string {
  const cohorts = new Set(actions.flatMap((action) => (action.kind === 'expose' ? action.exposure.cohorts : [])))
  const groups = new Set(actions.flatMap((action) => (action.kind === 'ask' ? [action.by] : [])))
  const kinds = [
    ['cohorts', [...cohorts]],
    ['flags', flagsIn(actions)],
    ['approvers', [...groups]],
  ] as const
  const named = kinds.flatMap(([kind, names]) => (names.length === 0 ? [] : [`${kind} ${names.join(', ')}`]))
  return named.length === 0 ? 'the plan names no cohort, flag or approver' : `all exist: ${named.join('; ')}`
}

/** Whether the plan stops and goes back without anybody. */
export function automaticAnswer(plan: Pick<Plan, 'actions' | 'checks' | 'onFail'>): ReadinessAnswer {
  const stops = (check: Check) => stopsRelease(check, plan.onFail)
  const all = allChecks(plan)
  if (all.length === 0)
    return fail('the plan has no check: nothing but the floor would stop it', 'add checks to the plan')
  if (!all.some(stops))
    return fail('no check of the plan stops it: all of them only warn or hold', 'let one of them roll back or pause')
  if (!plan.checks.some(stops))
    return fail(
      'the checks that stop the plan watch single steps only',
      'move one of them to the checks of the plan, which watch every step',
    )
  const names = plan.checks.filter(stops).map((check) => `${check.name} (${failureOf(check, plan.onFail)})`)
  return pass(`nobody has to be there: ${names.join(', ')}`)
}
