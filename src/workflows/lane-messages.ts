import { ApplicationFailure } from '@temporalio/workflow'
import { isRecord } from '../domain/json.ts'
import { isText, type Read, wrong } from '../domain/release/read-command.ts'

/** Events of a lane are answered with the value of what was read; what could not be read is refused. */
export function valueOf<T>(read: Read<T>): T {
  if ('value' in read) return read.value
  throw ApplicationFailure.nonRetryable(read.problem, 'request.invalid', {
    fix: 'send it with sluice, or as docs/commands.md says',
  })
}

/** Who sends it, and why. */
export function readWord(message: unknown): Read<{ readonly by: string; readonly reason: string }> {
  if (!isRecord(message)) return { problem: 'this message must be an object with by and reason' }
  const { by, reason } = message
  if (!isText(by, 1, 256)) return wrong('by', 'the id of a person', by)
  return isText(reason, 0, 4_000) ? { value: { by, reason } } : wrong('reason', 'at most 4,000 characters', reason)
}
