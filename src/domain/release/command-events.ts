import type { Command } from './commands.ts'
import type { ReleaseEvent } from './release-events.ts'

/** An event before it has its time. */
export type NewEvent = ReleaseEvent extends infer Event
  ? Event extends ReleaseEvent
    ? Omit<Event, 'at'>
    : never
  : never

/** What an accepted command makes happen, in this order. The last event of a command that gives the plan up is `abandoned`. */
export function eventsOf(command: Command): readonly NewEvent[] {
  const { verb, actor, key, reason } = command
  const bare = `${verb} by ${actor.person}`
  switch (verb) {
    case 'approve':
      return [{ type: 'approved', actor, key, reason }]
    case 'pause':
      return [{ type: 'pause-commanded', actor, key, reason }]
    case 'resume':
    case 'retry':
      return [{ type: 'resumed', actor, key, reason, isRetry: verb === 'retry' }]
    case 'promote':
      return [{ type: 'bake-cut-short', actor, key, reason }]
    case 'extend':
      return [{ type: 'extended', actor, key, reason, by: command.by ?? 0 }]
    case 'abort':
    case 'reject':
      return [
        { type: 'command-seen', key },
        {
          type: 'abandoned',
          cause: verb === 'abort' ? 'abort' : 'rejected',
          by: actor.person,
          reason: reason === '' ? bare : `${bare}: ${reason}`,
        },
      ]
  }
}
