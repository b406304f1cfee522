import { createHash } from 'node:crypto'
import { SluiceError } from '../../src/domain/errors.ts'
import { isSameExposure, type PoolRoles, rolesWith } from '../../src/domain/exposure.ts'
import { formerOf, type PossibleReturn, returnByStart, returnOf } from '../../src/domain/lane/former.ts'
import { nextToStart } from '../../src/domain/lane/lane-duty.ts'
import { enqueue, type Placement, place, withdraw as withdrawWaiting } from '../../src/domain/lane/lane-queue.ts'
import { recovered, recoverTo } from '../../src/domain/lane/lane-recovery.ts'
import { emptyLane, type LaneState } from '../../src/domain/lane/lane-state.ts'
import { laneView } from '../../src/domain/lane/lane-view.ts'
import { lifted, pinProblem } from '../../src/domain/lane/leave-to-start.ts'
import { placementRefusal } from '../../src/domain/lane/placement-refusal.ts'
import { ended, start as takeTurn } from '../../src/domain/lane/running-release.ts'
import type { Action } from '../../src/domain/plan/actions.ts'
import type { Plan } from '../../src/domain/plan/plan.ts'
import type { ReadinessAnswers } from '../../src/domain/readiness/answers.ts'
import type { Rehearsal } from '../../src/domain/readiness/rehearsal.ts'
import { eventsOf, type NewEvent } from '../../src/domain/release/command-events.ts'
import { decide } from '../../src/domain/release/commands.ts'
import type { GuardState } from '../../src/domain/release/guard.ts'
import { pastReleaseOf } from '../../src/domain/release/past-release.ts'
import { hearing } from '../../src/domain/release/read-callback.ts'
import { releaseCard } from '../../src/domain/release/release-card.ts'
import { phaseText } from '../../src/domain/release/release-details.ts'
import { reduce } from '../../src/domain/release/release-reducer.ts'
import { beginState, endOf, isEnded, type ReleaseState } from '../../src/domain/release/release-state.ts'
import {
  laneIdOf,
  parseReleaseId,
  releaseIdOf,
  releaseName,
  type TargetId,
  targetName,
} from '../../src/domain/target.ts'
import type {
  BackRequest,
  CommandOutcome,
  CommandRequest,
  RecoverRequest,
  Releases,
  ShownCard,
  StartRequest,
} from '../../src/releases/releases.ts'
import { placeIn, waitingCard, waitingText } from '../../src/releases/waiting.ts'
import type { LaneView, SubmissionAnswer } from '../../src/workflows/messages.ts'
import { pageOf, unknownRelease } from './fake-lists.ts'

type Lane = LaneState<StartRequest>

export interface Kept {
  readonly request: StartRequest
  readonly replaces: string | null
  readonly startedAt: number
  state: ReleaseState
  guard: GuardState | null
}

/** Releases in memory that answer by the real rules; what a workflow would do by itself the test does by hand. */
export interface FakeReleases extends Releases {
  /** Does what the workflow would do next: the next half of an action, the rollback, or the promotion. */
  advance(releaseId: string, times?: number): void
  /** Lets something happen to a release. */
  record(releaseId: string, event: NewEvent): void
  /** What the guard has seen last. */
  watch(releaseId: string, guard: GuardState | null): void
  /** From now on every call fails with this, until it is lifted with null. */
  failWith(error: Error | null): void
  /** Every command that took effect or was a repetition, in order. */
  readonly commands: readonly CommandRequest[]
  /** What questions about readiness are answered with from now on. */
  answerReady(lines: ReadinessAnswers['lines']): void
  /** Every rehearsal that was kept. */
  readonly keptRehearsals: readonly Rehearsal[]
}

export function createFakeReleases({ now = Date.now }: { readonly now?: () => number } = {}): FakeReleases {
  const kept = new Map<string, Kept>()
  const lanesByTarget = new Map<string, Lane>()
  const commands: CommandRequest[] = []
  const keptRehearsals: Rehearsal[] = []
  let readyLines: ReadinessAnswers['lines'] = []
  /** What was answered, by the key it was asked with: a repetition gets the same answer and has no effect. */
  const answered = new Map<string, unknown>()
  let failure: Error | null = null

  function answer<T>(body: () => T): Promise<T> {
    if (failure !== null) return Promise.reject(failure)
    return new Promise((resolve) => resolve(body()))
  }

  function find(id: string): Kept {
    const one = kept.get(parseReleaseId(id)?.releaseId ?? '')
    if (one !== undefined) return one
    throw unknownRelease(id)
  }

  function once<T>(wish: string, key: string | undefined, body: () => T): T {
    if (key === undefined) return body()
    const name = `${wish} ${key}`
    const answer = answered.has(name) ? (answered.get(name) as T) : body()
    answered.set(name, answer)
    return answer
  }

  function record(releaseId: string, event: NewEvent): void {
    const one = find(releaseId)
    one.state = reduce(one.state, { ...event, at: now() })
    if (!isEnded(one.state)) return
    const { service, environment } = one.request.plan
    setLane({ service, environment }, (lane) =>
      ended(
        lane,
        {
          ...{ releaseId, outcome: endOf(one.state) ?? 'rolled-back', version: one.request.version },
          ...{
            roles: one.state.roles,
            former: formerOf({ ...one.request, releaseId, replaces: one.replaces }, one.state),
          },
          ...(one.state.abandoned !== null && {
            ...{ reason: one.state.abandoned.reason, cause: one.state.abandoned.cause },
          }),
        },
        now(),
      ),
    )
  }

  function setLane(target: TargetId, change: (lane: Lane) => Lane): Lane {
    let lane = change(lanesByTarget.get(targetName(target)) ?? emptyLane())
    const next = nextToStart(lane)
    const roles = lane.rest ?? { stable: 'blue', canary: 'green' }
    if (next !== null) lane = { ...takeTurn(lane, now()), rest: roles }
    lanesByTarget.set(targetName(target), lane)
    if (next !== null) begin(next.releaseId, next.entry, lane.promotedVersion, roles)
    return lane
  }

  function begin(releaseId: string, request: StartRequest, replaces: string | null, roles: PoolRoles): void {
    kept.set(releaseId, { request, replaces, startedAt: now(), state: beginState(releaseId), guard: null })
    record(releaseId, { type: 'baseline-recorded', roles, exposure: { weight: 0, cohorts: [] } })
  }

  function view(target: TargetId): LaneView {
    return laneView(
      target,
      setLane(target, (lane) => lane),
    )
  }

  function viewOf(name: string): LaneView {
    const [service = '', environment = ''] = name.split('/')
    return view({ service, environment })
  }

  function start(request: StartRequest): SubmissionAnswer {
    const { service, environment } = request.plan
    const target = { service, environment }
    const lane = lanesByTarget.get(targetName(target)) ?? emptyLane()
    const fingerprint = `${request.version} ${JSON.stringify(request.plan)}`
    const placement = place(lane, { ...request, fingerprint })
    refuse(placement)
    if (placement.kind === 'repeat') return { releaseId: placement.releaseId, ...placeOf(target, placement.releaseId) }
    const way = placement.kind === 'start' ? returnByStart(lane, request, now()) : null
    if (way !== null) return goBack(target, way, { ...request, actor: request.author })
    const releaseId = releaseIdOf(target, lane.nextNumber)
    const waiting = { releaseId, number: lane.nextNumber, queuedAt: now(), entry: request }
    const isFirst = placement.kind === 'replace'
    setLane(target, (before) => enqueue(before, waiting, { key: request.key, fingerprint }, isFirst))
    if (placement.kind === 'replace') {
      const reason = `replaced by ${releaseName(releaseId)} (${request.version})`
      record(placement.releaseId, { type: 'abandoned', cause: 'abort', by: request.author.person, reason })
    }
    return { releaseId, ...placeOf(target, releaseId) }
  }

  function placeOf(target: TargetId, releaseId: string) {
    const { queue, running } = view(target)
    const index = queue.findIndex((waiting) => waiting.releaseId === releaseId)
    if (index < 0) return { placed: 'started' as const, ahead: 0 }
    return { placed: 'queued' as const, ahead: index + (running === null ? 0 : 1) }
  }

  function command(request: CommandRequest): CommandOutcome {
    const one = find(request.releaseId)
    const releaseId = one.state.releaseId
    if (isEnded(one.state))
      throw new SluiceError('release.ended', {
        message: `${releaseName(releaseId)} has ended (completed)`,
        fix: 'start a new release',
      })
    const full = { ...request, releaseId }
    const decision = decide(full, one.state, {
      author: one.request.author.person,
      policies: one.request.plan.policies ?? [],
    })
    if (decision.kind === 'refuse') {
      throw new SluiceError(decision.code, { message: decision.message, fix: decision.fix })
    }
    commands.push(full)
    if (decision.kind === 'accept') for (const event of eventsOf(full)) record(releaseId, event)
    const standing = one.state.abandoned === null ? phaseText(one.state) : 'rolling back'
    return { releaseId, phase: one.state.phase, text: `${request.verb} accepted, now ${standing}`, isSettled: true }
  }

  /** What the lane does with a command to a release that waits in it; null when it does not wait. */
  function toWaiting({ releaseId: id, verb }: CommandRequest): CommandOutcome | null {
    const releaseId = parseReleaseId(id)?.releaseId ?? ''
    const place = placeOfWaiting(releaseId)
    if (place === null) return null
    const { target, how } = place
    if (verb !== 'abort')
      throw new SluiceError('release.waiting', {
        message: `${releaseName(releaseId)} has not started: it ${how}`,
        fix: 'wait',
      })
    setLane(target, (lane) => withdrawWaiting(lane, releaseId))
    return {
      releaseId,
      phase: 'withdrawn',
      text: 'abort accepted: removed from the queue before it started',
      isSettled: true,
    }
  }

  function placeOfWaiting(releaseId: string) {
    const target = parseReleaseId(releaseId)
    if (target === null) return null
    const lane = view(target)
    const place = placeIn(lane, releaseId)
    return place === null ? null : { target, lane, place, how: waitingText(lane, place) }
  }

  function withdraw(target: TargetId, releaseId: string): LaneView {
    if (!lanesByTarget.has(targetName(target))) throw unknownRelease(laneIdOf(target))
    if (!view(target).queue.some((waiting) => waiting.releaseId === releaseId))
      throw invalid('this release does not wait on this target')
    setLane(target, (lane) => withdrawWaiting(lane, releaseId))
    return view(target)
  }

  /** The release that runs makes way; the answer still shows the lane at work. */
  function recover(target: TargetId, { by, reason, stable }: RecoverRequest): LaneView {
    const { rest, running } = lanesByTarget.get(targetName(target)) ?? emptyLane()
    if (rest === null) throw invalid('nothing has been released on this target, so there is nothing to recover')
    const roles = stable === undefined ? null : rolesWith(stable, [rest.stable, rest.canary])
    if (stable !== undefined && roles === null) throw invalid(`no pool ${stable}`)
    const sentence = `recover by ${by}: ${reason}`
    if (running !== null) {
      record(running.releaseId, { type: 'abandoned', cause: 'abort', by, reason: sentence })
      advance(running.releaseId)
    }
    setLane(target, (lane) => recoverTo(lane, roles, { by, reason: sentence }, now()))
    const answer = view(target)
    setLane(target, (lane) => recovered(lane, lane.turn))
    return answer
  }

  function freeze(target: TargetId, state: Lane['freeze']): LaneView {
    setLane(target, (lane) => ({ ...lane, freeze: state }))
    return view(target)
  }

  function allow(target: TargetId, version: string): LaneView {
    const { vetoes = [] } = lanesByTarget.get(targetName(target)) ?? emptyLane()
    if (!vetoes.some((veto) => veto.version === version))
      throw new SluiceError('command.refused', {
        message: `nothing keeps ${version} from this target`,
        fix: 'start it',
      })
    setLane(target, (lane) => ({ ...lane, vetoes: lifted(vetoes, version) }))
    return view(target)
  }

  function pin(
    target: TargetId,
    version: string | null,
    told: { readonly by: string; readonly reason: string },
  ): LaneView {
    const lane = lanesByTarget.get(targetName(target)) ?? emptyLane()
    const problem = pinProblem(lane, version)
    if (problem !== null) throw new SluiceError('command.refused', problem)
    setLane(target, (before) => ({
      ...before,
      pin: { version: version ?? before.promotedVersion, ...told, at: now() },
    }))
    return view(target)
  }

  function back(target: TargetId, request: BackRequest): SubmissionAnswer {
    const way = returnOf(lanesByTarget.get(targetName(target)) ?? emptyLane(), now())
    if (way.kind === 'impossible') throw new SluiceError('command.refused', way)
    return goBack(target, way, request)
  }

  function goBack(target: TargetId, way: PossibleReturn, { actor, reason, key }: BackRequest): SubmissionAnswer {
    const lane = lanesByTarget.get(targetName(target)) ?? emptyLane()
    const releaseId = releaseIdOf(target, lane.nextNumber)
    const entry = {
      plan: way.former.plan,
      version: way.version,
      author: actor,
      reason,
      key,
      whenBusy: 'reject',
    } as const
    const waiting = { releaseId, number: lane.nextNumber, queuedAt: now(), isReturn: true, entry } as const
    setLane(target, (before) => enqueue(before, waiting, { key, fingerprint: 'back' }, true))
    const { version, pool } = way
    return { releaseId, placed: 'started', ahead: 0, returns: { version, pool, from: lane.promotedVersion } }
  }

  function unpin(target: TargetId): LaneView {
    setLane(target, (lane) => ({ ...lane, pin: null }))
    return view(target)
  }

  function show(id: string): ShownCard {
    const releaseId = parseReleaseId(id)?.releaseId ?? ''
    const waiting = placeOfWaiting(releaseId)
    if (waiting !== null) return { ...waitingCard(waiting.lane, releaseId, waiting.place, now()), asOf: now() }
    const { request, replaces, startedAt, state, guard } = find(id)
    return { ...releaseCard({ ...request, replaces, startedAt }, state, guard, now()), waiting: null, asOf: now() }
  }

  function advance(releaseId: string): void {
    const { state, request } = find(releaseId)
    const { plan } = request
    const does = (event: NewEvent) => record(releaseId, event)
    if (state.abandoned !== null) {
      does({ type: 'rollback-wanted' })
      does({ type: 'exposure-confirmed', exposure: find(releaseId).state.wanted })
      return does({ type: 'rolled-back' })
    }
    const action = plan.actions[state.position]
    if (action !== undefined) return perform(action, state, now(), does)
    const full = { weight: 10_000, cohorts: [] }
    if (!isSameExposure(state.live, full)) {
      does({ type: 'exposure-wanted', step: state.step, exposure: full })
      does({ type: 'exposure-confirmed', exposure: full })
    }
    does({ type: 'promoted' })
  }

  return {
    commands,
    keptRehearsals,
    answerReady: (lines) => void (readyLines = lines),
    record,
    advance: (releaseId, times = 1) => {
      for (let time = 0; time < times; time += 1) advance(releaseId)
    },
    watch: (releaseId, guard) => void (find(releaseId).guard = guard),
    failWith: (error) => void (failure = error),
    start: (request) => answer(() => once(`start ${wishOf(request)}`, request.key, () => start(request))),
    command: (request) =>
      answer(() => once(`command ${request.releaseId}`, request.key, () => toWaiting(request) ?? command(request))),
    show: (releaseId) => answer(() => show(releaseId)),
    list: (filter, page) =>
      answer(() => pageOf([...kept.values()], [...lanesByTarget.keys()].map(viewOf), filter, page)),
    past: ({ service, environment }, since, most) =>
      answer(() => {
        const ended = [...kept.values()].filter(
          ({ request: { plan }, state }) =>
            plan.service === service && plan.environment === environment && (state.endedAt ?? -1) >= since,
        )
        const past = ended
          .map(({ request, replaces, state }) => pastReleaseOf({ version: request.version, replaces }, state))
          .reverse()
        const releases = past.flatMap((one) => one ?? []).slice(0, most)
        return { releases, unread: ended.length - releases.length }
      }),
    lane: (target) => answer(() => view(target)),
    freeze: (target, { by, reason, key }) =>
      answer(() => once(`freeze ${targetName(target)}`, key, () => freeze(target, { by, reason, at: now() }))),
    unfreeze: (target, { key }) =>
      answer(() => once(`unfreeze ${targetName(target)}`, key, () => freeze(target, null))),
    allow: (target, { version, key }) =>
      answer(() => once(`allow ${targetName(target)}`, key, () => allow(target, version))),
    pin: (target, { version = null, by, reason, key }) =>
      answer(() => once(`pin ${targetName(target)}`, key, () => pin(target, version, { by, reason }))),
    unpin: (target, { key }) => answer(() => once(`unpin ${targetName(target)}`, key, () => unpin(target))),
    back: (target, request) =>
      answer(() => once(`back ${targetName(target)}`, request.key, () => back(target, request))),
    withdraw: (target, { releaseId, key }) =>
      answer(() => once(`lane ${targetName(target)}`, key, () => withdraw(target, releaseId))),
    hearCallback: (id, callback) =>
      answer(() => {
        const release = kept.get(parseReleaseId(id)?.releaseId ?? id)
        const heard = release === undefined ? 'unknown' : hearing(callback, release.state)
        if (release === undefined) throw unknownRelease(id)
        if (heard === 'unknown')
          throw new SluiceError('hook.unknown-key', { message: 'no call of this release waits for this answer' })
        if (heard === 'new')
          release.state = reduce(release.state, {
            type: 'hook-answered',
            key: callback.key,
            isDone: callback.isDone,
            reason: callback.reason,
            at: now(),
          })
        return { isRepeat: heard === 'repeat' }
      }),
    ready: ({ version }) =>
      answer(() => ({ at: now(), version, planHash: 'a plan', configHash: 'a configuration', lines: readyLines })),
    rehearsed: (plan, rehearsal) =>
      answer(() => {
        const planHash = hashOf(plan)
        keptRehearsals.push({ ...rehearsal, planHash })
        return { planHash }
      }),
    rehearsals: (plan) =>
      answer(() => {
        const planHash = hashOf(plan)
        return { planHash, rehearsals: keptRehearsals }
      }),
    recover: (target, wish) => answer(() => once(`lane ${targetName(target)}`, wish.key, () => recover(target, wish))),
    ping: () => answer(() => undefined),
  }
}

/** Two plans that do the same are one. */
function hashOf(plan: Plan): string {
  return createHash('sha256').update(JSON.stringify(plan)).digest('hex')
}

function wishOf({ plan, version }: StartRequest): string {
  return `${plan.service}/${plan.environment} ${version} ${JSON.stringify(plan)}`
}

function invalid(message: string): SluiceError {
  return new SluiceError('request.invalid', { message, fix: 'send it with sluice, or as docs/commands.md says' })
}

/** First call begins the action, second ends it; an exposure is done in one. */
function perform(action: Action, state: ReleaseState, now: number, does: (event: NewEvent) => void): void {
  const { step } = action
  switch (action.kind) {
    case 'expose':
      does({ type: 'exposure-wanted', step, exposure: action.exposure })
      does({ type: 'exposure-confirmed', exposure: action.exposure })
      return does({ type: 'action-done' })
    case 'bake':
    case 'judge':
      if (state.bake === null) {
        return does({ type: 'bake-started', step, duration: action.duration, isAnalysis: action.kind === 'judge' })
      }
      does({ type: 'bake-ended' })
      return does({ type: 'action-done' })
    case 'gate':
    case 'call-gate':
    case 'readiness-gate':
    case 'hook':
    case 'tell':
      return does({ type: 'action-done' })
    case 'ask':
      if (state.approval === null) {
        const { by, people, need, notAuthor, within } = action
        return does({ type: 'approval-asked', step, request: { by, people, need, notAuthor, deadline: now + within } })
      }
      if (state.approval.given.length < state.approval.need) return
      does({ type: 'approval-ended' })
      return does({ type: 'action-done' })
  }
}

function refuse(placement: Placement): void {
  const refusal = placementRefusal(placement)
  if (refusal !== null) throw new SluiceError(refusal.code, { message: refusal.message, fix: refusal.fix })
}
