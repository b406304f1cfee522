import { Worker } from 'node:worker_threads'
import type { Proposal } from './calibration.ts'
import type { Alarms, Batch } from './sample.ts'

export type Job =
  | { readonly kind: 'simulate'; readonly batch: Batch }
  | { readonly kind: 'calibrate'; readonly scenario: string; readonly seed: number; readonly replays: number }

type Answer<J extends Job> = J['kind'] extends 'simulate' ? Alarms : Proposal

/** Runs all jobs on so many threads; answers in the order of the jobs. Rejects when a thread fails. */
export async function runJobs<J extends Job>(jobs: readonly J[], threads: number): Promise<readonly Answer<J>[]> {
  const answers = new Map<number, Answer<J>>()
  let next = 0
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('./worker.js', import.meta.url))
    try {
      for (let index = next++; index < jobs.length; index = next++) {
        const job = jobs[index]
        if (job !== undefined) answers.set(index, await ask(worker, job))
      }
    } finally {
      await worker.terminate()
    }
  }
  await Promise.all(Array.from({ length: threads }, work))
  return jobs.flatMap((_, index) => {
    const answer = answers.get(index)
    return answer === undefined ? [] : [answer]
  })
}

function ask<J extends Job>(worker: Worker, job: J): Promise<Answer<J>> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject)
    worker.once('message', (answer: Answer<J>) => {
      worker.off('error', reject)
      resolve(answer)
    })
    worker.postMessage(job)
  })
}
