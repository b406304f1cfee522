import { namesOf } from '../analysis/arms.ts'
import { asSentence } from '../analysis/explain.ts'
import type { TrafficLook } from '../analysis/traffic/watch-traffic.ts'
import { type GuardInput, type GuardOutcome, type GuardState, tellOf } from '../domain/release/guard.ts'
import { exposureText } from '../domain/release/release-story.ts'
import { formatDuration } from '../domain/units.ts'
import { routerOutcome } from './judge-router.ts'
import type { SplitLook } from './judge-split.ts'
import type { RouterLook } from './keep-router.ts'

/** What one look has shown beside the verdicts of the checks. */
export interface Shown {
  readonly router: RouterLook
  readonly traffic: TrafficLook
  readonly split: SplitLook
}

/** Why the watch ends with this look, or null when it goes on. What is worst for the users comes first. */
export function outcomeOf(input: GuardInput, before: GuardState, state: GuardState, shown: Shown): GuardOutcome | null {
  const { router, traffic, split } = shown
  const ofRouter = routerOutcome(input, before, state, router)
  if (ofRouter?.kind === 'foreign') return ofRouter
  return (
    usersOutcome(traffic, state) ??
    checksOutcome(traffic, state) ??
    (split.fault === null ? null : { kind: 'misrouted', reason: split.fault, state }) ??
    blindOutcome(input, state) ??
    ofRouter ??
    provenOutcome(input, state)
  )
}

/** The canary is not fit for anybody. */
export function usersOutcome({ floor }: TrafficLook, state: GuardState): GuardOutcome | null {
  return floor.kind === 'canary' ? { kind: 'floor', reason: floor.reason, state } : null
}

function checksOutcome({ restarts }: TrafficLook, state: GuardState): GuardOutcome | null {
  for (const [check, { verdict }] of Object.entries(state.checks)) {
    if (verdict.outcome === 'fail') return { kind: 'failed', check, reason: tellOf(check, verdict), state }
  }
  return restarts.kind === 'failing' ? { kind: 'failed', check: 'restarts', reason: restarts.reason, state } : null
}

function blindOutcome(input: GuardInput, state: GuardState): GuardOutcome | null {
  if (input.blindLimit === null || state.blindSince === null) return null
  const blindFor = state.lookedAt - state.blindSince
  if (blindFor < input.blindLimit) return null
  return { kind: 'blind', reason: `no usable data for ${formatDuration(blindFor)}; ${blindReason(state)}`, state }
}

function blindReason(state: GuardState): string {
  const blind = Object.entries(state.checks).find(
    ([, { verdict }]) => verdict.outcome === 'inconclusive' && verdict.cause === 'blind',
  )
  if (blind !== undefined) return tellOf(blind[0], blind[1].verdict)
  return state.hold ?? 'the data has come back'
}

function provenOutcome(input: GuardInput, state: GuardState): GuardOutcome | null {
  if (!input.endsWhenProven || !isEverythingProven(input, state)) return null
  return { kind: 'proven', reason: provenText(input, state), state }
}

function isEverythingProven({ checks }: GuardInput, state: GuardState): boolean {
  if (typeof state.hold === 'string') return false
  const watched = checks.map(({ name }) => state.checks[name])
  const isPassing = watched.every((check) => check?.verdict.outcome === 'pass')
  const proofs = watched.flatMap((check) => (check?.proof === undefined ? [] : [check.proof.isProven]))
  // Checks that compare nothing, such as fixed limits, have nothing to prove; but somebody must have.
  return isPassing && proofs.length > 0 && proofs.every(Boolean)
}

function provenText(input: GuardInput, state: GuardState): string {
  const said = Object.values(state.checks).flatMap(({ proof }) => proof?.reason ?? [])
  const claim = `every check has shown that ${namesOf(input).canary} is within its limits`
  return asSentence(said.length === 0 ? claim : `${claim}: ${said.join('; ')}`)
}

/** The look in one line. */
export function summaryOf(input: GuardInput, state: GuardState): string {
  const verdicts = Object.entries(state.checks).map(([name, { verdict }]) => `${name} ${verdict.outcome}`)
  const fault = state.routerFault === null ? [] : [`router: ${state.routerFault}`]
  return [`look ${state.looks} at ${exposureText(input.exposure)}`, ...verdicts, ...fault].join(', ')
}
