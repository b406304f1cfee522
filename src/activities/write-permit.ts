import { activityInfo } from '@temporalio/activity'
import { SluiceError } from '../domain/errors.ts'
import type { Milliseconds } from '../domain/units.ts'
import type { Permit } from '../routers/router.ts'
import type { ReleaseDirectory } from './dependencies.ts'

/**
 * The right to write to a router now. A worker can be frozen for minutes between deciding to write and writing; what it
 * then does would bring an ended release back, and a router that was restarted meanwhile has forgotten the fence that
 * would stop it. So the right is asked of Temporal right before the write, and is good for a moment only.
 */
export interface WritePermit {
  /** Asks whether this write is still wanted. @throws SluiceError `router.stale-write` when it is not. */
  readonly confirm: () => Promise<void>
  /** Called right before each command that changes the routing. @throws SluiceError `router.stale-write` when too late. */
  readonly check: Permit
}

/** How long an answer is good for. A write takes a few milliseconds, a slow one a second. */
const LIFETIME: Milliseconds = 1_500

/** How long the way back may go without an answer: Temporal being away is no reason to leave users where they are. */
const BACK_WITHOUT_ANSWER: Milliseconds = 5_000

/** Now, by a clock that never jumps and by one that also runs while the machine sleeps. */
export interface Moment {
  readonly steady: Milliseconds
  readonly wall: Milliseconds
}

const thisMoment = (): Moment => ({ steady: performance.now(), wall: Date.now() })

/** A permit that asks `isWanted`. The way `back` does without an answer for its first seconds; the way forward never does. */
export function createPermit(
  isWanted: () => Promise<'yes' | 'no' | 'unknown'>,
  direction: 'forward' | 'back',
  now: () => Moment = thisMoment,
): WritePermit {
  const begun = now()
  let askedAt: Moment | null = null
  return {
    async confirm() {
      // The answer is as old as the question.
      const asking = now()
      const answer = await isWanted()
      if (answer === 'no') throw stale('Temporal does not want it any more')
      if (answer === 'unknown' && direction === 'forward') throw stale('Temporal cannot be asked whether it is wanted')
      if (answer === 'unknown' && age(begun, now()) > BACK_WITHOUT_ANSWER)
        throw stale('it is old, and Temporal cannot be asked whether it is wanted')
      askedAt = asking
    },
    check() {
      if (askedAt === null) throw stale('nobody has asked whether it is wanted')
      const since = age(askedAt, now())
      if (since > LIFETIME) throw stale(`it was held up for ${Math.round(since)} ms`)
    },
  }
}

/** The permit of the activity that runs now. */
export function permitFor(directory: Pick<ReleaseDirectory, 'isCurrent'>, direction: 'forward' | 'back'): WritePermit {
  const { workflowExecution, activityId, attempt } = activityInfo()
  const { workflowId = '', runId = '' } = workflowExecution ?? {}
  return createPermit(() => directory.isCurrent({ workflowId, runId, activityId, attempt }), direction)
}

/** A clock that was set back is no proof of youth. */
function age(from: Moment, to: Moment): Milliseconds {
  return Math.max(to.steady - from.steady, Math.abs(to.wall - from.wall))
}

function stale(received: string): SluiceError {
  return new SluiceError('router.stale-write', {
    message: 'this write is too old to land',
    expected: 'a write that Temporal wants now',
    received,
    fix: 'nothing: it is tried again where it is still wanted',
  })
}
