import { Worker } from 'node:worker_threads'
import type { Milliseconds } from '../domain/units.ts'

/** Longest that arithmetic may take before it is given up. */
const DEADLINE: Milliseconds = 20_000

/**
 * Runs a file in a thread of its own, so that this one goes on answering; it gets the job as `workerData` and posts its
 * answer. `what` is for the error when it takes too long or ends without one.
 */
export async function answerOfThread<Answer>(file: URL, job: unknown, what: string): Promise<Answer> {
  const thread = new Worker(file, { workerData: job })
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise<Answer>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`${what} took longer than ${DEADLINE} ms`)), DEADLINE)
      thread.once('message', resolve)
      thread.once('error', reject)
      thread.once('exit', (code) => reject(new Error(`${what} ended without an answer, with code ${code}`)))
    })
  } finally {
    clearTimeout(timer)
    await thread.terminate()
  }
}
