import { condition, setCurrentDetails, workflowInfo } from '@temporalio/workflow'
import type { Notice } from '../activities/activities.ts'
import { type Duty, dutyOf } from '../domain/lane/lane-duty.ts'
import { emptyLane, forgotten, type LaneState } from '../domain/lane/lane-state.ts'
import { describeLane, type LaneView, laneView } from '../domain/lane/lane-view.ts'
import { laneIdOf, type TargetId, targetName } from '../domain/target.ts'
import type { Milliseconds } from '../domain/units.ts'
import type { Submission } from './messages.ts'
import { notify } from './notify.ts'
import type { OnReset } from './resets.ts'
import { unlessOver } from './unless-over.ts'

export interface LaneInput {
  readonly target: TargetId
  /** True in lanes that hold the router between releases; older ones hand over to such a lane as soon as they can. */
  readonly keeps?: boolean
  /** What an earlier run of the lane knew; absent when the lane begins, or begins again after it was lost. */
  readonly carried?: LaneState<Submission>
  /** Events after which a run hands over to a new one; the server's suggestion counts as well. */
  readonly longestHistory?: number
}

/** One run of a lane: what it knows, and how it waits. */
export interface LaneRun {
  readonly input: LaneInput
  /** Workflow id of the lane. */
  readonly id: string
  readonly state: () => LaneState<Submission>
  readonly set: (state: LaneState<Submission>) => void
  /** Sets what the lane has found of what was there before it: from now on it is not new any more. */
  readonly settle: (state: LaneState<Submission>) => void
  /** How often the lane has been reset in Temporal: each time it is new again, and has forgotten what it knew. */
  readonly resets: () => number
  readonly view: () => LaneView
  /** True until the lane has found out what was there before it. */
  readonly isNew: () => boolean
  /** Settles once it has. */
  readonly untilKnown: () => Promise<void>
  readonly isTooLong: () => boolean
  /** Wakes what waits, because something may have changed outside. */
  readonly nudge: () => void
  /** Remembers that Temporal tells this run of the lane when that release closes. */
  readonly hear: (releaseId: string) => void
  readonly hears: (releaseId: string) => boolean
  /** Waits until the lane has another duty than now. */
  readonly untilDuty: () => Promise<void>
  /** Runs an activity for as long as the duty stays the same; `interrupted` when something else is to be done first. */
  readonly whileOnDuty: <T>(activity: () => Promise<T>) => Promise<T | 'interrupted'>
  /** Waits for the time to pass, or for the duty to change. */
  readonly pauseFor: (time: Milliseconds, summary: string) => Promise<void>
  readonly tell: (text: string, level: Notice['level']) => void
}

/** Begins a lane, or goes on with one that another run has carried here; one that is reset is new again. */
export function beginLane(input: LaneInput, onReset: OnReset): LaneRun {
  // What a lane of an older version has carried here may lack what was added since.
  let state: LaneState<Submission> = { ...emptyLane<Submission>(), ...input.carried }
  let isNew = input.carried === undefined
  let nudges = 0
  let heard: string | null = null
  let messages = 0
  let resets = 0
  const id = laneIdOf(input.target)
  const view = () => laneView(input.target, state)

  function show(): void {
    setCurrentDetails(describeLane(view()))
  }

  function isTooLong(): boolean {
    const { continueAsNewSuggested, historyLength } = workflowInfo()
    return continueAsNewSuggested || historyLength >= (input.longestHistory ?? Number.POSITIVE_INFINITY)
  }

  /** True once the duty of `then` is over, somebody has nudged, or the run has grown too long. */
  function hasChangedSince(): () => boolean {
    const then = dutyOf(state)
    const nudged = nudges
    return () => !isSameDuty(dutyOf(state), then) || nudges !== nudged || isTooLong()
  }

  function set(next: LaneState<Submission>): void {
    state = next
    show()
  }

  onReset(() => {
    resets += 1
    isNew = true
    heard = null
    nudges += 1
    state = forgotten(state)
  })
  show()
  return {
    ...{ input, id, view, isTooLong, set },
    state: () => state,
    settle(next) {
      isNew = false
      set(next)
    },
    resets: () => resets,
    isNew: () => isNew,
    untilKnown: () => condition(() => !isNew),
    nudge: () => void (nudges += 1),
    hear: (releaseId) => {
      heard = releaseId
    },
    hears: (releaseId) => heard === releaseId,
    untilDuty: () => condition(hasChangedSince()),
    whileOnDuty: (activity) => unlessOver(hasChangedSince(), activity),
    async pauseFor(time, summary) {
      await condition(hasChangedSince(), time, { summary })
    },
    tell(text, level) {
      messages += 1
      const { target } = input
      const key = `${id}/${workflowInfo().runId}/${messages}`
      void notify({ target, releaseId: id, key, text: `${targetName(target)}: ${text}`, level })
    },
  }
}

function isSameDuty(left: Duty<Submission>, right: Duty<Submission>): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}
