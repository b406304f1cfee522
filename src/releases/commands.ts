import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import type { ErrorCode } from '../domain/error-codes.ts'
import { SluiceError } from '../domain/errors.ts'
import { releaseName, type TargetId, targetOfRelease } from '../domain/target.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'
import { abortSignal, type CommandAnswer, commandUpdates } from '../workflows/messages.ts'
import type { Calls } from './calls.ts'
import type { Lanes } from './lanes.ts'
import type { CommandOutcome, CommandRequest } from './releases.ts'
import type { Fate } from './temporal-errors.ts'
import { createTurnstile, type Turnstile } from './turnstile.ts'
import { placeIn, waitingText } from './waiting.ts'

/** Time after which an abort that was not answered goes through the second door as well. */
const PATIENCE: Milliseconds = 3_000
/** Time that the first door still has once the second has taken an abort. */
const GRACE: Milliseconds = 1_000

/** Time between two tries to reach a release whose workflow is being started. */
const BEGINNING: Milliseconds = 50
/** How a lane says that a release does not wait in it. */
const NOT_THERE: readonly ErrorCode[] = ['request.invalid', 'release.unknown']

/** Temporal takes ten updates of a workflow at the same time, from all processes together. */
const AT_ONCE = { commands: 3, aborts: 2 } as const
const MOST_WAITING = 50

/** Sends commands to releases, aborts in a line of their own: nothing else can stand before them. */
export function createCommands(client: Client, lanes: Lanes, calls: Calls) {
  const { now } = calls
  const ordinary = createTurnstile({ atOnce: AT_ONCE.commands, mostWaiting: MOST_WAITING, now })
  const urgent = createTurnstile({ atOnce: AT_ONCE.aborts, mostWaiting: MOST_WAITING, now })

  function update(command: CommandRequest, until: Instant, onFailure?: (fate: Fate) => void) {
    const { verb, releaseId, key } = command
    const handle = client.workflow.getHandle(releaseId)
    return calls.send(
      { what: releaseId, named: `${verb} of ${releaseName(releaseId)}`, until },
      () => handle.executeUpdate(commandUpdates[verb], { args: [command], updateId: key }),
      onFailure,
    )
  }

  function signal(command: CommandRequest, until: Instant): Promise<void> {
    const { verb, releaseId } = command
    const handle = client.workflow.getHandle(releaseId)
    return calls.send({ what: releaseId, named: `${verb} of ${releaseName(releaseId)}`, until }, () =>
      handle.signal(abortSignal, command),
    )
  }

  /** By the first door, and by the second as soon as the first is closed or slow. The release ignores what comes twice. */
  async function abort(command: CommandRequest, until: Instant): Promise<CommandOutcome> {
    const over = new AbortController()
    let openSecond = () => {}
    const needed = new Promise<void>((resolve) => void (openSecond = resolve))
    const first = update(command, until, (fate) => {
      if (fate.kind === 'not-taken' && fate.isLimit) openSecond()
    }).then(settled)
    const second = Promise.race([needed, sleep(PATIENCE, undefined, over)])
      .then(() => signal(command, until))
      .then(() => sleep(GRACE, takenBySignal(command.releaseId), over))
    try {
      return await firstKnown(first, second)
    } finally {
      over.abort()
    }
  }

  /** What a release without an open workflow has to say: it is over, it waits, it starts in this moment, or never was. */
  async function withoutWorkflow(command: CommandRequest, unknown: SluiceError): Promise<CommandOutcome | 'begins'> {
    const { releaseId } = command
    const status = await statusOf(releaseId)
    if (status === 'RUNNING') return 'begins'
    if (status !== null) throw hasEnded(releaseId, status)
    const target = targetOfRelease(releaseId)
    const lane = await lanes.view(target, calls.deadline())
    if (lane.running === releaseId) return 'begins'
    const place = placeIn(lane, releaseId)
    if (command.verb === 'abort') return withdraw(command, target, unknown)
    throw place === null ? unknown : stillWaiting(releaseId, waitingText(lane, place))
  }

  /** Also where it does not wait any more: the same key is answered as it was before. */
  async function withdraw(
    { releaseId, actor, reason, key }: CommandRequest,
    target: TargetId,
    unknown: SluiceError,
  ): Promise<CommandOutcome> {
    try {
      await lanes.withdraw(target, { releaseId, by: actor.person, reason, key })
      return withdrawn(releaseId)
    } catch (error) {
      const isNotThere = error instanceof SluiceError && NOT_THERE.includes(error.code)
      throw isNotThere ? unknown : error
    }
  }

  async function statusOf(releaseId: string): Promise<string | null> {
    try {
      const { status } = await calls.look(releaseId, calls.deadline(), () =>
        client.workflow.getHandle(releaseId).describe(),
      )
      return status.name
    } catch (error) {
      if (error instanceof SluiceError && error.code === 'release.unknown') return null
      throw error
    }
  }

  async function carryOut(command: CommandRequest, until: Instant): Promise<CommandOutcome> {
    for (;;) {
      try {
        return command.verb === 'abort' ? await abort(command, until) : settled(await update(command, until))
      } catch (error) {
        if (!(error instanceof SluiceError) || error.code !== 'release.unknown') throw error
        const outcome = await withoutWorkflow(command, error)
        if (outcome !== 'begins') return outcome
        if (now() >= until) throw error
        await sleep(BEGINNING)
      }
    }
  }

  return (request: CommandRequest): Promise<CommandOutcome> => {
    const until = calls.deadline()
    const line: Turnstile = request.verb === 'abort' ? urgent : ordinary
    return line(request.releaseId, until, () => carryOut(messageOf(request), until))
  }
}

/** Nothing but what belongs to a command goes into a release’s history. */
function messageOf({ verb, releaseId, step, key, actor, reason, by }: CommandRequest): CommandRequest {
  return { verb, releaseId, step, key, actor, reason, ...(by !== undefined && { by }) }
}

/** An answer of the first door, or what the second has come to; when neither was answered, what promises less. */
function firstKnown(first: Promise<CommandOutcome>, second: Promise<CommandOutcome>): Promise<CommandOutcome> {
  const byFirst = first.catch(async (error: unknown) => {
    if (!isUnanswered(error)) throw error
    return second.catch((other: unknown) => {
      throw isUnanswered(other) && other.code === 'request.unsettled' ? other : error
    })
  })
  return Promise.race([byFirst, second.catch(() => byFirst)])
}

function isUnanswered(error: unknown): error is SluiceError {
  return error instanceof SluiceError && (error.code === 'request.not-taken' || error.code === 'request.unsettled')
}

function settled({ releaseId, phase, text }: CommandAnswer): CommandOutcome {
  return { releaseId, phase, text, isSettled: true }
}

function takenBySignal(releaseId: string): CommandOutcome {
  const text =
    'abort accepted and kept by Temporal, not carried out yet; the release rolls back as soon as a worker gets to it'
  return { releaseId, phase: null, text, isSettled: false }
}

function withdrawn(releaseId: string): CommandOutcome {
  const text = 'abort accepted: removed from the queue before it started'
  return { releaseId, phase: 'withdrawn', text, isSettled: true }
}

function stillWaiting(releaseId: string, how: string): SluiceError {
  return new SluiceError('release.waiting', {
    message: `${releaseName(releaseId)} has not started: it ${how}`,
    fix: 'wait for it, or abort it: that removes it from the queue',
  })
}

function hasEnded(releaseId: string, status: string): SluiceError {
  const message = `${releaseName(releaseId)} has ended (${status.toLowerCase()})`
  return new SluiceError('release.ended', { message, fix: 'start a new release' })
}
