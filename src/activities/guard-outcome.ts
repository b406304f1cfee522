import { asSentence } from '../analysis/explain.ts'
import { namesOf } from '../analysis/read-look.ts'
import type { TrafficLook } from '../analysis/traffic/watch-traffic.ts'
import { exposureText } from '../domain/exposure-words.ts'
import { blindnessOf, onlyWarns } from '../domain/plan/consequences.ts'
import { type GuardInput, type GuardOutcome, type GuardState, RESTARTS, tellOf } from '../domain/release/guard.ts'
import type { StandingProof } from '../domain/release/version-proof.ts'
import { formatDuration } from '../domain/units.ts'
import { routerOutcome } from './judge-router.ts'
import type { SplitLook } from './judge-split.ts'
import type { RouterLook } from './keep-router.ts'

/** What one look has shown beside the verdicts of the checks. */
export interface Shown {
  readonly router: RouterLook
  readonly traffic: TrafficLook
  readonly split: SplitLook
  /** Null where the canary was not asked for its version. */
  readonly proof: StandingProof | null
}

/** Why the watch ends with this look, or null when it goes on. What is worst for the users comes first. */
export function outcomeOf(input: GuardInput, before: GuardState, state: GuardState, shown: Shown): GuardOutcome | null {
  const { router, traffic, split, proof } = shown
  const ofRouter = routerOutcome(input, before, state, router)
  if (isOthers(ofRouter)) return ofRouter
  return (
    usersOutcome(traffic, state) ??
    versionOutcome(proof, state) ??
    checksOutcome(input, traffic, state) ??
    (split.fault === null ? null : { kind: 'misrouted', reason: split.fault, state }) ??
    blindOutcome(input, state) ??
    ofRouter ??
    provenOutcome(input, state) ??
    troubleOutcome(before, state) ??
    raiseOutcome(before, state)
  )
}

/** Whatever the checks say of it, what is live is not this release's. */
export function isOthers(outcome: GuardOutcome | null): boolean {
  return outcome?.kind === 'foreign' || outcome?.kind === 'stranger'
}

/** The canary is not fit for anybody. */
export function usersOutcome({ floor }: TrafficLook, state: GuardState): GuardOutcome | null {
  return floor.kind === 'canary' ? { kind: 'floor', reason: floor.reason, state } : null
}

/** What is live is not what the release says: whatever the checks make of it, they judge another version. */
export function versionOutcome(proof: StandingProof | null, state: GuardState): GuardOutcome | null {
  return proof?.kind === 'broken' ? { kind: 'replaced', reason: proof.reason, state } : null
}

function checksOutcome(input: GuardInput, { restarts }: TrafficLook, state: GuardState): GuardOutcome | null {
  const { acting } = input
  const failed = Object.entries(state.checks).flatMap(([check, { verdict }]) =>
    verdict.outcome === 'fail' && verdict.only === undefined ? [{ check, reason: tellOf(check, verdict) }] : [],
  )
  if (restarts.kind === 'failing') failed.push({ check: RESTARTS, reason: restarts.reason })
  const ending = failed.filter(({ check }) => acting === undefined || acting.includes(check))
  const pauses = ({ check }: { readonly check: string }) =>
    input.checks.some(({ name, onFail }) => name === check && onFail === 'pause')
  // What takes the release back is not to wait for a person because another check asks one.
  const first = ending.find((one) => !pauses(one)) ?? ending[0]
  return first === undefined ? null : { kind: 'failed', ...first, state }
}

/** The first check that does as its plan says of missing data has been blind for long enough, or one that says itself. */
function blindOutcome(input: GuardInput, state: GuardState): GuardOutcome | null {
  return ownBlindOutcome(input, state) ?? planBlindOutcome(input, state)
}

function ownBlindOutcome({ checks, blindLimit }: GuardInput, state: GuardState): GuardOutcome | null {
  if (blindLimit === null) return null
  const ended = checks.flatMap((check) => {
    const [then, watched] = [blindnessOf(check), state.checks[check.name]]
    const blindFor = watched?.blindSince === undefined ? 0 : state.lookedAt - watched.blindSince
    if (watched === undefined || blindFor < blindLimit || (then !== 'rollback' && then !== 'pause')) return []
    return [{ then, reason: `no usable data for ${formatDuration(blindFor)}; ${tellOf(check.name, watched.verdict)}` }]
  })
  const first = ended.find(({ then }) => then === 'rollback') ?? ended[0]
  return first === undefined ? null : { kind: 'blind', ...first, state }
}

function planBlindOutcome(input: GuardInput, state: GuardState): GuardOutcome | null {
  if (input.blindLimit === null || state.blindSince === null || !isBlindForPlan(input, state)) return null
  const blindFor = state.lookedAt - state.blindSince
  if (blindFor < input.blindLimit) return null
  return { kind: 'blind', reason: `no usable data for ${formatDuration(blindFor)}; ${blindReason(state)}`, state }
}

/** False while every check that is blind says itself what that does, and nothing else is. */
function isBlindForPlan({ checks }: GuardInput, state: GuardState): boolean {
  if (checks.every((check) => blindnessOf(check) === null)) return true
  const isBlind = checks.some((check) => {
    const verdict = state.checks[check.name]?.verdict
    return blindnessOf(check) === null && verdict?.outcome === 'inconclusive' && verdict.cause === 'blind'
  })
  return isBlind || typeof state.hold === 'string'
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
  const watched = checks.filter((check) => !onlyWarns(check)).map(({ name }) => state.checks[name])
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

/** A check that holds or warns has begun to fail, or is fine again. */
function troubleOutcome(before: GuardState, state: GuardState): GuardOutcome | null {
  for (const [check, { trouble }] of Object.entries(state.checks)) {
    if (trouble?.since === before.checks[check]?.trouble?.since) continue
    const reason = trouble === undefined ? `${check} passes again` : tellOf(check, trouble)
    return { kind: 'noted', reason, state }
  }
  return null
}

/** What the next weight had to wait for has come: whoever holds for it is to hear of it at once. */
function raiseOutcome({ raise: before }: GuardState, state: GuardState): GuardOutcome | null {
  const { raise } = state
  const isNews = before?.isAffordable === false && raise?.isAffordable === true && before.to === raise.to
  return isNews ? { kind: 'noted', reason: raise.reason, state } : null
}

/** The look in one line. */
export function summaryOf(input: GuardInput, state: GuardState): string {
  const verdicts = Object.entries(state.checks).map(([name, { verdict }]) => `${name} ${verdict.outcome}`)
  const fault = state.routerFault === null ? [] : [`router: ${state.routerFault}`]
  return [`look ${state.looks} at ${exposureText(input.exposure)}`, ...verdicts, ...fault].join(', ')
}
