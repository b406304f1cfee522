import { Worker } from 'node:worker_threads'
import { SluiceError } from '../domain/errors.ts'
import { type PlanRead, readPlan } from '../domain/plan/plan.ts'
import type { PlanContext } from '../domain/plan/plan-context.ts'
import type { Milliseconds } from '../domain/units.ts'
import { LATE, within } from '../outbound/within.ts'
import { createTurnstile } from '../releases/turnstile.ts'

/** Reads a plan as it was written. */
export type ReadPlan = (written: unknown) => Promise<PlanRead>

/** What the thread gets: a plan as JSON, which crosses over in a fraction of the time that its values would take. */
export interface PlanJob {
  readonly id: number
  readonly written: string
}

/** What it answers with: the {@link PlanRead} as JSON. */
export interface PlanAnswer {
  readonly id: number
  readonly read: string
}

interface PlanReader {
  readonly read: ReadPlan
  /** Begins the thread before it is needed: beginning costs half a second of arithmetic. */
  readonly begin: () => void
  readonly close: () => Promise<void>
}

interface PlanReaderOptions {
  /** Path of `sluice.yaml`: the thread reads it anew, because what a plan is read against holds functions. */
  readonly config: string
  /** The same, for what is read at once. */
  readonly context: PlanContext
  readonly file?: URL
  /** Longest that the reading of one plan may take. */
  readonly patience?: Milliseconds
}

const PATIENCE: Milliseconds = 5_000
/** Longest that the thread may take to begin, on a machine with much to do. */
const LONGEST_START: Milliseconds = 30_000
/** Values, and hundreds of characters, of a plan that is read at once: several times what people write. */
const MOST_SHORT = 500
const MOST_WAITING = 100
/** Longest that a plan waits for those before it. */
const LONGEST_WAIT: Milliseconds = 10_000

/**
 * Reads what is long in a thread of its own, one after the other: a plan may be as dear to read as its author makes it, and an
 * abort must not wait for that. What is short is read at once.
 * @throws SluiceError `plan.too-large` when one takes too long, `request.too-many`
 */
export function createPlanReader({
  config,
  context,
  file = new URL('./plan-thread.js', import.meta.url),
  patience = PATIENCE,
}: PlanReaderOptions): PlanReader {
  const turn = createTurnstile({ atOnce: 1, mostWaiting: MOST_WAITING, now: Date.now })
  let thread: Thread | null = null
  let jobs = 0

  function theThread(): Thread {
    thread ??= open(file, config, (ended) => {
      if (thread?.worker === ended) thread = null
    })
    return thread
  }

  async function readThere(written: unknown): Promise<PlanRead> {
    const { worker, isReady } = theThread()
    // What it takes to begin is not the plan's doing.
    if ((await within({ deadline: LONGEST_START }, () => isReady)) === LATE) throw giveUp(worker)
    jobs += 1
    const text = JSON.stringify(written)
    const read = await within({ deadline: patience }, (signal) => answerOf(worker, { id: jobs, written: text }, signal))
    if (read !== LATE) return read
    throw giveUp(worker)
  }

  function giveUp(worker: Worker): SluiceError {
    thread = null
    void worker.terminate()
    return new SluiceError('plan.too-large', {
      message: 'this plan takes too long to read',
      fix: 'split the release into several, or remove checks',
    })
  }

  return {
    async read(written) {
      if (isShort(written)) return readPlan(written, context)
      return turn('plans', Date.now() + LONGEST_WAIT, () => readThere(written))
    },
    begin: () => void theThread(),
    async close() {
      await thread?.worker.terminate()
    },
  }
}

/** True for plans as people write them: so few values that reading them is a matter of milliseconds. */
export function isShort(written: unknown): boolean {
  let left = MOST_SHORT
  const walk = (value: unknown): void => {
    left -= typeof value === 'string' ? 1 + value.length / 100 : 1
    if (typeof value !== 'object' || value === null) return
    // Keys are looked at as well: thousands of them are no short plan.
    for (const key in value) {
      if (left <= 0) return
      left -= key.length / 100
      walk(Object.getOwnPropertyDescriptor(value, key)?.value)
    }
  }
  walk(written)
  return left > 0
}

interface Thread {
  readonly worker: Worker
  /** Settles when it can read, or when it has died on the way. */
  readonly isReady: Promise<unknown>
}

function open(file: URL, config: string, onEnd: (worker: Worker) => void): Thread {
  const worker = new Worker(file, { workerData: { config } })
  const isReady = new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  isReady.catch(() => undefined)
  // Whoever asks hears of it by a listener of their own; the next one is not to find a thread that dies.
  worker.on('error', () => onEnd(worker))
  worker.on('exit', () => onEnd(worker))
  worker.unref()
  return { worker, isReady }
}

function answerOf(thread: Worker, job: PlanJob, signal: AbortSignal): Promise<PlanRead> {
  return new Promise((resolve, reject) => {
    const hear = ({ id, read }: PlanAnswer) => {
      if (id === job.id) settle(() => resolve(JSON.parse(read) as PlanRead))
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
