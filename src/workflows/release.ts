import {
  ActivityFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  workflowInfo,
} from '@temporalio/workflow'
import type { Action, AskAction, BakeAction, ExposeAction, JudgeAction } from '../domain/actions.ts'
import { isSameExposure } from '../domain/exposure.ts'
import { blindTime, type GuardOutcome, type GuardState, standingOf } from '../domain/guard.ts'
import { bakeRemaining, exposureText } from '../domain/release-state.ts'
import { laneIdOf } from '../domain/target.ts'
import { FULL_WEIGHT, formatDuration, type Milliseconds } from '../domain/units.ts'
import { answerMessages } from './answers.ts'
import { type ReleaseInput, type ReleaseResult, releaseEndedSignal } from './messages.ts'
import { exposeBack, exposeForward, readBaseline } from './outside.ts'
import { beginRun, type Run, remainingActions } from './run.ts'
import { createWatch, type Watch } from './watch.ts'

/**
 * One release, from the first reading of the router to its end. It goes through the plan's actions while the guard
 * watches; whatever abandons it leads to one rollback, which ends only when the baseline has been read back.
 */
export async function release(input: ReleaseInput): Promise<ReleaseResult> {
  const run = beginRun(input)
  const watch = createWatch(run, (outcome) => heed(outcome, run, watch))
  answerMessages(run)
  const following = run.inPlan(() => followPlan(run, watch))
  const letGo = following.catch((error: unknown) => log.info('the plan ended early', { error: String(error) }))
  try {
    await Promise.race([following, run.abandoned])
  } catch (error) {
    if (!isCancellation(error)) throw error
    run.abandon('cancelled', 'temporal', 'the workflow was cancelled in Temporal')
  }
  return CancellationScope.nonCancellable(async () => {
    if (run.state().abandoned !== null) await rollBack(run, watch, letGo)
    return end(run)
  })
}

async function followPlan(run: Run, watch: Watch): Promise<void> {
  if (run.state().baseline === null) await recordBaseline(run)
  else watch.start()
  for (const action of remainingActions(run)) {
    await perform(action, run, watch)
    if (run.state().abandoned !== null) return
    run.record({ type: 'action-done' })
    await handOverWhenLong(run, watch)
  }
  await goOn(run, watch)
  if (run.state().abandoned === null) await promote(run, watch)
}

async function perform(action: Action, run: Run, watch: Watch): Promise<void> {
  switch (action.kind) {
    case 'expose':
      return expose(action, run, watch)
    case 'bake':
      return bake(action, run, watch)
    case 'judge':
      return judge(action, run, watch)
    case 'ask':
      return ask(action, run, watch)
  }
}

async function recordBaseline(run: Run): Promise<void> {
  try {
    const { roles, exposure } = await readBaseline(run.input.target)
    run.record({ type: 'baseline-recorded', roles, exposure })
  } catch (error) {
    if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error
    run.abandon('router', 'sluice', `nothing was changed: ${causeOf(error)}`)
    throw error
  }
}

async function expose(
  { exposure, step }: Pick<ExposeAction, 'exposure' | 'step'>,
  run: Run,
  watch: Watch,
): Promise<void> {
  await run.untilUnpaused()
  await watch.stop()
  run.record({ type: 'exposure-wanted', step, exposure })
  while (!(await isLive(run))) {
    watch.start({ watchesRouter: false })
    await run.untilUnpaused()
    await watch.stop()
    watch.forgetFailures()
  }
  // After the last action the release is promoted at once: nothing is left to watch for, and that is the news.
  if (run.state().position >= run.input.plan.actions.length - 1) return
  watch.start()
  tellExposure(run)
}

/** One message per exposure; the first one says who started. */
function tellExposure(run: Run): void {
  const { position, live } = run.state()
  const { version, author, replaces = null } = run.input
  const replaced = replaces === null ? '' : `replaces ${replaces}, `
  const started = position === 0 ? `release started by ${author.person}, ${replaced}` : ''
  run.tell(`${version}: ${started}${exposureText(live)} on canary`, 'info')
}

/** Asks for the wanted exposure until it is read back; answers false, paused, when the router does not comply. */
async function isLive(run: Run): Promise<boolean> {
  const { roles, wanted, epoch } = run.state()
  if (roles === null) throw new Error('an exposure was asked for before the baseline was read')
  const { target, releaseId, number } = run.input
  try {
    const fence = { release: number, epoch }
    const options = { summary: `${exposureText(wanted)} on ${roles.canary}` }
    const { exposure } = await exposeForward.executeWithOptions(options, [
      { target, releaseId, roles, exposure: wanted, fence },
    ])
    run.record({ type: 'exposure-confirmed', exposure })
    return true
  } catch (error) {
    if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error
    run.pause('router', `${exposureText(wanted)} could not be made live: ${causeOf(error)}`)
    run.tell(`${run.input.version}: paused, ${causeOf(error)}`, 'alarm')
    return false
  }
}

async function judge({ checks, duration, step, label }: JudgeAction, run: Run, watch: Watch): Promise<void> {
  await watch.stop()
  watch.alsoWatch(checks)
  watch.start()
  await bake({ kind: 'bake', duration, step, label, until: 'time' }, run, watch, true)
  await watch.stop()
  watch.alsoWatch([])
  watch.start()
}

/** Holds until the time is over *and* the guard saw all of it *and* every check passes. */
async function bake({ duration, step, until }: BakeAction, run: Run, watch: Watch, isAnalysis = false): Promise<void> {
  await goOn(run, watch)
  run.record({ type: 'bake-started', step, duration, isAnalysis })
  const endsWhenProven = until === 'proven'
  if (endsWhenProven) {
    await watch.stop()
    watch.start({ endsWhenProven })
  }
  let held: Milliseconds = 0
  for (;;) {
    await goOn(run, watch, endsWhenProven)
    const clock = run.state().bake
    if (clock === null) break
    const remaining = bakeRemaining(clock, Date.now())
    if (remaining > 0) {
      await run.untilDisturbed(remaining, `step ${step}: bake, ${formatDuration(remaining)} left`)
      continue
    }
    const state = await watch.look()
    if (run.state().pause !== null) continue
    if (clock.isEnded) break
    const unwatched = state === null ? 0 : blindTime(state, clock.startedAt) - clock.prolongedBy
    if (unwatched >= run.input.plan.interval) {
      const reason = `${formatDuration(unwatched)} of it could not be watched`
      run.record({ type: 'bake-prolonged', by: unwatched, reason })
      continue
    }
    const waiting = whatIsMissing(run, watch, state)
    if (waiting === null) break
    if (held >= run.input.plan.onInconclusive.holdFor) {
      giveInconclusive(run, `still inconclusive after ${formatDuration(held)} of holding; ${waiting}`)
      held = 0
      continue
    }
    held += await hold(run, held, waiting)
  }
  run.record({ type: 'bake-ended' })
}

/** Waits while the plan is paused; afterwards what had failed is judged anew. Sees to it that a guard is running. */
async function goOn(run: Run, watch: Watch, endsWhenProven = false): Promise<void> {
  if (run.state().pause !== null) {
    await run.untilUnpaused()
    await watch.stop()
    watch.forgetFailures()
  }
  watch.start({ endsWhenProven })
}

/** Why a bake whose time is over may not end yet, or null when it may. */
function whatIsMissing(run: Run, watch: Watch, state: GuardState | null): string | null {
  const { interval } = run.input.plan
  if (state === null || Date.now() - state.lookedAt > 3 * interval + 5_000) return 'the guard has not looked lately'
  const standing = standingOf(watch.checks(), state)
  return standing.isPassing ? null : standing.waiting
}

/** Waits a little longer each time, so that a long hold does not fill the history. */
async function hold(run: Run, held: Milliseconds, waiting: string): Promise<Milliseconds> {
  const before = Date.now()
  const pause = Math.max(1_000, run.input.plan.interval, Math.round(held / 4))
  await run.untilDisturbed(pause, `hold: ${waiting}`.slice(0, 180))
  return Date.now() - before
}

async function ask(action: AskAction, run: Run, watch: Watch): Promise<void> {
  const { by, people, need, notAuthor, within, onExpiry, step } = action
  const request = { by, people, need, notAuthor, deadline: Date.now() + within }
  run.record({ type: 'approval-asked', step, request })
  run.tell(`${run.input.version}: ${need} of ${by} asked to approve step ${step}`, 'warning')
  for (;;) {
    await goOn(run, watch)
    const { approval } = run.state()
    if (approval === null || approval.given.length >= approval.need) break
    const remaining = approval.deadline - Date.now()
    if (remaining > 0) {
      await run.untilDisturbed(remaining, `step ${step}: approval by ${by}, ${formatDuration(remaining)} left`)
      continue
    }
    const reason = `nobody of ${by} had approved step ${step} within ${formatDuration(within)}`
    run.record({ type: 'approval-ended' })
    if (onExpiry === 'rollback') return run.abandon('approval-expired', 'sluice', reason)
    run.pause('approval-expired', reason)
    run.tell(`${run.input.version}: paused, ${reason}`, 'alarm')
    await run.untilUnpaused()
    return ask(action, run, watch)
  }
  run.record({ type: 'approval-ended' })
}

/** Everybody has the new version: settle the router without cohorts, read it back once more, and end. */
async function promote(run: Run, watch: Watch): Promise<void> {
  const full = { weight: FULL_WEIGHT, cohorts: [] }
  const { live, step } = run.state()
  if (!isSameExposure(live, full)) await expose({ exposure: full, step }, run, watch)
  await watch.stop()
  const isFresh = Date.now() - (run.state().exposedAt ?? 0) < run.input.plan.interval
  while (!isFresh && !(await isLive(run))) await run.untilUnpaused()
  run.record({ type: 'promoted' })
  run.tell(`${run.input.version}: promoted`, 'info')
}

/** What a guard that ended by itself means for the plan. */
function heed(outcome: GuardOutcome, run: Run, watch: Watch): void {
  const { onFail } = run.input.plan
  switch (outcome.kind) {
    case 'failed':
      if (onFail === 'rollback') return run.abandon('failed-check', 'guard', outcome.reason)
      run.pause('failed-check', outcome.reason)
      return run.tell(`${run.input.version}: paused, ${outcome.reason}`, 'alarm')
    case 'blind':
      giveInconclusive(run, outcome.reason)
      return watch.start({ blindLimit: null })
    case 'misrouted':
      run.pause('router', outcome.reason)
      return run.tell(`${run.input.version}: paused, ${outcome.reason}`, 'alarm')
    case 'foreign':
      run.pause('foreign-change', outcome.reason)
      return run.tell(`${run.input.version}: paused, ${outcome.reason}`, 'alarm')
    case 'proven':
      run.record({ type: 'bake-proven', reason: outcome.reason })
      return watch.start()
  }
}

function giveInconclusive(run: Run, reason: string): void {
  if (run.input.plan.onInconclusive.then === 'rollback') return run.abandon('inconclusive', 'guard', reason)
  run.pause('inconclusive', reason)
  run.tell(`${run.input.version}: paused, ${reason}`, 'warning')
}

/**
 * Back to the baseline, first at once and, when a write of the plan was still on its way, once more after it has landed.
 * Tried without end: a release is not rolled back until that was read back.
 */
async function rollBack(run: Run, watch: Watch, letGo: Promise<void>): Promise<void> {
  watch.drop()
  const { wanted, live, baseline, abandoned } = run.state()
  run.tell(`${run.input.version}: rolling back, ${abandoned?.reason ?? ''}`, 'alarm')
  if (baseline !== null) {
    await applyBaseline(run)
    await letGo
    if (!isSameExposure(wanted, live)) await applyBaseline(run)
  }
  run.record({ type: 'rolled-back' })
  run.tell(`${run.input.version}: rolled back`, 'warning')
}

async function applyBaseline(run: Run): Promise<void> {
  run.record({ type: 'rollback-wanted' })
  const { target, releaseId, number } = run.input
  for (;;) {
    const { roles, wanted, epoch } = run.state()
    if (roles === null) return
    try {
      const fence = { release: number, epoch }
      const options = { summary: `back to ${exposureText(wanted)} on ${roles.canary}` }
      const { exposure } = await exposeBack.executeWithOptions(options, [
        { target, releaseId, roles, exposure: wanted, fence },
      ])
      return run.record({ type: 'exposure-confirmed', exposure })
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error
      run.tell(`${run.input.version}: the rollback has not reached the router yet, ${causeOf(error)}`, 'alarm')
      await run.untilDisturbed(5_000, 'rollback: next try')
    }
  }
}

async function end(run: Run): Promise<ReleaseResult> {
  const { releaseId, target, version } = run.input
  const { phase, abandoned } = run.state()
  const outcome = phase === 'promoted' ? 'promoted' : 'rolled-back'
  const result: ReleaseResult = { releaseId, outcome, reason: abandoned?.reason ?? 'every step passed' }
  await Promise.all([run.allTold(), report(laneIdOf(target), { ...result, version })])
  await condition(allHandlersFinished)
  return result
}

async function report(lane: string, result: ReleaseResult & { version: string }): Promise<void> {
  try {
    await getExternalWorkflowHandle(lane).signal(releaseEndedSignal, result)
  } catch (error) {
    log.warn('the lane could not be told; it will ask', { lane, error: String(error) })
  }
}

async function handOverWhenLong(run: Run, watch: Watch): Promise<void> {
  const { continueAsNewSuggested, historyLength } = workflowInfo()
  if (!continueAsNewSuggested && historyLength < (run.input.longestHistory ?? Number.POSITIVE_INFINITY)) return
  await watch.stop()
  const messageRef = await run.allTold()
  await condition(allHandlersFinished)
  const carried = { state: run.state(), guard: watch.memory(), messageRef }
  await continueAsNew<typeof release>({ ...run.input, carried })
}

function causeOf(error: ActivityFailure): string {
  return error.cause?.message ?? error.message
}
