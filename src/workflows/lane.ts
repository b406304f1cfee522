import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  log,
  ParentClosePolicy,
  setCurrentDetails,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow'
import {
  emptyLane,
  ended,
  enqueue,
  type LaneState,
  nextToStart,
  type Placement,
  place,
  start,
  vanished,
  type Waiting,
} from '../domain/lane-state.ts'
import { beginState } from '../domain/release-state.ts'
import { releaseIdOf, type TargetId, targetName } from '../domain/target.ts'
import {
  freezeUpdate,
  type LaneView,
  laneQuery,
  releaseEndedSignal,
  type Submission,
  type SubmissionAnswer,
  submitUpdate,
  supersedeSignal,
  unfreezeUpdate,
} from './messages.ts'
import { findReleases, isOpen } from './outside.ts'
import { release } from './release.ts'
import { releaseAttributes } from './search-attributes.ts'

export interface LaneInput {
  readonly target: TargetId
  /** What an earlier run of the lane knew; absent when the lane begins, or begins again after it was lost. */
  readonly carried?: Lane
  /** Events after which a run hands over to a new one; the server's suggestion counts as well. */
  readonly longestHistory?: number
}

type Lane = LaneState<Submission>

/** A lane that has heard nothing of its release for this long asks whether it is still open. */
const SILENCE = 30 * 60_000

/**
 * The lane of one target, for ever: it gives out numbers, keeps at most one release running, lets others wait, and holds
 * the freeze. Releases outlive it; a lane that was lost finds the open release again by Temporal's visibility.
 */
export async function lane(input: LaneInput): Promise<void> {
  const { target } = input
  let state: Lane | null = input.carried ?? null
  const known = (): Lane => state ?? emptyLane()

  function set(next: Lane): void {
    state = next
    setCurrentDetails(describeLane(view(target, next)))
  }

  setHandler(laneQuery, () => view(target, known()), {
    description: 'The lock, the queue and the freeze of this target',
  })
  setHandler(submitUpdate, submit, {
    validator: (submission) => refuse(place(known(), wishOf(submission))),
    description: 'Ask for a release of this target',
  })
  setHandler(freezeUpdate, ({ reason, by }) => {
    set({ ...known(), freeze: { reason, by, at: Date.now() } })
    return view(target, known())
  })
  setHandler(unfreezeUpdate, () => {
    set({ ...known(), freeze: null })
    return view(target, known())
  })
  setHandler(releaseEndedSignal, ({ releaseId, outcome, version }) => {
    set(ended(known(), releaseId, outcome === 'promoted' ? version : null))
  })

  if (state === null) set(await rebuild(target))
  while (!isTooLong(input)) {
    const isDue = await condition(() => nextToStart(known()) !== null || isTooLong(input), SILENCE, {
      summary: 'lane: all quiet',
    })
    const next = nextToStart(known())
    if (next !== null) await startNext(next)
    else if (!isDue) await askAboutRunning()
  }
  await condition(allHandlersFinished)
  await continueAsNew<typeof lane>({ ...input, carried: known() })

  async function submit(submission: Submission): Promise<SubmissionAnswer> {
    await condition(() => state !== null)
    const placement = place(known(), wishOf(submission))
    refuse(placement)
    if (placement.kind === 'repeat') return answer(known(), placement.releaseId)
    const number = known().nextNumber
    const releaseId = releaseIdOf(target, number)
    set(enqueue(known(), { releaseId, number, entry: submission }, wishOf(submission), placement.kind === 'replace'))
    if (placement.kind === 'replace') {
      const reason = `replaced by ${releaseId} (${submission.version})`
      await supersede(placement.releaseId, submission.author, reason)
    }
    if (placement.kind === 'start')
      await condition(() => known().running?.releaseId === releaseId || known().freeze !== null)
    return answer(known(), releaseId)
  }

  async function startNext(next: Waiting<Submission>): Promise<void> {
    const { releaseId, number, entry } = next
    const { version, author, reason, plan, planHash, longestHistory } = entry
    const startedAt = Date.now()
    // What is on stable is known only now: while this release waited, another one may have been promoted.
    const replaces = known().promotedVersion
    const further = longestHistory === undefined ? {} : { longestHistory }
    try {
      await startChild(release, {
        workflowId: releaseId,
        args: [{ releaseId, number, target, version, replaces, author, reason, plan, planHash, startedAt, ...further }],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        staticSummary: `${targetName(target)} ${version}`,
        typedSearchAttributes: releaseAttributes({ target, version }, beginState(releaseId)),
      })
    } catch (error) {
      // Somebody has this id already: the lane takes it as running and will learn of its end by asking.
      log.error('a release id was taken', { releaseId, error: String(error) })
    }
    set(start(known()))
  }

  async function askAboutRunning(): Promise<void> {
    const running = known().running
    if (running === null || (await isOpen(running.releaseId))) return
    set(vanished(known(), running.releaseId))
  }
}

/** A release that ended in this very moment needs no telling: its report is on its way. */
async function supersede(releaseId: string, actor: Submission['author'], reason: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(releaseId).signal(supersedeSignal, { actor, reason })
  } catch (error) {
    log.warn('a release to be replaced could not be told', { releaseId, error: String(error) })
  }
}

async function rebuild(target: TargetId): Promise<Lane> {
  const { open, highest } = await findReleases(target)
  return { ...emptyLane(), running: open, nextNumber: highest + 1 }
}

function isTooLong({ longestHistory = Number.POSITIVE_INFINITY }: LaneInput): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo()
  return continueAsNewSuggested || historyLength >= longestHistory
}

function wishOf({ key, planHash, version, whenBusy }: Submission) {
  return { key, fingerprint: `${version} ${planHash}`, whenBusy }
}

function refuse(placement: Placement): void {
  switch (placement.kind) {
    case 'busy':
      throw ApplicationFailure.nonRetryable(`${placement.releaseId} is running on this target`, 'lane.busy', {
        fix: 'wait for it, abort it, or ask to queue or to replace it',
        releaseId: placement.releaseId,
      })
    case 'frozen': {
      const message = `frozen by ${placement.by}: ${placement.reason}`
      throw ApplicationFailure.nonRetryable(message, 'lane.frozen', { fix: 'wait, or ask them to lift the freeze' })
    }
    case 'key-reused': {
      const message = `this key was used for ${placement.releaseId} with another plan or version`
      throw ApplicationFailure.nonRetryable(message, 'lane.key-reused', { fix: 'use a new key' })
    }
    case 'repeat':
    case 'start':
    case 'queue':
    case 'replace':
  }
}

function answer(state: Lane, releaseId: string): SubmissionAnswer {
  const index = state.queue.findIndex((waiting) => waiting.releaseId === releaseId)
  if (index < 0) return { releaseId, placed: 'started', ahead: 0 }
  return { releaseId, placed: 'queued', ahead: index + (state.running === null ? 0 : 1) }
}

function view(target: TargetId, state: Lane): LaneView {
  const { running, queue, freeze, promotedVersion, nextNumber } = state
  return {
    ...{ target, freeze, promotedVersion, nextNumber },
    running: running?.releaseId ?? null,
    queue: queue.map(({ releaseId, entry }) => ({ releaseId, version: entry.version, author: entry.author.person })),
  }
}

function describeLane({ running, queue, freeze, promotedVersion }: LaneView): string {
  const lines = [
    `running: **${running ?? 'nothing'}**`,
    `last promoted: ${promotedVersion ?? 'not known'}`,
    ...queue.map(({ releaseId, version, author }) => `- waiting: ${releaseId} (${version}, by ${author})`),
  ]
  return freeze === null ? lines.join('\n\n') : [`**frozen** by ${freeze.by}: ${freeze.reason}`, ...lines].join('\n\n')
}
