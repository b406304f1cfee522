import { log } from '@temporalio/workflow'
import type { Notice } from '../activities/activities.ts'
import { tell } from './activity-calls.ts'

/**
 * Says something for a lane or a pipeline. Settles when it is sent or given up, for no message is worth what it tells of, with the
 * reference for the next one.
 */
export async function notify({
  card = null,
  ref = null,
  ...notice
}: Omit<Notice, 'card' | 'ref'> & Partial<Pick<Notice, 'card' | 'ref'>>): Promise<string | null> {
  const { text } = notice
  try {
    return await tell.executeWithOptions({ summary: text.slice(0, 150) }, [{ ...notice, card, ref }])
  } catch (error) {
    log.warn('a message could not be sent', { text, error: String(error) })
    return ref
  }
}
