import type { Notice } from './activities.ts'

/**
 * The port to the people who are told about releases. Calling it again with the same key may repeat the message at
 * worst; adapters that can, do not.
 */
export interface Notifier {
  /** Answers with the reference that the next message of the release is to carry. Throws when it could not be sent. */
  tell(notice: Notice, signal: AbortSignal): Promise<string | null>
}
