import type { ReleaseEvent } from '../../src/domain/release/release-events.ts'
import type { Action } from '../../src/domain/plan/actions.ts'
import { type Command, decide } from '../../src/domain/release/commands.ts'
import { SluiceError } from '../../src/domain/errors.ts'
import { isSameExposure } from '../../src/domain/exposure.ts'
import type { GuardState } from '../../src/domain/release/guard.ts'
import * as lanes from '../../src/domain/lane/lane-state.ts'
import { pastReleaseOf } from '../../src/domain/release/past-release.ts'
import { releaseCard } from '../../src/domain/release/release-card.ts'
import { phaseText, weakestOutcome } from '../../src/domain/release/release-details.ts'
import { laneView } from '../../src/domain/lane/lane-view.ts'
import { reduce } from '../../src/domain/release/release-reducer.ts'
import { beginState, endOf, isEnded, type ReleaseState } from '../../src/domain/release/release-state.ts'
import { parseReleaseId, releaseIdOf, type TargetId, targetName } from '../../src/domain/target.ts'
import type { CommandOutcome, CommandRequest, Releases, ReleaseRow, StartRequest } from '../../src/releases/releases.ts'
import { placeIn, waitingCard, waitingText } from '../../src/releases/waiting.ts'
import type { LaneView } from '../../src/workflows/messages.ts'

type Happening = ReleaseEvent extends infer Event ? (Event extends ReleaseEvent ? Omit<Event, 'at'> : never) : never
type Lane = lanes.LaneState<StartRequest>

interface Kept {
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
  record(releaseId: string, event: Happening): void
  /** What the guard has seen last. */
  watch(releaseId: string, guard: GuardState | null): void
  /** From now on every call fails with this, until it is lifted with null. */
  failWith(error: Error | null): void
  /** Every command that took effect or was a repetition, in order. */
  readonly commands: readonly CommandRequest[]
}

export function createFakeReleases({ now = Date.now }: { readonly now?: () => number } = {}): FakeReleases {
  const kept = new Map<string, Kept>()
  const lanesByTarget = new Map<string, Lane>()
  const commands: CommandRequest[] = []
  let failure: Error | null = null

  function answer<T>(body: () => T): Promise<T> {
    if (failure !== null) return Promise.reject(failure)
    return new Promise((resolve) => resolve(body()))
  }

  function find(id: string): Kept {
    const one = kept.get(parseReleaseId(id)?.releaseId ?? '')
    if (one !== undefined) return one
    throw new SluiceError('release.unknown', {
      message: `there is no release ${id}`,
      received: id,
      fix: 'look the id up',
    })
  }

  function record(releaseId: string, event: Happening): void {
    const one = find(releaseId)
    one.state = reduce(one.state, { ...event, at: now() })
    if (!isEnded(one.state)) return
    const { service, environment } = one.request.plan
    setLane({ service, environment }, (lane) =>
      lanes.ended(lane, { releaseId, outcome: endOf(one.state) ?? 'rolled-back', version: one.request.version }, now()),
    )
  }

  function setLane(target: TargetId, change: (lane: Lane) => Lane): Lane {
    let lane = change(lanesByTarget.get(targetName(target)) ?? lanes.emptyLane())
    const next = lanes.nextToStart(lane)
    lane = lanes.start(lane, now())
    lanesByTarget.set(targetName(target), lane)
    if (next !== null) begin(next.releaseId, next.entry, lane.promotedVersion)
    return lane
  }

  function begin(releaseId: string, request: StartRequest, replaces: string | null): void {
    kept.set(releaseId, { request, replaces, startedAt: now(), state: beginState(releaseId), guard: null })
    const roles = { stable: 'blue', canary: 'green' }
    record(releaseId, { type: 'baseline-recorded', roles, exposure: { weight: 0, cohorts: [] } })
  }

  function view(target: TargetId): LaneView {
    return laneView(
      target,
      setLane(target, (lane) => lane),
    )
  }

  function start(request: StartRequest) {
    const { service, environment } = request.plan
    const target = { service, environment }
    const lane = lanesByTarget.get(targetName(target)) ?? lanes.emptyLane()
    const fingerprint = `${request.version} ${JSON.stringify(request.plan)}`
    const placement = lanes.place(lane, { key: request.key, fingerprint, whenBusy: request.whenBusy })
    refuse(placement)
    if (placement.kind === 'repeat') return { releaseId: placement.releaseId, ...placeOf(target, placement.releaseId) }
    const releaseId = releaseIdOf(target, lane.nextNumber)
    const waiting = { releaseId, number: lane.nextNumber, queuedAt: now(), entry: request }
    const isFirst = placement.kind === 'replace'
    setLane(target, (before) => lanes.enqueue(before, waiting, { key: request.key, fingerprint }, isFirst))
    if (placement.kind === 'replace') {
      const reason = `replaced by ${releaseId}`
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

  function command(request: CommandRequest) {
    const one = find(request.releaseId)
    const releaseId = one.state.releaseId
    const full = { ...request, releaseId }
    const decision = decide(full, one.state, one.request.author.person)
    if (decision.kind === 'refuse') {
      throw new SluiceError(decision.code, { message: decision.message, fix: decision.fix })
    }
    commands.push(full)
    if (decision.kind === 'accept') for (const event of eventsOf(full)) record(releaseId, event)
    return { releaseId, phase: one.state.phase, text: `${request.verb}: ${phaseText(one.state)}`, isSettled: true }
  }

  /** What the lane does with a command to a release that waits in it; null when it does not wait. */
  function toWaiting({ releaseId: id, verb }: CommandRequest): CommandOutcome | null {
    const releaseId = parseReleaseId(id)?.releaseId ?? ''
    const place = placeOfWaiting(releaseId)
    if (place === null) return null
    const { target, how } = place
    if (verb !== 'abort')
      throw new SluiceError('release.waiting', { message: `${releaseId} has not started: it ${how}`, fix: 'wait' })
    setLane(target, (lane) => lanes.withdraw(lane, releaseId))
    return { releaseId, phase: 'withdrawn', text: 'abort: taken out of the queue; it had not started', isSettled: true }
  }

  function placeOfWaiting(releaseId: string) {
    const target = parseReleaseId(releaseId)
    if (target === null) return null
    const lane = view(target)
    const place = placeIn(lane, releaseId)
    return place === null ? null : { target, lane, place, how: waitingText(lane, place) }
  }

  function advance(releaseId: string): void {
    const { state, request } = find(releaseId)
    const { plan } = request
    const does = (event: Happening) => record(releaseId, event)
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
    record,
    advance: (releaseId, times = 1) => {
      for (let time = 0; time < times; time += 1) advance(releaseId)
    },
    watch: (releaseId, guard) => void (find(releaseId).guard = guard),
    failWith: (error) => void (failure = error),
    start: (request) => answer(() => start(request)),
    command: (request) => answer(() => toWaiting(request) ?? command(request)),
    show: (releaseId) =>
      answer(() => {
        const waiting = placeOfWaiting(parseReleaseId(releaseId)?.releaseId ?? '')
        if (waiting !== null)
          return waitingCard(waiting.lane, parseReleaseId(releaseId)?.releaseId ?? '', waiting.place, now())
        const { request, replaces, startedAt, state, guard } = find(releaseId)
        return releaseCard({ ...request, replaces, startedAt }, state, guard, now())
      }),
    list: (filter, page) =>
      answer(() => {
        const rows = [...kept.values()].map(rowOf).reverse().filter(fits(filter))
        const from = Number(page.next ?? 0)
        const next = from + page.size < rows.length ? String(from + page.size) : null
        return { releases: rows.slice(from, from + page.size), next }
      }),
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
    freeze: (target, by, reason) =>
      answer(() => {
        setLane(target, (lane) => ({ ...lane, freeze: { by, reason, at: now() } }))
        return view(target)
      }),
    unfreeze: (target) =>
      answer(() => {
        setLane(target, (lane) => ({ ...lane, freeze: null }))
        return view(target)
      }),
    withdraw: (target, { releaseId }) =>
      answer(() => {
        setLane(target, (lane) => lanes.withdraw(lane, releaseId))
        return view(target)
      }),
    recover: (target, { by, reason }) =>
      answer(() => {
        setLane(target, (lane) => lanes.recover(lane, { by, reason }, now()))
        return view(target)
      }),
    ping: () => answer(() => undefined),
  }
}

/** First call begins the action, second ends it; an exposure is done in one. */
function perform(action: Action, state: ReleaseState, now: number, does: (event: Happening) => void): void {
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

function eventsOf({ verb, actor, key, reason, by = 0 }: Command): readonly Happening[] {
  const sentence = reason === '' ? `${verb} by ${actor.person}` : `${verb} by ${actor.person}: ${reason}`
  switch (verb) {
    case 'approve':
      return [{ type: 'approved', actor, key, reason }]
    case 'pause':
      return [{ type: 'pause-commanded', actor, key, reason: reason === '' ? sentence : reason }]
    case 'resume':
    case 'retry':
      return [{ type: 'resumed', actor, key, reason, isRetry: verb === 'retry' }]
    case 'promote':
      return [{ type: 'bake-cut-short', actor, key, reason }]
    case 'extend':
      return [{ type: 'extended', actor, key, reason, by }]
    case 'abort':
    case 'reject': {
      const cause = verb === 'abort' ? 'abort' : 'rejected'
      return [
        { type: 'command-seen', key },
        { type: 'abandoned', cause, by: actor.person, reason: sentence },
      ]
    }
  }
}

function refuse(placement: lanes.Placement): void {
  switch (placement.kind) {
    case 'busy':
      throw new SluiceError('lane.busy', {
        message: `${placement.releaseId} is running on this target`,
        fix: 'wait for it',
      })
    case 'full':
      throw new SluiceError('lane.busy', {
        message: `${placement.waiting} releases wait already`,
        fix: 'withdraw some',
      })
    case 'frozen':
      throw new SluiceError('lane.frozen', { message: `frozen by ${placement.by}: ${placement.reason}`, fix: 'wait' })
    case 'key-reused':
      throw new SluiceError('lane.key-reused', {
        message: `this key was used for ${placement.releaseId}`,
        fix: 'use a new key',
      })
    case 'repeat':
    case 'start':
    case 'queue':
    case 'replace':
  }
}

function rowOf({ request, startedAt, state }: Kept): ReleaseRow {
  const { service, environment } = request.plan
  return {
    releaseId: state.releaseId,
    service,
    environment,
    version: request.version,
    phase: state.pause === null ? state.phase : 'paused',
    weight: state.live.weight,
    verdict: weakestOutcome(state.verdicts),
    startedAt,
    endedAt: state.endedAt,
  }
}

function fits({ service, environment, phase }: Parameters<Releases['list']>[0]): (row: ReleaseRow) => boolean {
  return (row) => {
    const hasPhase = phase === undefined || phase === row.phase || phase === (row.endedAt === null ? 'open' : 'closed')
    return hasPhase && (service ?? row.service) === row.service && (environment ?? row.environment) === row.environment
  }
}
