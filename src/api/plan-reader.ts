import { Worker } from 'node:worker_threads'
import { SluiceError } from '../domain/errors.ts'
import type { Plan, PlanContext } from '../domain/plan.ts'
import { readPlan } from '../domain/plan.ts'
import type { Problem } from '../domain/problems.ts'
import type { Milliseconds } from '../domain/units.ts'
import { LATE, within } from '../outbound/within.ts'
import { createTurnstile } from '../releases/turnstile.ts'

/** A plan, or all that is wrong with it. */
export type PlanRead = { readonly plan: Plan } | { readonly problems: readonly Problem[] }

/** Reads a plan as it was written. */
export type ReadPlan = (written: unknown) => Promise<PlanRead>

/** What the thread gets; it answers with the same id. */
export interface PlanJob {
  readonly id: number
  readonly written: unknown
}

export interface PlanReader {
  readonly read: ReadPlan
  readonly close: () => Promise<void>
}

export interface PlanReaderOptions {
  /** Path of `sluice.yaml`: the thread reads it anew, because what a plan is read against holds functions. */
  readonly config: string
  readonly file?: URL
  /** Longest that the reading of one plan may take. */
  readonly patience?: Milliseconds
}

const PATIENCE: Milliseconds = 5_000
const MOST_WAITING = 100
/** Longest that a plan waits for those before it. */
const LONGEST_WAIT: Milliseconds = 10_000

/** Reads in the thread that calls, which does nothing else meanwhile. */
export function readHere(context: PlanContext): ReadPlan {
  return async (written) => readPlan(written, context)
}

/**
 * Reads plans in a thread of their own, one after the other: a plan may be as dear to read as its author makes it, and an
 * abort must not wait for that.
 * @throws SluiceError `plan.too-large` when one takes too long, `request.too-many`
 */
export function createPlanReader({
  config,
  file = new URL('./plan-thread.js', import.meta.url),
  patience = PATIENCE,
}: PlanReaderOptions): PlanReader {
  const turn = createTurnstile({ atOnce: 1, mostWaiting: MOST_WAITING, now: Date.now })
  let thread: Worker | null = null
  let jobs = 0

  function theThread(): Worker {
    thread ??= open(file, config, (ended) => {
      if (thread === ended) thread = null
    })
    return thread
  }

  async function readOne(written: unknown): Promise<PlanRead> {
    const own = theThread()
    jobs += 1
    const read = await within({ deadline: patience }, (signal) => answerOf(own, { id: jobs, written }, signal))
    if (read !== LATE) return read
    thread = null
    await own.terminate()
    throw new SluiceError('plan.too-large', {
      message: 'this plan takes too long to read',
      fix: 'split the release into several, or take checks out',
    })
  }

  return {
    read: (written) => turn('plans', Date.now() + LONGEST_WAIT, () => readOne(written)),
    async close() {
      await thread?.terminate()
    },
  }
}

function open(file: URL, config: string, onEnd: (thread: Worker) => void): Worker {
  const thread = new Worker(file, { workerData: { config } })
  // Who asks hears of it by a listener of their own.
  thread.on('error', () => undefined)
  thread.on('exit', () => onEnd(thread))
  thread.unref()
  return thread
}

function answerOf(thread: Worker, job: PlanJob, signal: AbortSignal): Promise<PlanRead> {
  return new Promise((resolve, reject) => {
    const hear = ({ id, read }: { readonly id: number; readonly read: PlanRead }) => {
      if (id === job.id) settle(() => resolve(read))
    }
    const fail = (error: unknown) =>
      settle(() => reject(error instanceof Error ? error : new Error('the thread that reads plans has ended')))
    const forget = () => settle(() => undefined)
    const settle = (tell: () => void) => {
      thread.off('message', hear)
      thread.off('error', fail)
      thread.off('exit', fail)
      signal.removeEventListener('abort', forget)
      tell()
    }
    thread.on('message', hear)
    thread.on('error', fail)
    thread.on('exit', fail)
    signal.addEventListener('abort', forget)
    thread.postMessage(job)
  })
}
