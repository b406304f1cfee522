import type { Actor } from '../actor.ts'
import { isRecord } from '../json.ts'
import type { Plan } from '../plan/plan.ts'
import { isCount, isText, type Read, readActor, wrong } from '../release/read-command.ts'
import type { TargetId } from '../target.ts'
import { FULL_WEIGHT } from '../units.ts'
import type { WhenBusy } from './lane-queue.ts'

/** A request for a release, before it has a number. */
export interface Submission {
  readonly target: TargetId
  readonly version: string
  readonly author: Actor
  readonly reason: string
  readonly plan: Plan
  readonly planHash: string
  /** Idempotency key: the same key answers with the same release. */
  readonly key: string
  readonly whenBusy: WhenBusy
  /** True where a start of the version before takes the short way back; it follows the plan when absent, as in older lanes. */
  readonly mayReturn?: true
  /** Events after which the release goes on in a new run, for tries by hand; the server's own suggestion counts as well. */
  readonly longestHistory?: number
}

const WHEN_BUSY: readonly WhenBusy[] = ['reject', 'queue', 'replace']
const MOST_ACTIONS = 10_000

/**
 * Reads what somebody has sent to a lane as a request for a release. Plans are read and judged at the edge; what is looked at
 * here is that nothing in it can stop the workflow that is to carry it out.
 */
export function readSubmission(target: TargetId, message: unknown): Read<Submission> {
  if (!isRecord(message)) return { problem: 'a request for a release must be an object' }
  const { version, author, reason, plan, planHash, key, whenBusy, longestHistory, mayReturn } = message
  const person = readActor(author)
  if ('problem' in person) return person
  const read = readExpandedPlan(target, plan)
  if ('problem' in read) return read
  const busy = WHEN_BUSY.find((known) => known === whenBusy)
  if (!isText(version, 1, 256)) return wrong('version', 'a text of 1 to 256 characters', version)
  if (!isText(reason, 0, 4_000)) return wrong('reason', 'a text of at most 4,000 characters', reason)
  if (!isText(planHash, 1, 256)) return wrong('planHash', 'a digest', planHash)
  if (!isText(key, 1, 256)) return wrong('key', 'a text of 1 to 256 characters', key)
  if (busy === undefined) return wrong('whenBusy', WHEN_BUSY.join(', '), whenBusy)
  const further = {
    ...(isCount(longestHistory) && { longestHistory }),
    ...(mayReturn === true && { mayReturn: true as const }),
  }
  const told = { target, version, author: person.value, reason, plan: read.value, planHash, key, whenBusy: busy }
  return { value: { ...told, ...further } }
}

/** An expanded plan of this target in which nothing can stop a workflow. */
export function readExpandedPlan({ service, environment }: TargetId, plan: unknown): Read<Plan> {
  if (!isRecord(plan)) return wrong('plan', 'an expanded plan', plan)
  const { actions, steps, checks, interval, onInconclusive, onFail } = plan
  if (plan['service'] !== service || plan['environment'] !== environment)
    return wrong('plan', `a plan for ${service}/${environment}`, plan)
  if (!Array.isArray(actions) || actions.length > MOST_ACTIONS || !actions.every(isAction))
    return wrong('plan.actions', 'a list of actions that Sluice knows', actions)
  if (!Array.isArray(steps) || !steps.every((step) => isRecord(step) && isText(step['label'], 0, 10_000)))
    return wrong('plan.steps', 'a list of labels', steps)
  if (!Array.isArray(checks) || !checks.every(isNamed)) return wrong('plan.checks', 'a list of checks', checks)
  if (!isCount(interval) || interval < 1_000) return wrong('plan.interval', 'a second or more', interval)
  if (onFail !== 'rollback' && onFail !== 'pause') return wrong('plan.onFail', 'rollback or pause', onFail)
  if (!isRecord(onInconclusive) || !isCount(onInconclusive['holdFor']))
    return wrong('plan.onInconclusive', 'how long to hold and what then', onInconclusive)
  if (!isAfter(plan['after'])) return wrong('plan.after', 'watch, keep and onFail', plan['after'])
  if (!isWindows(plan['windows'])) return wrong('plan.windows', 'lists of names', plan['windows'])
  if (!isPolicies(plan['policies'])) return wrong('plan.policies', 'a list of policies', plan['policies'])
  if (!isFitness(plan)) return wrong('plan.capacity and plan.proof', 'a share and a time', plan)
  // Every part that the workflow itself reads was looked at; the checks are read by the judges, which never throw.
  return { value: plan as unknown as Plan }
}

function isNamed(check: unknown): boolean {
  return isRecord(check) && isText(check['name'], 1, 256) && isText(check['kind'], 1, 64)
}

function isAction(action: unknown): boolean {
  if (!isRecord(action) || !isCount(action['step'])) return false
  switch (action['kind']) {
    case 'expose':
      return isExposure(action['exposure'])
    case 'bake':
      return isCount(action['duration']) && isRaise(action['raise'])
    case 'judge':
      if (!isCountOrNone(action['begunAtStep'])) return false
      return isCount(action['duration']) && Array.isArray(action['checks']) && action['checks'].every(isNamed)
    case 'ask':
      return isCount(action['within']) && isCount(action['need']) && isTexts(action['people'])
    case 'gate':
      return isText(action['window'], 1, 256)
    case 'call-gate':
      return isText(action['call'], 1, 256) && isCount(action['within']) && isPolicy(action['onFail'])
    case 'readiness-gate':
      return isTexts(action['without']) && isCount(action['within']) && isPolicy(action['onFail'])
    case 'hook':
      return isText(action['call'], 1, 256) && isNameOrNone(action['undo']) && isPolicy(action['onFail'])
    case 'tell':
      return isText(action['text'], 1, 4_000) && isNameOrNone(action['to'])
    default:
      return false
  }
}

function isRaise(raise: unknown): boolean {
  if (raise === undefined) return true
  if (!isRecord(raise) || ![raise['from'], raise['to'], raise['end'] ?? raise['to']].every(isWeight)) return false
  return typeof raise['spend'] === 'number' && raise['spend'] > 0
}

function isPolicy(value: unknown): boolean {
  return value === undefined || value === 'rollback' || value === 'pause'
}

function isNameOrNone(value: unknown): boolean {
  return value === undefined || isText(value, 1, 256)
}

function isCountOrNone(value: unknown): boolean {
  return value === undefined || isCount(value)
}

function isAfter(after: unknown): boolean {
  if (after === undefined) return true
  if (!isRecord(after) || (after['onFail'] !== 'rollback' && after['onFail'] !== 'tell')) return false
  return isCountOrNone(after['watch']) && isCountOrNone(after['keep']) && isTexts(after['alone'])
}

function isPolicies(policies: unknown): boolean {
  if (policies === undefined) return true
  if (!Array.isArray(policies)) return false
  return policies.every((policy) => {
    if (!isRecord(policy) || !isText(policy['name'], 1, 256)) return false
    if (policy['rehearsedWithin'] !== undefined && !isCount(policy['rehearsedWithin'])) return false
    return policy['mayShorten'] === undefined || isTexts(policy['mayShorten'])
  })
}

function isFitness({ capacity, proof }: Readonly<Record<string, unknown>>): boolean {
  const isShare = (share: unknown) => typeof share === 'number' && share > 0 && share <= 1
  const needs = capacity === undefined || (isRecord(capacity) && isShare(capacity['ready']))
  return needs && (proof === undefined || (isRecord(proof) && isCount(proof['within'])))
}

function isWindows(windows: unknown): boolean {
  return windows === undefined || (isRecord(windows) && isTexts(windows['only']) && isTexts(windows['freeze']))
}

function isExposure(exposure: unknown): boolean {
  if (!isRecord(exposure)) return false
  const { flags = {}, tickets, byFlags, mirror } = exposure
  return (
    isReach(exposure) &&
    (tickets === undefined || tickets === true) &&
    (byFlags === undefined || byFlags === true) &&
    (mirror === undefined || (isCount(mirror) && mirror > 0 && mirror <= FULL_WEIGHT)) &&
    isRecord(flags) &&
    Object.keys(flags).every((name) => isText(name, 1, 256) && isReach(flags[name]))
  )
}

function isReach(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { weight, cohorts } = value
  return isWeight(weight) && isTexts(cohorts)
}

function isWeight(value: unknown): boolean {
  return isCount(value) && value <= FULL_WEIGHT
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((text) => isText(text, 1, 256))
}
