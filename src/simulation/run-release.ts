import { lookOnce } from '../activities/guard-look.ts'
import type { Random } from '../analysis/statistics/random.ts'
import { type ExposureSpan, isSameExposure, NO_EXPOSURE, wholeOf } from '../domain/exposure.ts'
import type { Action, BakeAction, ExposeAction, JudgeAction } from '../domain/plan/actions.ts'
import { backgroundAt } from '../domain/plan/background.ts'
import type { Check } from '../domain/plan/checks.ts'
import { allChecks, failureOf } from '../domain/plan/consequences.ts'
import type { Plan } from '../domain/plan/plan.ts'
import { plannedTime } from '../domain/plan/plan-timeline.ts'
import { raiseAt } from '../domain/plan/raises.ts'
import { bakeRemaining } from '../domain/release/bake-clock.ts'
import { bakeEnd } from '../domain/release/bake-end.ts'
import { furtherLag, HELD_LOOK } from '../domain/release/bake-move.ts'
import {
  type GuardInput,
  type GuardOutcome,
  type GuardState,
  heldBy,
  standingOf,
  verdictsOf,
} from '../domain/release/guard.ts'
import { decisionOf } from '../domain/release/guard-decision.ts'
import { ledgerEvents } from '../domain/release/ledger.ts'
import type { Abandonment, Pause, ReleaseEvent } from '../domain/release/release-events.ts'
import { reduce } from '../domain/release/release-reducer.ts'
import { beginState, isEnded, type ReleaseState } from '../domain/release/release-state.ts'
import { watchFor } from '../domain/release/release-watch.ts'
import { type Instant, type Milliseconds } from '../domain/units.ts'
import { RELEASE_ID, ROLES, type SimulatedTraffic, simulatedTarget } from './world.ts'

/** How a simulated release ended: `paused` where a person would have to decide. */
export interface SimulatedRelease {
  readonly outcome: 'promoted' | 'rolled-back' | 'paused'
  /** Since its start. */
  readonly took: Milliseconds
  /** The plan's step that ran at the end, from 1. */
  readonly step: number
  readonly reason: string
  /** Who had the new version from when to when. */
  readonly spans: readonly ExposureSpan[]
  readonly startedAt: Instant
  /** What the checks had said last. */
  readonly verdicts: ReleaseState['verdicts']
}

/** Events of a release without their time, which is the clock's. */
type Told = ReleaseEvent extends infer Event ? (Event extends ReleaseEvent ? Omit<Event, 'at'> : never) : never

/** The clock of simulated releases; only differences matter. */
const BEGIN: Instant = 1_800_000_000_000
/** A release that is held for longer than its plan lasts, and this, is as good as paused for whoever waits. */
const FURTHER: Milliseconds = 3_600_000

/**
 * One release of this plan on a virtual clock: the same actions, reducer, guard and judges as in production, with drawn
 * traffic. Approvals come at once, windows are open, the router does what it is told.
 */
export async function simulateRelease(
  plan: Plan,
  traffic: SimulatedTraffic,
  random: Random,
): Promise<SimulatedRelease> {
  const run = beginRun(plan, traffic, random)
  for (const action of plan.actions) {
    await perform(action, run)
    if (run.isOver()) break
    run.record({ type: 'action-done' })
  }
  if (!run.isOver()) await run.untilNotHeld()
  if (!run.isOver()) promote(run)
  const { phase, pause, abandoned, step, spans, verdicts } = run.state()
  const outcome = phase === 'promoted' ? 'promoted' : phase === 'rolled-back' ? 'rolled-back' : 'paused'
  const reason = abandoned?.reason ?? pause?.reason ?? 'every step passed'
  return { outcome, took: run.now() - BEGIN, step, reason, spans, startedAt: BEGIN, verdicts }
}

type Run = ReturnType<typeof beginRun>

async function perform(action: Action, run: Run): Promise<void> {
  run.follow()
  switch (action.kind) {
    case 'expose':
      await run.untilNotHeld()
      return run.isOver() ? undefined : expose(action, run)
    case 'bake':
      return bake(action, run, false)
    case 'judge':
      return judge(action, run)
    case 'ask':
    case 'gate':
    case 'call-gate':
    case 'readiness-gate':
    case 'hook':
    case 'tell':
      return undefined
  }
}

function expose({ exposure, step }: Pick<ExposeAction, 'exposure' | 'step'>, run: Run): void {
  run.stopWatching()
  run.record({ type: 'exposure-wanted', step, exposure })
  run.record({ type: 'exposure-confirmed', exposure })
  if (!run.isLast()) run.watch()
}

async function judge({ checks, duration, step, label }: JudgeAction, run: Run): Promise<void> {
  run.stopWatching()
  run.alsoWatch(checks)
  run.watch()
  await bake({ kind: 'bake', duration, step, label, until: 'time' }, run, true)
  run.stopWatching()
  run.alsoWatch([])
  run.watch()
}

async function bake({ duration, step, until }: BakeAction, run: Run, isAnalysis: boolean): Promise<void> {
  const { interval, onInconclusive } = run.plan
  run.record({ type: 'bake-started', step, duration, isAnalysis })
  if (until === 'proven') {
    run.stopWatching()
    run.watch(true)
  }
  while (!run.isOver()) {
    const clock = run.state().bake
    if (clock === null) break
    const remaining = bakeRemaining(clock, run.now())
    if (remaining > 0) {
      await run.advance(remaining + furtherLag(run.guard(), interval))
      continue
    }
    const state = run.remember()
    const { plan } = run
    const at = { clock, state: run.state(), plan, checks: run.dueChecks(), guard: state, now: run.now() }
    const move = bakeEnd({ ...at, isKept: true })
    switch (move.kind) {
      case 'end':
        return run.record({ type: 'bake-ended', ...(move.raise !== undefined && { raise: move.raise }) })
      case 'prolong': {
        const { by, reason, isWarmUp = false } = move
        run.record({ type: 'bake-prolonged', by, reason, isWarmUp })
        break
      }
      case 'give-up':
        run.giveInconclusive(move.reason, onInconclusive.then)
        run.record({ type: 'bake-held', held: 0 })
        break
      case 'hold': {
        const before = run.now()
        await run.advance(move.next)
        if (move.isHeld !== true) run.record({ type: 'bake-held', held: (clock.held ?? 0) + run.now() - before })
      }
    }
  }
}

function promote(run: Run): void {
  const { live } = run.state()
  const full = wholeOf(live)
  if (!isSameExposure(run.state().live, full)) expose({ exposure: full, step: run.state().step }, run)
  run.record({ type: 'promoted' })
}

/** The state of one simulated release, its clock, and the guard that looks as time goes on. */
function beginRun(plan: Plan, traffic: SimulatedTraffic, random: Random) {
  const sources = [...new Set(allChecks(plan).map(({ source }) => source))]
  const target = simulatedTarget(traffic, sources, () => state.live, random)
  const { signal } = new AbortController()
  let state = beginState(RELEASE_ID)
  let now = BEGIN
  let further: readonly Check[] = []
  let memory: GuardState | null = null
  let guard: { readonly input: GuardInput; state: GuardState | null; nextLook: Instant } | null = null
  let mayEndEarly = false
  const longest = 2 * (plannedTime(plan.actions) + plan.onInconclusive.holdFor) + FURTHER

  const dueChecks = () => [...plan.checks, ...further]
  const checks = () => [
    ...dueChecks(),
    ...backgroundAt(state.position, plan.actions).filter((check) => !further.includes(check)),
  ]
  const record = (event: Told) => {
    state = reduce(state, { ...event, at: now })
  }
  record({ type: 'baseline-recorded', roles: ROLES, exposure: NO_EXPOSURE })

  function remember(): GuardState | null {
    memory = guard?.state ?? memory
    if (memory === null) return null
    record({ type: 'judged', verdicts: verdictsOf(memory), notices: memory.notices ?? [] })
    for (const event of ledgerEvents(state.ledger ?? [], checks(), memory, plan.onFail, plan.onInconclusive))
      record(event)
    return memory
  }

  function watch(isProving = false): void {
    mayEndEarly = isProving || mayEndEarly
    if (guard !== null || state.pause !== null || state.abandoned !== null) return
    const input: GuardInput = {
      ...{ target: { service: 'simulated', environment: 'simulated' }, releaseId: state.releaseId, roles: ROLES },
      ...{ exposure: state.live, fence: { release: 1, epoch: state.epoch }, exposedAt: state.exposedAt ?? now },
      ...{ checks: checks(), interval: plan.interval, resume: memory, watchesRouter: true },
      ...{ blindLimit: plan.onInconclusive.holdFor, ...watchFor(state, plan), endsWhenProven: mayEndEarly },
    }
    guard = { input, state: null, nextLook: now }
  }

  /** As the workflow does where the checks that are to be watched have changed. */
  function follow(): void {
    const names = (watched: readonly Check[]) => watched.map(({ name }) => name).join()
    const raise = raiseAt(state.position, plan.actions)
    if (guard === null || (names(guard.input.checks) === names(checks()) && guard.input.raise?.to === raise?.to)) return
    stopWatching()
    watch()
  }

  function stopWatching(): void {
    remember()
    guard = null
    mayEndEarly = false
  }

  function abandon(cause: Abandonment['cause'], reason: string): void {
    record({ type: 'abandoned', cause, by: 'guard', reason })
    record({ type: 'rollback-wanted' })
    record({ type: 'exposure-confirmed', exposure: state.wanted })
    record({ type: 'rolled-back' })
  }

  const pause = (cause: Pause['cause'], reason: string) => record({ type: 'paused', cause, by: 'sluice', reason })

  function giveInconclusive(reason: string, then: 'rollback' | 'pause'): void {
    if (then === 'rollback') abandon('inconclusive', reason)
    else pause('inconclusive', reason)
  }

  function ended(outcome: GuardOutcome): void {
    const check = outcome.kind === 'failed' ? checks().find(({ name }) => name === outcome.check) : undefined
    const { reason } = outcome
    const decision = decisionOf(outcome, { failure: failureOf(check ?? {}, plan.onFail), isKept: true })
    switch (decision.kind) {
      case 'abandon':
        return abandon(decision.cause, reason)
      case 'pause':
        return pause(decision.cause, reason)
      case 'inconclusive':
        return giveInconclusive(reason, decision.then ?? plan.onInconclusive.then)
      case 'end-bake':
        record({ type: 'bake-proven', reason })
        return watch()
      case 'go-on':
        return watch()
    }
  }

  function heldNow(): string {
    const standing = standingOf(checks(), guard?.state ?? memory)
    return standing.isPassing ? 'its bakes are extended again and again' : standing.waiting
  }

  /** Lets time pass; ends early when the guard has something to say. */
  async function advance(time: Milliseconds): Promise<void> {
    const until = now + Math.max(1, time)
    if (until - BEGIN > longest) return pause('inconclusive', `held for longer than the plan lasts: ${heldNow()}`)
    while (guard !== null && guard.nextLook <= until) {
      now = Math.max(now, guard.nextLook)
      const { input, state: before } = guard
      const look = await lookOnce(target, input, before, now, RIGHTS, signal)
      guard.state = look.state
      guard.nextLook = now + plan.interval
      if (look.outcome === null) continue
      remember()
      guard = null
      return ended(look.outcome)
    }
    now = until
  }

  async function untilNotHeld(): Promise<void> {
    if (!plan.checks.some(({ onFail }) => onFail === 'hold')) return
    while (state.exposedAt !== null && !isOver()) {
      if (heldBy(checks(), remember()) === null) return
      await advance(HELD_LOOK)
    }
  }

  const isOver = () => isEnded(state) || state.pause !== null || state.abandoned !== null

  return {
    ...{
      plan,
      record,
      remember,
      watch,
      stopWatching,
      advance,
      untilNotHeld,
      giveInconclusive,
      checks,
      dueChecks,
      follow,
      isOver,
    },
    alsoWatch: (more: readonly Check[]) => {
      further = more
    },
    now: () => now,
    state: () => state,
    guard: () => memory,
    isLast: () => state.position >= plan.actions.length - 1,
  }
}

const RIGHTS: Parameters<typeof lookOnce>[4] = {
  isHolder: async () => 'yes',
  permit: { confirm: async () => undefined, check: () => undefined },
}
