import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  log,
} from '@temporalio/workflow'
import { closedText } from '../domain/calendar/window-rule.ts'
import { type PipelineStage, pipelineName, type StageGate } from '../domain/pipeline/pipeline.ts'
import { BY_ITSELF } from '../domain/pipeline/pipeline-reducer.ts'
import { stageIn } from '../domain/pipeline/pipeline-state.ts'
import type { StageDuty } from '../domain/pipeline/stage-duty.ts'
import { formatDuration, type Instant, type Milliseconds } from '../domain/units.ts'
import {
  askOutside,
  followReturn,
  followStage,
  orderStage,
  readWindows,
  returnStage,
  submitStage,
  watchReturn,
  watchStage,
} from './activity-calls.ts'
import type { PipelineInput, PipelineResult } from './messages.ts'
import { answerPipelineMessages } from './pipeline-answers.ts'
import { beginPipeline, type PipelineRun } from './pipeline-run.ts'

/** Calendars are edited while stages wait: they are read again this often, and a damaged one more often. */
const READ_AGAIN: Milliseconds = 3_600_000
const READ_DAMAGED: Milliseconds = 60_000

/**
 * One version, or one for each service of a train, through the stages of a pipeline. Every stage is a release of its own, which
 * its lane starts and guards; the pipeline asks for it, follows it, and says what the end of one means for the others. It
 * owns no router: a way back is asked of the lanes as well, the last stage first.
 */
export async function pipeline(input: PipelineInput): Promise<PipelineResult> {
  const run = beginPipeline(input)
  answerPipelineMessages(run)
  CancellationScope.current().cancelRequested.catch((error: unknown) => giveUpWhenCancelled(error, run))
  await CancellationScope.nonCancellable(async () => {
    await Promise.all(input.pipeline.stages.map((stage) => carryOut(stage, run)))
    if (run.isOver()) await run.allTold()
    await condition(allHandlersFinished)
  })
  const { outcome } = run.state()
  if (outcome !== null) return { pipelineId: input.pipelineId, outcome }
  return continueAsNew<typeof pipeline>({ ...input, carried: run.state(), messageRef: run.messageRef() })
}

/** Does for one stage what is to be done, until the pipeline is over or goes on in a new run. */
async function carryOut(stage: PipelineStage, run: PipelineRun): Promise<void> {
  while (!run.isOver() && !run.isLong()) await perform(run.dutyOf(stage), stage, run)
}

async function perform(duty: StageDuty, stage: PipelineStage, run: PipelineRun): Promise<void> {
  switch (duty.kind) {
    case 'wait':
      return run.untilOtherDuty(stage)
    case 'ask':
      return ask(stage, run)
    case 'await-approval':
      return untilApproved(duty.deadline, stage, run)
    case 'await-gate':
      return typeof duty.gate === 'string' ? untilOpen(duty.gate, stage, run) : untilYes(duty.gate, stage, run)
    case 'begin':
      return run.record({ type: 'stage-begun', stage: stage.name })
    case 'submit':
      return submit(duty.tries, stage, run)
    case 'tell':
      return order(duty, stage, run)
    case 'follow':
      return follow(duty.releaseId, stage, run)
    case 'watch':
      return watch(duty, stage, run)
    case 'return':
      return run.record({ type: 'return-begun', stage: stage.name })
    case 'submit-return':
      return submitReturn(duty, stage, run)
    case 'follow-return':
      return followBack(duty.releaseId, stage, run)
    case 'watch-return':
      return watchBack(duty.releaseId, stage, run)
  }
}

function ask({ name, approve }: PipelineStage, run: PipelineRun): void {
  if (approve === undefined) throw new Error(`nobody is to approve ${name}`)
  const { within, ...request } = approve
  run.record({ type: 'approval-asked', stage: name, request: { ...request, deadline: Date.now() + within } })
}

async function untilApproved(deadline: Instant, stage: PipelineStage, run: PipelineRun): Promise<void> {
  const left = deadline - Date.now()
  if (left > 0) return run.untilOtherDuty(stage, left, `approval of ${stage.name}, ${formatDuration(left)} left`)
  const { by = '', within = 0 } = stage.approve ?? {}
  const reason = `nobody in ${by} approved ${stage.name} within ${formatDuration(within)}`
  run.record({ type: 'approval-expired', stage: stage.name, reason })
}

async function untilOpen(window: string, stage: PipelineStage, run: PipelineRun): Promise<void> {
  const { name, target } = stage
  const rule = { only: [window], freeze: [] }
  const seen = await run.whileOnDuty(stage, () => readWindows({ target, rule, at: Date.now() }))
  if (seen === 'interrupted') return
  if (seen.kind === 'read' && seen.isOpen) return run.record({ type: 'stage-begun', stage: name })
  const isRead = seen.kind === 'read'
  const reason = isRead ? closedText(rule, seen) : `nobody can say whether ${window} is open: ${seen.reason}`
  const opensAt = isRead ? seen.opensAt : null
  const told = isRead ? 'info' : 'alarm'
  if (stageIn(run.state(), name).reason !== reason)
    run.record({ type: 'gate-waits', stage: name, reason, opensAt, told })
  const longest = isRead ? READ_AGAIN : READ_DAMAGED
  await run.untilOtherDuty(stage, opensAt === null ? longest : Math.min(longest, opensAt - Date.now()), reason)
}

/** A no, and a yes that does not come in time, are a failure of the stage, or pause the pipeline where the gate says so. */
async function untilYes(gate: Exclude<StageGate, string>, stage: PipelineStage, run: PipelineRun): Promise<void> {
  const { name } = stage
  const { reason: known, due = Date.now() + gate.within } = stageIn(run.state(), name)
  const asked = { ...questionOf(gate, stage, run), known, patience: Math.max(1, due - Date.now()) }
  const summary = `gate of ${name}`
  const answer = await run.whileOnDuty(stage, () => askOutside.executeWithOptions({ summary }, [asked]))
  if (answer === 'interrupted') return
  if (answer.kind === 'go') return run.record({ type: 'stage-begun', stage: name, text: answer.text })
  const { reason } = answer
  if (answer.kind === 'no' || Date.now() >= due)
    return run.record({ type: gate.onFail === 'pause' ? 'gate-refused' : 'stage-failed', stage: name, reason })
  const told = answer.isFault === true ? 'alarm' : known === null ? 'info' : null
  run.record({ type: 'gate-waits', stage: name, reason, opensAt: null, due, told })
}

function questionOf(gate: Exclude<StageGate, string>, stage: PipelineStage, run: PipelineRun) {
  const { target, plan, name } = stage
  const { pipelineId, author } = run.input
  const version = run.versionOf(stage)
  if (gate.kind === 'readiness-gate')
    return { about: 'stage', request: { plan, version, author: author.person }, without: gate.without } as const
  const { call } = gate
  const key = `${pipelineId}/${name}/${call}`
  // Nothing has begun there, so no pool has a role and no step a number.
  const request = { target, releaseId: pipelineId, version, roles: { stable: '', canary: '' }, step: 0, call, key }
  return { about: 'call', request } as const
}

async function submit(tries: number, stage: PipelineStage, run: PipelineRun): Promise<void> {
  const { name, plan, warmUp } = stage
  const { pipelineId, author, reason: why } = run.input
  const reason = `stage ${name} of ${pipelineName(pipelineId)}${why === '' ? '' : `: ${why}`}`
  const key = `${pipelineId}/${name}/${tries}`
  const asked = { plan, version: run.versionOf(stage), author, reason, key, ...(warmUp !== undefined && { warmUp }) }
  const answer = await submitStage.executeWithOptions({ summary: `ask for ${name}` }, [asked])
  if (answer.kind === 'refused')
    return run.record({ type: 'release-refused', stage: name, reason: `its release is not taken: ${answer.reason}` })
  run.record({ type: 'release-started', stage: name, releaseId: answer.releaseId })
}

async function order(
  { releaseId, verb, actor }: Extract<StageDuty, { kind: 'tell' }>,
  { name }: PipelineStage,
  run: PipelineRun,
): Promise<void> {
  const { pipelineId } = run.input
  const { hold, givenUp } = run.state()
  const why = givenUp?.reason ?? hold?.reason
  const reason = `${verb} of ${pipelineName(pipelineId)}${why === undefined ? '' : `: ${why}`}`
  const key = `${pipelineId}/${name}/${verb}/${Date.now()}`
  const options = { summary: `${verb} ${name}` }
  const outcome = await orderStage.executeWithOptions(options, [{ releaseId, verb, actor, reason, key }])
  if (outcome === 'withdrawn' && verb === 'pause') return run.record({ type: 'release-withdrawn', stage: name })
  const refusal = typeof outcome === 'object' ? { refusal: outcome.refused } : {}
  run.record({ type: 'release-told', stage: name, verb, isTaken: outcome === 'taken', ...refusal })
}

async function follow(releaseId: string, stage: PipelineStage, run: PipelineRun): Promise<void> {
  const end = await run.whileOnDuty(stage, () => followStage({ releaseId }))
  if (end === 'interrupted') return
  const { name } = stage
  if (end.kind === 'failed') {
    const isAsWished = end.isBack === true && stageIn(run.state(), name).told === 'abort'
    if (isAsWished) return run.record({ type: 'stage-returned', stage: name, reason: 'its release has rolled back' })
    const { kind: _, isBack: _isBack, ...loss } = end
    return run.record({ type: 'stage-failed', stage: name, ...loss })
  }
  run.record({ type: 'stage-promoted', stage: name, soakUntil: Date.now() + stage.soak })
}

/** Until the pipeline is over a stage keeps the version, or counts as failed: while it soaks, and when it is done. */
async function watch(
  { releaseId, soakUntil }: Extract<StageDuty, { kind: 'watch' }>,
  stage: PipelineStage,
  run: PipelineRun,
): Promise<void> {
  const { name, target } = stage
  const left = soakUntil === null ? undefined : soakUntil - Date.now()
  const isLast = left !== undefined && left <= 0
  if (isLast && run.input.looksLast !== true) return run.record({ type: 'stage-done', stage: name })
  const asked = { target, version: run.versionOf(stage), releaseId, ...(isLast && { isLast }) }
  const lost = await run.whileOnDuty(stage, () => watchStage(asked), isLast ? undefined : left)
  if (lost === 'interrupted') return
  run.record(lost === null ? { type: 'stage-done', stage: name } : { type: 'stage-failed', stage: name, ...lost })
}

async function submitReturn(
  { actor, reason }: Extract<StageDuty, { kind: 'submit-return' }>,
  stage: PipelineStage,
  run: PipelineRun,
): Promise<void> {
  const { name, target } = stage
  const { pipelineId } = run.input
  const { tries, reason: known, releaseId } = stageIn(run.state(), name)
  const key = `${pipelineId}/${name}/back/${tries}`
  const why = `${pipelineName(pipelineId)} goes back: ${reason}`
  const asked = { target, version: run.versionOf(stage), releaseId: releaseId ?? '', actor, reason: why, key, known }
  const answer = await returnStage.executeWithOptions({ summary: `ask for the way back of ${name}` }, [asked])
  switch (answer.kind) {
    case 'started':
      return run.record({ type: 'return-started', stage: name, releaseId: answer.releaseId })
    case 'waits':
      return run.record({ type: 'return-waits', stage: name, reason: answer.reason })
    case 'away':
      return run.record({ type: 'stage-returned', stage: name, reason: answer.reason })
    case 'impossible':
      return run.record({ type: 'return-refused', stage: name, reason: answer.reason })
  }
}

async function followBack(releaseId: string, stage: PipelineStage, run: PipelineRun): Promise<void> {
  const { name } = stage
  const known = stageIn(run.state(), name).reason
  const end = await run.whileOnDuty(stage, () => followReturn({ releaseId, known }))
  if (end === 'interrupted') return
  switch (end.kind) {
    case 'promoted':
      return run.record({
        type: 'stage-returned',
        stage: name,
        reason: null,
        ...(end.isWatched && { isWatched: true }),
      })
    case 'waits':
      return run.record({ type: 'return-waits', stage: name, reason: end.reason })
    case 'failed':
      return run.record({ type: 'return-refused', stage: name, reason: end.reason })
  }
}

/** The version before may be dead by now; its release then sends everybody to the other one again, and the pipeline is not back. */
async function watchBack(releaseId: string, stage: PipelineStage, run: PipelineRun): Promise<void> {
  const { name } = stage
  const known = stageIn(run.state(), name).reason
  const end = await run.whileOnDuty(stage, () => watchReturn({ releaseId, known }))
  if (end === 'interrupted') return
  switch (end.kind) {
    case 'promoted':
      return run.record({ type: 'return-held', stage: name })
    case 'stands':
      return run.record({ type: 'return-stands', stage: name, reason: end.reason, isPaused: end.isPaused })
    case 'failed':
      return run.record({ type: 'return-refused', stage: name, reason: end.reason })
  }
}

/** Somebody has cancelled the workflow in Temporal: that is an abort by a hand that nobody knows. */
function giveUpWhenCancelled(error: unknown, run: PipelineRun): void {
  if (!isCancellation(error)) return log.warn('the pipeline was disturbed', { error: String(error) })
  const reason = 'the workflow was cancelled in Temporal'
  run.record({ type: 'given-up', cause: 'cancelled', actor: BY_ITSELF, reason })
}
