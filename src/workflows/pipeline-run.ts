import {
  CancellationScope,
  condition,
  patched,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow'
import type { Notice } from '../activities/activities.ts'
import { type PipelineStage, pipelineName } from '../domain/pipeline/pipeline.ts'
import { pipelineCard, versionOf } from '../domain/pipeline/pipeline-card.ts'
import { describePipeline } from '../domain/pipeline/pipeline-details.ts'
import type { NewPipelineEvent, PipelineEvent } from '../domain/pipeline/pipeline-events.ts'
import { reducePipeline } from '../domain/pipeline/pipeline-reducer.ts'
import { beginPipelineState, endOfPipeline, type PipelineState } from '../domain/pipeline/pipeline-state.ts'
import { tellPipelineEvent, urgencyOf } from '../domain/pipeline/pipeline-story.ts'
import { type StageDuty, stageDutyOf } from '../domain/pipeline/stage-duty.ts'
import type { Milliseconds } from '../domain/units.ts'
import type { PipelineInput } from './messages.ts'
import { notify } from './notify.ts'
import { pipelineAttributes } from './search-attributes.ts'
import { unlessOver } from './unless-over.ts'

/** One run of a pipeline: what it knows, and how its stages wait. */
export interface PipelineRun {
  readonly input: PipelineInput
  readonly state: () => PipelineState
  readonly record: (event: NewPipelineEvent) => void
  readonly isOver: () => boolean
  /** True when the rest of the pipeline belongs into a new run. */
  readonly isLong: () => boolean
  readonly dutyOf: (stage: PipelineStage) => StageDuty
  readonly versionOf: (stage: PipelineStage) => string
  /** Waits until the stage has another duty than now, or for so long. */
  readonly untilOtherDuty: (stage: PipelineStage, timeout?: Milliseconds, summary?: string) => Promise<void>
  /** Runs an activity while the duty of the stage stays the same, or for so long; else `interrupted`. */
  readonly whileOnDuty: <T>(
    stage: PipelineStage,
    activity: () => Promise<T>,
    timeout?: Milliseconds,
  ) => Promise<T | 'interrupted'>
  /** Settles when every message is sent or given up. */
  readonly allTold: () => Promise<unknown>
  /** What the last message was answered with. */
  readonly messageRef: () => string | null
}

/** Events after which Temporal suggests a new run; up to so many times as many there is room for a little more. */
const USUALLY_LONG = 4_096
const MUCH_TOO_LONG = 4
/** A message shows the end of the story: the whole of it with every message would be a long history. */
const STORY_TOLD = 5

/** Begins a pipeline, or goes on with one that another run has carried here. */
export function beginPipeline(input: PipelineInput): PipelineRun {
  const { pipelineId, pipeline } = input
  let state = input.carried ?? beginPipelineState(pipelineId, pipeline)
  let messages = 0
  let telling = 0
  let told: Promise<unknown> = Promise.resolve()
  let messageRef = input.messageRef ?? null
  let shown = ''

  function record(event: NewPipelineEvent): void {
    const now: PipelineEvent = { ...event, at: Date.now() }
    const before = state.givenUp
    state = reducePipeline(state, now)
    const urgency = urgencyOf(event)
    const text = tellPipelineEvent(now, state)
    const asked = event.type === 'approval-asked' ? { asks: event.stage } : {}
    if (urgency !== null && text !== null) say({ text, level: urgency, ...asked })
    if (before === null && state.givenUp?.back === 'all' && isSecondLife(input))
      return record({ type: 'first-life-doubted' })
    if (state.outcome === null && endOfPipeline(state) !== null) record({ type: 'ended' })
    else show()
  }

  function show(): void {
    setCurrentDetails(describePipeline(pipelineCard(input, state)))
    const attributes = pipelineAttributes(input, state)
    const fingerprint = JSON.stringify(attributes.map(({ value }) => value))
    if (fingerprint === shown) return
    shown = fingerprint
    upsertSearchAttributes(attributes)
  }

  function say({ text, ...more }: Pick<Notice, 'text' | 'level' | 'asks'>): void {
    const target = pipeline.stages[0]?.target
    if (target === undefined) return
    messages += 1
    const key = `${workflowInfo().runId}/${messages}`
    const notice = { target, releaseId: pipelineId, key, text: `${pipelineName(pipelineId)} ${text}`, ...more }
    telling += 1
    const said = input.keepsMessage === true ? inTurn(notice) : notify(notice)
    told = Promise.all([told, said.finally(() => (telling -= 1))])
  }

  /** One after the other, because each changes the message that shows the pipeline. */
  async function inTurn(notice: Omit<Notice, 'card' | 'ref'>): Promise<void> {
    const card = pipelineCard(input, state)
    const shown = { ...notice, card: { ...card, trail: card.trail.slice(-STORY_TOLD) } }
    await told
    messageRef = await CancellationScope.nonCancellable(() => notify({ ...shown, ref: messageRef }))
  }

  function isLong(): boolean {
    const { continueAsNewSuggested, historyLength } = workflowInfo()
    const isTooLong = continueAsNewSuggested || historyLength >= (input.longestHistory ?? Number.POSITIVE_INFINITY)
    const hasRoom = historyLength < MUCH_TOO_LONG * (input.longestHistory ?? USUALLY_LONG)
    return isTooLong && !(telling > 0 && hasRoom)
  }

  const dutyOf = (stage: PipelineStage) => stageDutyOf(pipeline.stages, state, stage.name)

  function hasChangedSince(stage: PipelineStage): () => boolean {
    const then = JSON.stringify(dutyOf(stage))
    return () => JSON.stringify(dutyOf(stage)) !== then || state.outcome !== null || isLong()
  }

  show()
  return {
    ...{ input, record, isLong, dutyOf },
    state: () => state,
    isOver: () => state.outcome !== null,
    versionOf: (stage) => versionOf(stage, input.versions),
    async untilOtherDuty(stage, timeout, summary = '') {
      const isOver = hasChangedSince(stage)
      if (timeout === undefined) return condition(isOver)
      await condition(isOver, Math.max(1, timeout), { summary })
    },
    whileOnDuty: (stage, activity, timeout) => unlessOver(hasChangedSince(stage), activity, timeout),
    allTold: () => told,
    messageRef: () => messageRef,
  }
}

/** Whether this run is one that somebody has reset in Temporal. What happened in it before is replayed as it was. */
function isSecondLife({ carried }: PipelineInput): boolean {
  const { runId, firstExecutionRunId } = workflowInfo()
  return carried === undefined && runId !== firstExecutionRunId && patched('second-life')
}
