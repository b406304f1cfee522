import type { TestWorkflowEnvironment } from '@temporalio/testing'

type History = Awaited<
  ReturnType<ReturnType<TestWorkflowEnvironment['client']['workflow']['getHandle']>['fetchHistory']>
>
type Event = NonNullable<History['events']>[number]

/** Activities that see to it that the router shows what was asked for. */
const KEEPERS = ['guard', 'expose', 'hold']

/**
 * The events after which an exposure was live and nobody kept the router, by their numbers: none, in a release that keeps
 * the promise. From the first exposure that was asked for to the report of its end there is always a guard or a write.
 */
export function unkeptEvents({ events }: History): readonly string[] {
  const pending = new Map<string, string>()
  const unkept: string[] = []
  let isExposed = false
  for (const [index, event] of (events ?? []).entries()) {
    const scheduled = event.activityTaskScheduledEventAttributes
    const name = scheduled?.activityType?.name ?? ''
    if (scheduled != null && KEEPERS.includes(name)) pending.set(String(event.eventId), name)
    if (name === 'expose') isExposed = true
    if (event.timerStartedEventAttributes != null && summaryOf(event).startsWith('rollback:'))
      pending.set(String(event.eventId), 'rollback')
    const closed = closedActivity(event) ?? closedTimer(event) ?? droppedGuard(event, pending)
    if (closed !== null) pending.delete(closed)
    if (event.signalExternalWorkflowExecutionInitiatedEventAttributes != null) break
    if (isExposed && pending.size === 0 && isSettled(events ?? [], index)) unkept.push(String(event.eventId))
  }
  return unkept
}

function closedActivity(event: Event): string | null {
  const ending =
    event.activityTaskCompletedEventAttributes ??
    event.activityTaskFailedEventAttributes ??
    event.activityTaskTimedOutEventAttributes ??
    event.activityTaskCanceledEventAttributes
  return ending == null ? null : String(ending.scheduledEventId)
}

/** A guard that is to stop has stopped; a write that is to stop is waited for, and written over once it has let go. */
function droppedGuard(event: Event, pending: ReadonlyMap<string, string>): string | null {
  const asked = event.activityTaskCancelRequestedEventAttributes
  const id = asked == null ? '' : String(asked.scheduledEventId)
  return pending.get(id) === 'guard' ? id : null
}

function closedTimer(event: Event): string | null {
  const ending = event.timerFiredEventAttributes ?? event.timerCanceledEventAttributes
  return ending == null ? null : String(ending.startedEventId)
}

/** A rollback that waits a moment for its next try is at work. */
function summaryOf(event: Event): string {
  const data = event.userMetadata?.summary?.data
  const text: unknown = data == null ? '' : JSON.parse(Buffer.from(data).toString('utf8'))
  return typeof text === 'string' ? text : ''
}

/** True for the last event of what one step of the workflow has decided. */
function isSettled(events: readonly Event[], index: number): boolean {
  const [event, next] = [events[index], events[index + 1]]
  return event !== undefined && isDecision(event) && (next === undefined || !isDecision(next))
}

/** What the own decisions of a workflow leave in its history; one server puts a cancelled activity right among them. */
const DECISIONS = [
  'workflowTaskCompletedEventAttributes',
  'activityTaskScheduledEventAttributes',
  'activityTaskCancelRequestedEventAttributes',
  'activityTaskCanceledEventAttributes',
  'timerStartedEventAttributes',
  'timerCanceledEventAttributes',
  'upsertWorkflowSearchAttributesEventAttributes',
  'signalExternalWorkflowExecutionInitiatedEventAttributes',
  'workflowExecutionUpdateAcceptedEventAttributes',
  'workflowExecutionUpdateCompletedEventAttributes',
  'workflowExecutionContinuedAsNewEventAttributes',
  'workflowExecutionCompletedEventAttributes',
] as const satisfies readonly (keyof Event)[]

function isDecision(event: Event): boolean {
  return DECISIONS.some((name) => event[name] != null)
}
