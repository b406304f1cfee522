import { activityInfo } from '@temporalio/activity'
import { isUnanswered, SluiceError } from '../domain/errors.ts'
import type { LaneView } from '../domain/lane/lane-view.ts'
import { returnStanding } from '../domain/pipeline/pipeline-story.ts'
import { parseReleaseId, releaseName, type TargetId, targetName, targetOfRelease } from '../domain/target.ts'
import { FULL_WEIGHT, formatDuration, type Milliseconds } from '../domain/units.ts'
import type {
  ReturnAnswer,
  ReturnEnding,
  ReturnRequest,
  ReturnWatch,
  StageAnswer,
  StageEnding,
  StageLoss,
  StageOrder,
  StageOrderOutcome,
  StageRequest,
  StageWatch,
} from './activities.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { again } from './polling.ts'

/**
 * What a pipeline asks of lanes and releases, by the door that people take. Only what was not answered is thrown, and so
 * asked again; a no is an answer.
 */

type Deps = Pick<ActivityDependencies, 'releases' | 'directory' | 'adaptersOf'>

export async function submitStage({ releases, adaptersOf }: Deps, request: StageRequest): Promise<StageAnswer> {
  try {
    // A target that has left the configuration since the pipeline began has a lane still.
    adaptersOf(request.plan)
    const { releaseId } = await releases.start({ ...request, whenBusy: 'queue' })
    return { kind: 'started', releaseId }
  } catch (error) {
    return { kind: 'refused', reason: refusalOf(error) }
  }
}

export async function orderStage({ releases }: Deps, order: StageOrder): Promise<StageOrderOutcome> {
  const { releaseId, verb, actor, reason, key } = order
  try {
    const { phase } = await releases.command({ releaseId, verb, actor, reason, key, step: null })
    return phase === 'withdrawn' ? 'withdrawn' : 'taken'
  } catch (error) {
    if (verb === 'pause' && error instanceof SluiceError && error.code === 'release.waiting')
      return leaveQueue({ releases }, order)
    return { refused: refusalOf(error) }
  }
}

/** One that waits cannot be paused, and would begin in the midst of the pause. */
async function leaveQueue({ releases }: Pick<Deps, 'releases'>, order: StageOrder): Promise<StageOrderOutcome> {
  const { releaseId, actor, reason, key } = order
  try {
    await releases.withdraw(targetOfRelease(releaseId), { releaseId, by: actor.person, reason, key })
    return 'withdrawn'
  } catch (error) {
    throwUnanswered(error)
    throw again('stage.goes-on', `${releaseName(releaseId)} begins in this moment`, QUICK)
  }
}

export async function followStage(deps: Deps, { releaseId }: { readonly releaseId: string }): Promise<StageEnding> {
  const end = await deps.directory.endOf(releaseId, true)
  if (end.kind === 'open') throw goesOn(`${releaseName(releaseId)} is open`)
  if (end.kind === 'ended') {
    const { outcome, reason = 'no reason was given' } = end.report
    if (outcome === 'promoted') return { kind: 'promoted' }
    const isBack = outcome === 'rolled-back' || outcome === 'refused'
    return { kind: 'failed', reason: `${outcome.replace('-', ' ')}, ${reason}`, ...(isBack && { isBack }) }
  }
  const lane = await deps.releases.lane(targetOfRelease(releaseId))
  const { queue, running, keeper } = lane
  const isWaiting = running === releaseId || queue.some((waiting) => waiting.releaseId === releaseId)
  if (isWaiting || !hasGivenOut(lane, releaseId)) throw goesOn(`${releaseName(releaseId)} waits for its turn`)
  const reason = `${releaseName(releaseId)} ended without a report; ${keeper.text}`
  return { kind: 'failed', reason, mayHaveVersion: true }
}

export async function watchStage(
  { releases }: Deps,
  { target, version, releaseId, isLast }: StageWatch,
): Promise<StageLoss | null> {
  const lane = await releases.lane(target)
  const { running, promotedVersion } = lane
  if (!hasGivenOut(lane, releaseId)) throw goesOn(`the lane of ${targetName(target)} begins again`)
  // The lane learns of a promotion a moment after the release itself has said so.
  if (running === releaseId || promotedVersion === version) {
    if (isLast === true) return null
    throw goesOn(`${targetName(target)} has ${version}`)
  }
  return {
    reason: lostText(target, version, promotedVersion),
    ...(!isAway(lane, { version, releaseId }) && { mayHaveVersion: true }),
  }
}

export async function returnStage({ releases }: Deps, request: ReturnRequest): Promise<ReturnAnswer> {
  const { target, version, releaseId: former, actor, reason, key, known } = request
  const before = await releases.lane(target)
  if (!hasGivenOut(before, former)) throw goesOn(`the lane of ${targetName(target)} begins again`)
  // One that has had two lives does not know what it had begun in the first.
  if (former === '' && (await takesOut(releases, before, request)))
    throw goesOn(`${version} is on its way to ${targetName(target)}`)
  if (isAway(before, request)) return { kind: 'away', reason: lostText(target, version, before.promotedVersion) }
  if (before.keeper.state === 'recovering') {
    const why = before.keeper.recovery?.reason ?? before.keeper.text
    return waits(`the lane of ${targetName(target)} brings its router back first: ${why}`, known)
  }
  try {
    const { releaseId } = await releases.back(target, { actor, reason, key })
    return { kind: 'started', releaseId }
  } catch (error) {
    const refusal = refusalOf(error)
    const isBusy = [before, await releases.lane(target)].some(
      ({ running, keeper }) => running !== null || keeper.state === 'recovering',
    )
    if (!isBusy) return { kind: 'impossible', reason: refusal }
    return waits(refusal, known)
  }
}

/** Takes every release of the version off its way; false where there is none. */
async function takesOut(
  releases: Deps['releases'],
  { running, queue }: LaneView,
  { target, version, actor, reason, key }: ReturnRequest,
): Promise<boolean> {
  const waiting = queue.filter((queued) => queued.version === version)
  for (const { releaseId } of waiting)
    await releases.withdraw(target, { releaseId, by: actor.person, reason, key: `${key}/${releaseId}` })
  if (running === null || (await releases.show(running)).version !== version) return waiting.length > 0
  await releases.command({ releaseId: running, verb: 'abort', actor, reason, key: `${key}/${running}`, step: null })
  return true
}

/** Said once; asked again in silence. */
function waits(reason: string, known: string | null): ReturnAnswer {
  if (reason === known) throw goesOn(reason)
  return { kind: 'waits', reason }
}

/** A lane that begins again does not know yet what it had known, least of all which version is where. */
function hasGivenOut({ nextNumber }: Pick<LaneView, 'nextNumber'>, releaseId: string): boolean {
  return nextNumber > (parseReleaseId(releaseId)?.number ?? 0)
}

/**
 * True when nobody has the version that a release took there: the lane knows of another one, is not on its way to it still,
 * and has heard how that release ended.
 */
function isAway(
  { running, promotedVersion, keeper }: Pick<LaneView, 'running' | 'promotedVersion' | 'keeper'>,
  { version, releaseId }: Pick<ReturnRequest, 'version' | 'releaseId'>,
): boolean {
  if (running === releaseId || keeper.state === 'recovering' || promotedVersion === version) return false
  // It holds what it had before anything was promoted.
  return promotedVersion !== null || keeper.state === 'holding'
}

export async function followReturn(
  { releases }: Deps,
  { releaseId, known }: { readonly releaseId: string; readonly known: string | null },
): Promise<ReturnEnding> {
  const { phase, isEnded, weight, reason } = await releases.show(releaseId)
  if (phase === 'promoted') return { kind: 'promoted' }
  // What follows is watching: users are on the version before by now, as the router has confirmed.
  if (!isEnded && phase !== 'rolling-back' && weight === FULL_WEIGHT) return { kind: 'promoted', isWatched: true }
  if (isEnded) return returnLost(releaseId, phase, reason)
  if (known !== null) throw goesOn(`${releaseName(releaseId)} goes back`)
  const { scheduledTimestampMs, currentAttemptScheduledTimestampMs } = activityInfo()
  if (currentAttemptScheduledTimestampMs - scheduledTimestampMs >= RETURN_PATIENCE)
    return {
      kind: 'waits',
      reason: `its router has not confirmed within ${formatDuration(RETURN_PATIENCE)} that everybody is back; ${releaseName(releaseId)} goes on trying`,
    }
  throw again('stage.goes-on', `${releaseName(releaseId)} goes back`, QUICK)
}

export async function watchReturn(
  { releases }: Pick<Deps, 'releases'>,
  { releaseId, known }: { readonly releaseId: string; readonly known: string | null },
): Promise<ReturnWatch> {
  const { phase, isEnded, reason } = await releases.show(releaseId)
  if (phase === 'promoted') return { kind: 'promoted' }
  if (isEnded || phase === 'rolling-back') return returnLost(releaseId, phase, reason)
  const isPaused = phase.startsWith('paused')
  const standing = returnStanding(releaseId, isPaused ? (reason ?? '') : null)
  if (standing === known) throw goesOn(standing)
  return { kind: 'stands', reason: standing, isPaused }
}

function returnLost(releaseId: string, phase: string, reason: string | null) {
  return { kind: 'failed', reason: `${releaseName(releaseId)}: ${phase}, ${reason ?? 'without a reason'}` } as const
}

/** What a way back takes where the router answers, and more. After that the stages before it no longer wait for it. */
const RETURN_PATIENCE: Milliseconds = 30_000

/** Time between two questions, the first ones sooner: short stages are over in moments, long ones take days. */
const SLOWEST: Milliseconds = 5_000
const QUICK: Milliseconds = 500

function goesOn(text: string) {
  return again('stage.goes-on', text, Math.min(SLOWEST, QUICK * 2 ** activityInfo().attempt))
}

/** @throws the error itself when it is no answer */
function throwUnanswered(error: unknown): asserts error is SluiceError {
  if (!(error instanceof SluiceError) || isUnanswered(error) || error.code === 'temporal.unavailable') throw error
}

/** The no in words, with what helps. @throws the error itself when it is no answer */
function refusalOf(error: unknown): string {
  throwUnanswered(error)
  return error.fix === undefined ? error.message : `${error.message} (${error.fix})`
}

function lostText(target: TargetId, version: string, now: string | null): string {
  const instead = now === null ? 'nobody knows which version it is on' : `it is on ${now}`
  return `${targetName(target)} does not have ${version} any more: ${instead}`
}
