import { windowState } from '../domain/calendar/window-rule.ts'
import { errorLine, SluiceError } from '../domain/errors.ts'
import type { WindowsInput, WindowsOutcome } from './activities.ts'
import type { ActivityDependencies } from './dependencies.ts'

/** What the calendars say now. One that cannot be read is an answer: the release waits and says so. */
export async function readWindows(
  { pagesOf }: Pick<ActivityDependencies, 'pagesOf'>,
  { rule, at }: WindowsInput,
): Promise<WindowsOutcome> {
  try {
    return { kind: 'read', ...windowState(pagesOf(rule, at), at) }
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    return { kind: 'unreadable', reason: errorLine(error) }
  }
}
