import { ActivityFailure, CancellationScope, isCancellation, sleep } from '@temporalio/workflow'
import { armNames, flagArmNames } from '../domain/arm-names.ts'
import { compareFences } from '../domain/exposure.ts'
import { backgroundAt } from '../domain/plan/background.ts'
import type { Check } from '../domain/plan/checks.ts'
import { raiseAt } from '../domain/plan/raises.ts'
import {
  type GuardInput,
  type GuardOutcome,
  type GuardState,
  verdictsOf,
  withoutEvidence,
} from '../domain/release/guard.ts'
import { type LedgerEvent, ledgerEvents, wouldWords } from '../domain/release/ledger.ts'
import { isEnded, isWatching } from '../domain/release/release-state.ts'
import { mustProveVersion, watchFor } from '../domain/release/release-watch.ts'
import { targetName } from '../domain/target.ts'
import type { BasisPoints, Milliseconds } from '../domain/units.ts'
import { guardFor, readGuard } from './activity-calls.ts'
import type { Run } from './run.ts'

/** The guard as the plan sees it: what it watches, what it knows, and how it is handed from exposure to exposure. */
export interface Watch {
  /** Starts watching the live exposure, going on with what is known. Does nothing while a guard runs. */
  readonly start: (options?: WatchOptions) => void
  /** Asks the running guard what it knows. */
  readonly look: () => Promise<GuardState | null>
  /** Ends the guard, keeping what it knows for the next one. */
  readonly stop: () => Promise<void>
  /** Ends the guard without asking it anything. */
  readonly drop: () => void
  /** Watches these checks beside the plan's own from the next start on. */
  readonly alsoWatch: (checks: readonly Check[]) => void
  /** Starts again where the checks that are to be watched, or the raise to be weighed, are others than the guard's. */
  readonly follow: () => Promise<void>
  readonly checks: () => readonly Check[]
  /** Those that must pass before a wait ends: all but what goes on in the background. */
  readonly dueChecks: () => readonly Check[]
  /** Forgets the evidence of checks that failed: they are judged anew. */
  readonly forgetFailures: () => void
  readonly memory: () => GuardState | null
}

type WatchOptions = Partial<Pick<GuardInput, 'watchesRouter' | 'endsWhenProven' | 'blindLimit'>>

const GUARD_PAUSE: Milliseconds = 10_000

/** A watch over a run; `ended` is called when a guard ends by itself. */
export function createWatch(run: Run, ended: (outcome: GuardOutcome) => void): Watch {
  const { plan, target, releaseId, version, replaces = null } = run.input
  const names = armNames(version, replaces)
  const guard = guardFor(targetName(target))
  let memory = run.input.carried?.guard ?? null
  let further: readonly Check[] = []
  let scope: CancellationScope | null = null
  /** Kept over a guard that had to come back: a bake that may end early still may. */
  let endsWhenProven = false
  let askedAt = Number.NEGATIVE_INFINITY

  let watched: readonly Check[] = []
  let weighed: BasisPoints | null = null

  const dueChecks = () => [...plan.checks, ...further]
  function checks(): readonly Check[] {
    const background = backgroundAt(run.state().position, plan.actions).filter((check) => !further.includes(check))
    return [...dueChecks(), ...background]
  }

  function raiseNow(): BasisPoints | null {
    return raiseAt(run.state().position, plan.actions)?.to ?? null
  }

  function remember(state: GuardState | null): void {
    if (state === null) return
    for (const text of state.repairs.slice(knownRepairs(memory, state))) run.record({ type: 'drift-repaired', text })
    const { fence } = state
    if (fence !== undefined && compareFences(fence, run.fence()) > 0)
      run.record({ type: 'router-taken', fence, text: 'the guard has taken the router over' })
    memory = state
    run.record(judgedIn(state))
    for (const event of ledgerEvents(run.state().ledger ?? [], checks(), state, plan.onFail, plan.onInconclusive)) {
      run.record(event)
      // Missing data of such a check is nobody's to act on: the ledger is enough.
      if (event.isBlind !== true) tellTrouble(run, event)
    }
  }

  async function watchInside(own: CancellationScope, input: GuardInput): Promise<void> {
    try {
      const outcome = await own.run(() => guard(input))
      if (scope !== own) return
      scope = null
      remember(outcome.state)
      ended(outcome)
    } catch (error) {
      if (isCancellation(error)) return
      if (!(error instanceof ActivityFailure)) throw error
      if (scope === own) scope = null
      run.pause('inconclusive', `the guard had to stop: ${error.cause?.message ?? error.message}`)
      if (run.isKept) await startAgain()
    }
  }

  function start(options: WatchOptions = {}): void {
    const { roles, live, exposedAt, abandoned } = run.state()
    endsWhenProven = options.endsWhenProven ?? endsWhenProven
    if (scope !== null || roles === null || (run.isKept && (abandoned !== null || !isUnderWatch()))) return
    const own = new CancellationScope({ cancellable: true })
    scope = own
    watched = checks()
    weighed = raiseNow()
    void watchInside(own, {
      ...{ target, releaseId, roles, exposure: live, fence: run.fence() },
      names: live.byFlags === true ? flagArmNames(Object.keys(live.flags ?? {})) : names,
      ...{ exposedAt: exposedAt ?? Date.now(), checks: watched, interval: plan.interval, resume: memory },
      ...{ blindLimit: plan.onInconclusive.holdFor, watchesRouter: true },
      ...(run.isKept && watchFor(run.state(), plan)),
      ...(mustProveVersion(run.state(), plan) && { version }),
      ...{ ...options, endsWhenProven },
    })
  }

  /** A guard that failed for good is no reason to leave the router alone. */
  async function startAgain(): Promise<void> {
    await sleep(Math.max(plan.interval, GUARD_PAUSE), { summary: 'guard: next try' })
    if (run.state().abandoned === null && isUnderWatch()) start()
  }

  /** A release that has ended leaves the router to its lane; what it promoted it may still watch. */
  function isUnderWatch(): boolean {
    return !isEnded(run.state()) || isWatching(run.state())
  }

  function drop(): void {
    const own = scope
    scope = null
    own?.cancel()
  }

  async function look(): Promise<GuardState | null> {
    if (scope === null) return memory
    remember(await readGuard(releaseId))
    askedAt = Date.now()
    return memory
  }

  async function stop(): Promise<void> {
    // An answer younger than one look is as good as a new one: the next guard sees the missing window again.
    if (Date.now() - askedAt >= plan.interval) await look()
    drop()
  }

  return {
    start,
    look,
    drop,
    checks,
    dueChecks,
    async follow() {
      const names = checks().map(({ name }) => name)
      const isSame = names.join() === watched.map(({ name }) => name).join() && raiseNow() === weighed
      if (scope === null || isSame) return
      await stop()
      start()
    },
    stop,
    alsoWatch: (more) => {
      further = more
    },
    forgetFailures() {
      if (memory === null) return
      const verdicts = verdictsOf(memory)
      memory = { ...withoutEvidence(memory, (name) => verdicts[name]?.outcome === 'fail'), blindSince: null }
      run.record(judgedIn(memory))
      for (const event of ledgerEvents(run.state().ledger ?? [], checks(), memory, plan.onFail))
        if (event.type === 'check-recovered') run.record({ ...event, isAnew: true })
    },
    memory: () => memory,
  }
}

/** One message when a check begins to hold or would have failed the release, one when the release may go on. */
function tellTrouble(run: Run, event: LedgerEvent): void {
  const { version } = run.input
  if (event.type === 'check-recovered') {
    if (event.only === 'hold')
      run.tell(`${version}: ${event.check} passes again, it no longer holds the release`, 'info')
    return
  }
  const { only, reason, would } = event
  if (only === 'hold') run.tell(`${version}: held, ${reason}`, 'warning')
  else run.tell(`${version}: ${wouldWords(would)}, ${reason}`, 'info')
}

function judgedIn(state: GuardState) {
  return { type: 'judged', verdicts: verdictsOf(state), notices: state.notices ?? [] } as const
}

/** How many of the newer state's listed repairs the older one had already. */
function knownRepairs(older: GuardState | null, newer: GuardState): number {
  const fresh = newer.repairCount - (older?.repairCount ?? 0)
  return Math.max(0, newer.repairs.length - Math.max(0, fresh))
}
