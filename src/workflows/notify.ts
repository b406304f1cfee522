import { log } from '@temporalio/workflow'
import type { Notice } from '../activities/activities.ts'
import { tell } from './activity-calls.ts'

/** Says something for a lane or a pipeline. Settles when it is sent or given up: no message is worth what it tells of. */
export async function notify(notice: Omit<Notice, 'card' | 'ref'>): Promise<void> {
  const { text } = notice
  try {
    await tell.executeWithOptions({ summary: text.slice(0, 150) }, [{ ...notice, card: null, ref: null }])
  } catch (error) {
    log.warn('a message could not be sent', { text, error: String(error) })
  }
}
