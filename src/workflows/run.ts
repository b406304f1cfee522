import {
  CancellationScope,
  condition,
  log,
  setCurrentDetails,
  Trigger,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow'
import type { Notice } from '../activities/activities.ts'
import type { Fence } from '../domain/exposure.ts'
import type { Action } from '../domain/plan/actions.ts'
import type { NewEvent } from '../domain/release/command-events.ts'
import { releaseCard } from '../domain/release/release-card.ts'
import { describeForTemporal } from '../domain/release/release-details.ts'
import type { Abandonment, Pause, ReleaseEvent } from '../domain/release/release-events.ts'
import { reduce } from '../domain/release/release-reducer.ts'
import { beginState, type ReleaseState } from '../domain/release/release-state.ts'
import type { Milliseconds } from '../domain/units.ts'
import { tell } from './activity-calls.ts'
import type { ReleaseInput } from './messages.ts'
import { releaseAttributes } from './search-attributes.ts'

/** One running release: its state, its story, and the scope in which its plan goes forward. */
export interface Run {
  readonly input: ReleaseInput
  readonly state: () => ReleaseState
  readonly record: (event: NewEvent) => void
  /** Runs what goes forward; cancelled as a whole when the release is abandoned. */
  readonly inPlan: (body: () => Promise<void>) => Promise<void>
  /** Stops the plan for good; the rollback follows. The first reason stays. */
  readonly abandon: (cause: Abandonment['cause'], by: string, reason: string) => void
  /** Settles when the release is abandoned. */
  readonly abandoned: PromiseLike<void>
  readonly pause: (cause: Pause['cause'], reason: string, asksToGoBack?: true) => void
  /** Waits while the plan is paused, or until the history has grown too long. */
  readonly untilUnpausedOrLong: () => Promise<void>
  /** Waits for the time to pass, for anything to be recorded, or for the history to grow too long. */
  readonly untilDisturbed: (timeout: Milliseconds, summary: string) => Promise<void>
  /** True when failed flags could not be set off: until somebody says go on it is not tried again. */
  readonly hasStuckFlags: () => boolean
  readonly markStuckFlags: () => void
  /** True when the rest of the release belongs into a new run. */
  readonly isLong: () => boolean
  /** True for releases of a lane that gave them a turn: their exposure is guarded in every pause (see `ReleaseInput`). */
  readonly isKept: boolean
  /** The fence of what is wanted now. */
  readonly fence: () => Fence
  /** `to` names a channel of `sluice.yaml`; absent: where the release is shown. */
  readonly tell: (text: string, level: Notice['level'], more?: Pick<Notice, 'to' | 'asks'>) => void
  /** Settles when every message is sent or given up, with what the last one was answered with. */
  readonly allTold: () => Promise<string | null>
  /** The release is not over, and no run of it, before this is: what somebody else must hear. */
  readonly errand: (work: Promise<void>) => void
}

/** Events after which Temporal suggests a new run; up to so many times as many there is room for a little more. */
const USUALLY_LONG = 4_096
const MUCH_TOO_LONG = 4

/** Begins a release, or goes on with one that another run has carried here. */
export function beginRun(input: ReleaseInput): Run {
  // What a run of an older version has carried here may lack what was added since.
  let state: ReleaseState = { ...beginState(input.releaseId), ...input.carried?.state }
  let revision = 0
  const isKept = input.turn !== undefined
  // The lane starts a release with these; a run that goes on shows them anew.
  let shownAttributes = input.carried === undefined ? fingerprintOf(releaseAttributes(input, state)) : ''
  const plan = new CancellationScope()
  const abandoned = new Trigger<void>()
  let messages: Promise<string | null> = Promise.resolve(input.carried?.messageRef ?? null)
  let messageCount = 0
  let errands: Promise<void> | null = null
  let telling = 0
  let stuckSince: number | null = null

  function record(event: NewEvent): void {
    state = reduce(state, { ...event, at: Date.now() } as ReleaseEvent)
    revision += 1
    show()
  }

  function show(): void {
    setCurrentDetails(describeForTemporal(input, state))
    // A change that is under way lasts a moment, and every update is an event: what follows it is what people look for.
    if (state.phase === 'exposing' && state.pause === null) return
    const attributes = releaseAttributes(input, state)
    const fingerprint = fingerprintOf(attributes)
    if (fingerprint === shownAttributes) return
    shownAttributes = fingerprint
    upsertSearchAttributes(attributes)
  }

  function abandon(cause: Abandonment['cause'], by: string, reason: string): void {
    if (state.abandoned !== null) return
    record({ type: 'abandoned', cause, by, reason })
    plan.cancel()
    abandoned.resolve()
  }

  function isLong(): boolean {
    const { continueAsNewSuggested, historyLength } = workflowInfo()
    const isLong = continueAsNewSuggested || historyLength >= (input.longestHistory ?? Number.POSITIVE_INFINITY)
    // A message that nobody takes is tried for minutes: nobody is to wait for it while there is room.
    const hasRoom = historyLength < MUCH_TOO_LONG * (input.longestHistory ?? USUALLY_LONG)
    return isLong && !(input.goesOnTelling === true && telling > 0 && hasRoom)
  }

  /** One after the other, because each message carries what the last one was answered with. */
  async function send(notice: Omit<Notice, 'ref'>, before: Promise<string | null>): Promise<string | null> {
    telling += 1
    const ref = await before
    try {
      return await CancellationScope.nonCancellable(() =>
        tell.executeWithOptions({ summary: notice.text.slice(0, 150) }, [{ ...notice, ref }]),
      )
    } catch (error) {
      log.warn('a message could not be sent', { text: notice.text, error: String(error) })
      return ref
    } finally {
      telling -= 1
    }
  }

  return {
    input,
    record,
    abandon,
    abandoned,
    state: () => state,
    inPlan: (body) => plan.run(body),
    pause: (cause, reason, asksToGoBack) =>
      record({ type: 'paused', cause, by: 'sluice', reason, ...(asksToGoBack === true && { asksToGoBack }) }),
    untilUnpausedOrLong() {
      const { flagsOff } = state
      // Not one turn more than before there were flags: older histories are replayed step by step.
      return condition(() => state.pause === null || state.flagsOff !== flagsOff || (isKept && isLong()))
    },
    async untilDisturbed(timeout, summary) {
      const before = revision
      await condition(() => revision !== before || (isKept && isLong()), Math.max(1, timeout), { summary })
    },
    hasStuckFlags: () => stuckSince !== null && (state.resumedAt ?? 0) <= stuckSince,
    markStuckFlags() {
      stuckSince = Date.now()
    },
    isLong,
    isKept,
    fence: () => ({ release: state.turn ?? input.turn ?? input.number, epoch: state.epoch }),
    tell(text, level, more = {}) {
      const { releaseId, target } = input
      messageCount += 1
      const card = releaseCard(input, state, null, Date.now())
      const key = `${releaseId}/${state.epoch}/${messageCount}`
      messages = send({ target, releaseId, key, text, level, card, ...more }, messages)
    },
    allTold: () => (errands === null ? messages : errands.then(() => messages)),
    errand(work) {
      if (input.asksUntilHeard !== true) return
      errands = errands === null ? work : Promise.all([errands, work]).then(() => undefined)
    },
  }
}

function fingerprintOf(attributes: ReturnType<typeof releaseAttributes>): string {
  return JSON.stringify(attributes.map(({ value }) => value))
}

/** The actions that are still to come, each read when its turn has come. */
export function* remainingActions(run: Run): Generator<Action> {
  for (;;) {
    const action = run.input.plan.actions[run.state().position]
    if (action === undefined) return
    yield action
  }
}
