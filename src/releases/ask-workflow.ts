import type { Client } from '@temporalio/client'
import { CLOSED, type Question } from '../workflows/messages.ts'
import { isUnstartedStep } from './temporal-errors.ts'

/**
 * Asks a workflow. A worker that may have gone a step ahead with it forgets it and is asked once more; of one that has closed
 * nothing can follow, so what had come in last does not matter.
 */
export async function askWorkflow<T>(client: Client, id: string, question: Question<T>, runId?: string): Promise<T> {
  const handle = client.workflow.getHandle(id, runId)
  try {
    return await handle.query(question)
  } catch (error) {
    if (!isUnstartedStep(error)) throw error
    const isOpen = (await handle.describe()).status.name === 'RUNNING'
    return isOpen ? handle.query(question) : handle.query(question, CLOSED)
  }
}
