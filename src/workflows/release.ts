import {
  allHandlersFinished,
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  log,
} from '@temporalio/workflow'
import { formerOf } from '../domain/lane/former.ts'
import type { Action } from '../domain/plan/actions.ts'
import { failureOf } from '../domain/plan/consequences.ts'
import { answeringFlag } from '../domain/release/failed-flags.ts'
import type { GuardOutcome } from '../domain/release/guard.ts'
import { decisionOf } from '../domain/release/guard-decision.ts'
import { endOf, isEnded, rolesToKeep } from '../domain/release/release-state.ts'
import { laneIdOf } from '../domain/target.ts'
import { onAfterwardsSeen, watchAfterwards } from './after.ts'
import { answerMessages } from './answers.ts'
import { ask } from './approval.ts'
import { bake, giveInconclusive, judge, untilNotHeld } from './bake.ts'
import { expose, promote, recordBaseline } from './exposing.ts'
import { callGate, gate, readinessGate, tellOverride } from './gate.ts'
import { giveUp } from './giving-up.ts'
import { handOverWhenLong } from './hand-over.ts'
import { hook } from './hooks.ts'
import { type ReleaseInput, type ReleaseResult, releaseEndedSignal } from './messages.ts'
import { waitWhilePausedThenWatch } from './pausing.ts'
import { untilCarried } from './raising.ts'
import { rollBack } from './rollback.ts'
import { beginRun, type Run, remainingActions } from './run.ts'
import { createWatch, type Watch } from './watch.ts'

/**
 * One release, from the first reading of the router to its end. It goes through the plan's actions while the guard
 * watches; whatever abandons it leads to one rollback, which ends only when the baseline has been read back.
 */
export async function release(input: ReleaseInput): Promise<ReleaseResult> {
  const run = beginRun(input)
  const watch = createWatch(run, (outcome) => onGuardEnded(outcome, run, watch))
  answerMessages(run)
  // A run that goes on with a rollback, or with the watch after the end, has no plan to follow any more.
  const isUnderWay = run.state().abandoned === null && !isEnded(run.state())
  const following = isUnderWay ? run.inPlan(() => followPlan(run, watch)) : Promise.resolve()
  const letGo = following.catch((error: unknown) => log.info('the plan ended early', { error: String(error) }))
  try {
    await Promise.race([following, run.abandoned])
  } catch (error) {
    if (!isCancellation(error)) throw error
    run.abandon('cancelled', 'temporal', 'the workflow was cancelled in Temporal')
  }
  const result = await CancellationScope.nonCancellable(async () => {
    if (run.state().abandoned !== null) await rollBack(run, watch, letGo)
    return end(run)
  })
  await watchAfterwards(run, watch)
  return result
}

async function followPlan(run: Run, watch: Watch): Promise<void> {
  if (run.state().baseline === null) {
    tellOverride(run)
    await recordBaseline(run)
    if (run.input.plan.capacity !== undefined) await untilCarried('stable', 1, run, watch)
  } else watch.start()
  for (const action of remainingActions(run)) {
    await perform(action, run, watch)
    if (run.state().abandoned !== null) return
    run.record({ type: 'action-done' })
    await handOverWhenLong(run, watch)
  }
  await waitWhilePausedThenWatch(run, watch)
  await untilNotHeld(run, watch)
  if (run.state().abandoned === null) await promote(run, watch)
}

async function perform(action: Action, run: Run, watch: Watch): Promise<void> {
  await watch.follow()
  switch (action.kind) {
    case 'expose':
      await untilNotHeld(run, watch)
      return expose(action, run, watch)
    case 'bake':
      return bake(action, run, watch)
    case 'judge':
      return judge(action, run, watch)
    case 'ask':
      return ask(action, run, watch)
    case 'tell':
      return run.tell(
        `${run.input.version}: ${action.text}`,
        'warning',
        action.to === undefined ? {} : { to: action.to },
      )
    case 'gate':
      return gate(action, run, watch)
    case 'call-gate':
      return callGate(action, run, watch)
    case 'readiness-gate':
      return readinessGate(action, run, watch)
    case 'hook':
      return hook(action, run, watch)
  }
}

/** What a guard that ended by itself means for the plan. Somebody watches the router afterwards, whatever it was. */
function onGuardEnded(outcome: GuardOutcome, run: Run, watch: Watch): void {
  if (isEnded(run.state())) return onAfterwardsSeen(outcome, run, watch)
  const check = outcome.kind === 'failed' ? checkOf(outcome.check, watch) : undefined
  const flag = answeringFlag(check, run.state())
  if (flag !== null) return failFlag(flag, outcome.reason, run)
  const { reason } = outcome
  // Restarts, and what else is no check of the plan, do what the plan says.
  const failure = failureOf(check ?? {}, run.input.plan.onFail)
  const decision = decisionOf(outcome, { failure, isKept: run.isKept })
  switch (decision.kind) {
    case 'abandon':
      if (decision.cause === 'superseded') return run.abandon(decision.cause, 'guard', reason)
      giveUp('rollback', { cause: decision.cause, by: 'guard', reason }, run)
      return run.isKept ? watch.start() : undefined
    case 'pause':
      return pauseWith(decision.cause, reason, run, watch)
    case 'inconclusive':
      giveInconclusive(run, reason, decision.then)
      return watch.start({ blindLimit: null })
    case 'end-bake':
      run.record({ type: 'bake-proven', reason })
      return watch.start({ endsWhenProven: false })
    case 'go-on':
      if (outcome.kind === 'repaired') run.tell(`${run.input.version}: ${reason}`, 'warning')
      return watch.start()
  }
}

function checkOf(name: string, watch: Watch) {
  return watch.checks().find((check) => check.name === name)
}

/** The feature goes off and the version stays; whatever the plan waits for sees to it, and to a new guard, at once. */
function failFlag(flag: string, reason: string, run: Run): void {
  run.record({ type: 'flag-failed', flag, reason })
  run.tell(`${run.input.version}: flag ${flag} goes off, ${reason}`, 'alarm')
}

function pauseWith(cause: Parameters<Run['pause']>[0], reason: string, run: Run, watch: Watch): void {
  run.pause(cause, reason)
  run.tell(`${run.input.version}: paused, ${reason}`, 'alarm')
  if (run.isKept) watch.start()
}

async function end(run: Run): Promise<ReleaseResult> {
  const { releaseId, target, version } = run.input
  const { abandoned, phase } = run.state()
  const outcome = endOf(run.state())
  if (outcome === null) throw new Error(`a release was to end in the phase ${phase}`)
  const told = { releaseId, outcome, version, roles: rolesToKeep(run.state()), turn: run.fence().release }
  const why =
    abandoned === null ? { reason: 'every step passed' } : { reason: abandoned.reason, cause: abandoned.cause }
  const former = formerOf(run.input, run.state())
  const result: ReleaseResult = { ...told, ...why, ...(former !== null && { former }) }
  // A run that goes on with the watch has reported the end already.
  if (run.state().watching !== undefined) return result
  await Promise.all([run.allTold(), report(laneIdOf(target), result)])
  await condition(allHandlersFinished)
  return result
}

async function report(lane: string, result: ReleaseResult): Promise<void> {
  try {
    await getExternalWorkflowHandle(lane).signal(releaseEndedSignal, result)
  } catch (error) {
    log.warn('the lane could not be told; it will ask', { lane, error: String(error) })
  }
}
