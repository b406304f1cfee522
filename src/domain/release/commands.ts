import type { Actor } from '../actor.ts'
import type { ErrorCode } from '../error-codes.ts'
import { isWhole } from '../exposure.ts'
import { type HeldPolicy, shorteningBarred } from '../policy/held-policy.ts'
import { releaseName } from '../target.ts'
import type { Milliseconds } from '../units.ts'
import type { ApprovalRequest } from './release-events.ts'
import { isEnded, type ReleaseState } from './release-state.ts'
import { COMMAND_VERBS, type CommandVerb, VERBS } from './verbs.ts'

/** One command as it reaches the release. */
export interface Command {
  readonly verb: CommandVerb
  readonly releaseId: string
  /** The plan's step the sender was looking at, or null when the command is meant for whichever runs (abort, pause). */
  readonly step: number | null
  /** Idempotency key: the same key twice has one effect. */
  readonly key: string
  readonly actor: Actor
  readonly reason: string
  /** Only for `extend`: by how much. */
  readonly by?: Milliseconds
}

/** What the sender learns: the command took effect, or had done so before (same key), or why not. */
type CommandDecision = { readonly kind: 'accept' } | { readonly kind: 'repeat' } | Refusal

/** A no, with what helps. */
export interface Refusal {
  readonly kind: 'refuse'
  readonly code: ErrorCode
  readonly message: string
  readonly fix: string
}

/** What a release can be asked now, for buttons and help. */
export function openVerbs(state: ReleaseState): readonly CommandVerb[] {
  return COMMAND_VERBS.filter((verb) => refusalByState(verb, state) === null)
}

/** Who has started a release, and which policies its plan keeps. */
interface Standing {
  readonly author: string
  readonly policies: readonly HeldPolicy[]
}

/** Decides on a command: a pure rule, used by the workflow's validators and by every entrance that draws buttons. */
export function decide(command: Command, state: ReleaseState, standing: Standing): CommandDecision {
  if (state.commandKeys.includes(command.key)) return { kind: 'repeat' }
  if (command.releaseId !== state.releaseId) {
    const [meant, own] = [releaseName(command.releaseId), releaseName(state.releaseId)]
    return refuse('command.stale', `this command was meant for ${meant}, this is ${own}`)
  }
  const byState = refusalByState(command.verb, state)
  if (byState !== null) return byState
  if (command.step !== null && command.step !== state.step) {
    const message = `this command was meant for step ${command.step}; the release is at step ${state.step}`
    return refuse('command.stale', message, 'look at the release and decide again')
  }
  if (command.verb === 'extend' && !((command.by ?? 0) > 0)) {
    return refuse('command.refused', 'extend needs a duration above zero', 'give a duration, such as 10m')
  }
  return decideByPolicies(command, state, standing) ?? decideOnSender(command, state, standing)
}

const ACCEPT: CommandDecision = { kind: 'accept' }

function refuse(code: ErrorCode, message: string, fix = 'look at the release and decide again'): Refusal {
  return { kind: 'refuse', code, message, fix }
}

function refusalByState(verb: CommandVerb, state: ReleaseState): CommandDecision | null {
  if (isEnded(state)) return refuse('release.ended', `the release has ended: ${state.phase}`, 'start a new release')
  const { when } = VERBS[verb]
  // An abort during the rollback is what the sender wants already; refusing it would only frighten them.
  if (when === 'always') return null
  if (state.abandoned !== null) {
    return refuse('command.refused', `the release is rolling back: ${state.abandoned.reason}`, 'wait for its end')
  }
  switch (when) {
    case 'approval':
      return state.approval === null ? refusalToApprove(state) : null
    case 'unpaused':
      return state.pause === null ? null : refuse('command.refused', `the release is paused: ${state.pause.reason}`)
    case 'paused':
      return state.pause === null ? refuse('command.refused', 'the release is not paused') : null
    case 'bake':
      return refusalToPromote(state)
    case 'deadline':
      return state.bake === null && state.approval === null
        ? refuse('command.refused', 'no bake and no approval is running that could be extended')
        : null
  }
}

function refusalToApprove({ pause }: ReleaseState): CommandDecision {
  if (pause?.cause !== 'approval-expired')
    return refuse('command.refused', 'the release is not waiting for an approval')
  return refuse(
    'command.refused',
    `the approval has expired: ${pause.reason}`,
    'resume first: then it is asked for again',
  )
}

function refusalToPromote(state: ReleaseState): CommandDecision | null {
  if (state.approval !== null) {
    return refuse('command.refused', 'the step waits for an approval, and promote does not replace it', 'use approve')
  }
  if ((state.gate ?? null) !== null)
    return refuse('command.refused', `the step waits: ${state.gate?.reason ?? ''}`, 'wait until it is open')
  if (state.bake === null) return refuse('command.refused', 'no bake is running that could be ended')
  const failing = Object.entries(state.verdicts).find(
    ([, verdict]) => verdict.outcome === 'fail' && verdict.only !== 'warn',
  )
  if (failing === undefined) return null
  return refuse(
    'command.refused',
    `the check ${failing[0]} fails: ${failing[1].reason}`,
    'abort, or fix the cause and retry',
  )
}

/** With everybody on what is new no bake can be cut short that a policy asks for. */
function decideByPolicies(
  { verb, actor, reason }: Command,
  { live }: ReleaseState,
  { policies }: Standing,
): CommandDecision | null {
  if (verb !== 'promote' || isWhole(live)) return null
  const barred = shorteningBarred(policies, actor.person, reason)
  return barred === null ? null : { kind: 'refuse', ...barred }
}

function decideOnSender(command: Command, state: ReleaseState, { author }: Standing): CommandDecision {
  const { by } = VERBS[command.verb]
  if (by === 'everyone') return ACCEPT
  if (state.approval === null) return refuse('command.refused', 'the release is not waiting for an approval')
  return approvalRefusal(by, command.actor.person, state.approval, { author, what: 'release' }) ?? ACCEPT
}

/** Why this person may not answer what is asked, or null when they may: they are asked, and approve once, and not for themselves. */
export function approvalRefusal(
  by: 'group' | 'approver',
  person: string,
  approval: ApprovalRequest,
  { author, what }: { readonly author: string; readonly what: 'release' | 'pipeline' },
): Refusal | null {
  if (!approval.people.includes(person)) {
    const message = `${person} is not in the group ${approval.by}`
    return refuse('command.forbidden', message, `ask one of ${approval.people.join(', ')}`)
  }
  if (by === 'group') return null
  if (approval.notAuthor && person === author) {
    const asker = what === 'release' ? 'the plan' : 'its stage'
    return refuse(
      'command.forbidden',
      `${person} started this ${what}, and ${asker} requires somebody else`,
      'ask a colleague',
    )
  }
  if (approval.given.some((given) => given.person === person)) {
    return refuse('command.refused', `${person} has already approved`, 'wait for the remaining approvals')
  }
  return null
}
