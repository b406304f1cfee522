import { setTimeout as delay } from 'node:timers/promises'
import { SluiceError } from '../domain/errors.ts'
import { type Instant, type Milliseconds, writeDuration } from '../domain/units.ts'
import type { Applied, DesiredRouting, Permit, Router } from '../routers/router.ts'

/** A right to write that has to be asked for, and is good for a moment only. */
export interface WritePermit {
  /** Asks whether the write is still wanted. @throws SluiceError `router.stale-write` when it is not. */
  readonly confirm: () => Promise<void>
  /** What the router calls before each command; throws `router.stale-write` when the last answer is too old. */
  readonly check: Permit
}

/** Two clocks: the first one never jumps, the second one goes on while the machine sleeps. */
export interface Clocks {
  readonly steady: Milliseconds
  readonly wall: Instant
}

interface PermitRules {
  /** Whether this very write is still wanted; `unknown` when there is no answer in time. */
  readonly confirm: () => Promise<'yes' | 'no' | 'unknown'>
  /** For how long after its making the permit is given without an answer; 0 for never. */
  readonly grace: Milliseconds
  /** How long a write may follow after the question was asked. */
  readonly lifetime: Milliseconds
  readonly now: () => Clocks
}

/** How often a write asks anew when its permit has run out on the way. */
const MOST_TRIES = 3

/**
 * A permit counts from when the question was asked, not from when the answer came: a worker that was frozen in between
 * cannot know how old the answer is. Either clock ends it, and so does a wall clock that was set back.
 */
export function createPermit({ confirm, grace, lifetime, now }: PermitRules): WritePermit {
  const began = now()
  let askedAt: Clocks | null = null
  return {
    async confirm() {
      const asked = now()
      askedAt = null
      const answer = await soon(confirm(), lifetime / 2)
      const isGiven = answer === 'yes' || (answer === 'unknown' && isWithin(began, now(), grace))
      if (!isGiven) throw notWanted(answer)
      askedAt = asked
    },
    check() {
      if (askedAt === null || !isWithin(askedAt, now(), lifetime)) throw tooLate(lifetime)
    },
  }
}

/** Applies with a fresh permit; asks again when it has run out on the way. */
export async function applyPermitted(
  router: Router,
  wish: DesiredRouting,
  permit: WritePermit,
  signal: AbortSignal,
): Promise<Applied> {
  for (let tries = 1; ; tries += 1) {
    await permit.confirm()
    try {
      return await router.apply(wish, signal, permit.check)
    } catch (error) {
      if (!isStale(error) || tries === MOST_TRIES) throw error
    }
  }
}

function isWithin(from: Clocks, to: Clocks, limit: Milliseconds): boolean {
  const spent = [to.steady - from.steady, to.wall - from.wall]
  return spent.every((time) => time >= 0 && time < limit)
}

/** An answer that takes longer is none: the write it would allow would be too old at once. */
async function soon<T>(answer: Promise<T>, patience: Milliseconds): Promise<T | 'unknown'> {
  const over = new AbortController()
  const late = delay(patience, 'unknown' as const, { signal: over.signal, ref: false }).catch(() => 'unknown' as const)
  try {
    return await Promise.race([answer, late])
  } finally {
    over.abort()
  }
}

function isStale(error: unknown): boolean {
  return error instanceof SluiceError && error.code === 'router.stale-write'
}

function notWanted(answer: 'no' | 'unknown'): SluiceError {
  return new SluiceError('router.stale-write', {
    message: 'this change is no longer wanted, or Temporal could not confirm that it is; it was not made',
    expected: 'Temporal still wants this attempt',
    received: answer === 'no' ? 'it does not' : 'no answer from Temporal in time',
    fix: 'nothing to do: the current attempt makes the change that is wanted now',
  })
}

function tooLate(lifetime: Milliseconds): SluiceError {
  return new SluiceError('router.stale-write', {
    message: 'this change came too late; it was not made',
    expected: `a change within ${writeDuration(lifetime)} of Temporal confirming that it is wanted`,
    received: 'a later one: the worker or the router had stalled',
    fix: 'nothing to do: it is tried again if it is still wanted',
  })
}
