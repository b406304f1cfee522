import type { BasisPoints, Instant } from '../../src/domain/units.ts'

/** One wish to the router, as the history has it: asked for, and how that ended. */
export interface WriteFact {
  /** The event that asked for it. */
  readonly id: number
  readonly at: Instant
  readonly weight: BasisPoints
  readonly cohorts: readonly string[]
  readonly stable: string
  readonly canary: string
  readonly epoch: number
  /** `completed` means that it was read back. */
  readonly ending: 'completed' | 'failed' | null
  readonly endedAt: Instant | null
}

/** An update that passed the release's validator. */
export interface UpdateFact {
  readonly at: Instant
  readonly name: string
  readonly verb: string | null
  readonly person: string | null
  readonly key: string | null
  readonly reason: string | null
}

export type Closing = 'completed' | 'failed' | 'terminated' | 'timed-out' | 'cancelled' | 'continued'

/** What one run of a release's workflow has done to the outside, by its history alone. */
export interface RunFacts {
  readonly runId: string
  readonly startedAt: Instant
  readonly closedAt: Instant | null
  readonly closing: Closing | null
  /** What the run said at its end: `promoted`, `rolled-back`, `refused`, `superseded` …; null when it said nothing. */
  readonly outcome: string | null
  readonly reason: string | null
  readonly baseline: { readonly at: Instant; readonly canary: string; readonly weight: BasisPoints } | null
  readonly writes: readonly WriteFact[]
  readonly updates: readonly UpdateFact[]
  readonly events: number
}

/** An event of a history with its payloads read: what Temporal's client hands out, as plain JSON. */
export interface PlainEvent {
  readonly id: number
  readonly at: Instant
  /** Such as `ActivityTaskScheduled`. */
  readonly type: string
  /** Attributes of the event, payloads as the values they hold. */
  readonly attributes: Readonly<Record<string, unknown>>
}

/** Reads what matters of a history. Unknown events and activities are passed over. */
export function factsOf(runId: string, events: readonly PlainEvent[], startedAt: Instant): RunFacts {
  const start: RunFacts = {
    ...{ runId, startedAt, closedAt: null, closing: null, outcome: null, reason: null, baseline: null },
    ...{ writes: [], updates: [], events: events.length },
  }
  const scheduled = new Map<number, PlainEvent>()
  return withAdmitted(events).reduce((facts, event) => step(facts, event, scheduled), start)
}

/** After a reset an update is admitted once more, with what it said, and accepted without. */
function withAdmitted(events: readonly PlainEvent[]): readonly PlainEvent[] {
  const admitted = events.filter(({ type }) => type === 'WorkflowExecutionUpdateAdmitted')
  return events.map((event) => {
    const isBare = event.type === 'WorkflowExecutionUpdateAccepted' && event.attributes['name'] === undefined
    return isBare ? { ...event, attributes: admitted.shift()?.attributes ?? event.attributes } : event
  })
}

const CLOSINGS: Readonly<Record<string, Closing>> = {
  WorkflowExecutionCompleted: 'completed',
  WorkflowExecutionFailed: 'failed',
  WorkflowExecutionTerminated: 'terminated',
  WorkflowExecutionTimedOut: 'timed-out',
  WorkflowExecutionCanceled: 'cancelled',
  WorkflowExecutionContinuedAsNew: 'continued',
}

function step(facts: RunFacts, event: PlainEvent, scheduled: Map<number, PlainEvent>): RunFacts {
  const closing = CLOSINGS[event.type]
  if (closing !== undefined) {
    const result = recordIn(firstOf(event.attributes['result']))
    const [outcome, reason] = [textIn(result, 'outcome'), textIn(result, 'reason')]
    return { ...facts, closedAt: event.at, closing, outcome, reason }
  }
  switch (event.type) {
    case 'ActivityTaskScheduled':
      scheduled.set(event.id, event)
      return { ...facts, writes: [...facts.writes, ...writesOf(event)] }
    case 'ActivityTaskCompleted':
      return endActivity(facts, event, scheduled, 'completed')
    case 'ActivityTaskFailed':
    case 'ActivityTaskTimedOut':
    case 'ActivityTaskCanceled':
      return endActivity(facts, event, scheduled, 'failed')
    case 'WorkflowExecutionUpdateAccepted':
      return { ...facts, updates: [...facts.updates, updateOf(event)] }
    default:
      return facts
  }
}

/** A wish to the router is whatever activity is handed roles, an exposure and a fence, but the watch over one. */
function writesOf({ id, at, attributes }: PlainEvent): readonly WriteFact[] {
  const input = recordIn(firstOf(attributes['input']))
  const [roles, exposure, fence] = ['roles', 'exposure', 'fence'].map((name) => recordIn(input?.[name]))
  const weight = exposure?.['weight']
  if (attributes['activityType'] === 'guard' || typeof weight !== 'number') return []
  const [stable, canary] = [textIn(roles ?? null, 'stable'), textIn(roles ?? null, 'canary')]
  if (stable === null || canary === null) return []
  const cohorts = Array.isArray(exposure?.['cohorts']) ? exposure['cohorts'].map(String) : []
  const epoch = typeof fence?.['epoch'] === 'number' ? fence['epoch'] : 0
  return [{ id, at, weight, cohorts, stable, canary, epoch, ending: null, endedAt: null }]
}

function endActivity(
  facts: RunFacts,
  event: PlainEvent,
  scheduled: ReadonlyMap<number, PlainEvent>,
  ending: NonNullable<WriteFact['ending']>,
): RunFacts {
  const id = Number(event.attributes['scheduledEventId'])
  const begun = scheduled.get(id)
  if (begun === undefined) return facts
  if (begun.attributes['activityType'] === 'readBaseline' && ending === 'completed') {
    return { ...facts, baseline: baselineOf(event) ?? facts.baseline }
  }
  const writes = facts.writes.map((write) => (write.id === id ? { ...write, ending, endedAt: event.at } : write))
  return { ...facts, writes }
}

function baselineOf(event: PlainEvent): RunFacts['baseline'] {
  const result = recordIn(firstOf(event.attributes['result']))
  const canary = textIn(recordIn(result?.['roles']), 'canary')
  const weight = recordIn(result?.['exposure'])?.['weight']
  return canary === null || typeof weight !== 'number' ? null : { at: event.at, canary, weight }
}

function updateOf({ at, attributes }: PlainEvent): UpdateFact {
  const input = recordIn(firstOf(attributes['input']))
  return {
    ...{ at, name: String(attributes['name']), verb: textIn(input, 'verb'), key: textIn(input, 'key') },
    ...{ person: textIn(recordIn(input?.['actor']), 'person'), reason: textIn(input, 'reason') },
  }
}

function firstOf(value: unknown): unknown {
  return Array.isArray(value) ? (value as readonly unknown[])[0] : value
}

function recordIn(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null
}

function textIn(record: Readonly<Record<string, unknown>> | null, name: string): string | null {
  const value = record?.[name]
  return typeof value === 'string' ? value : null
}
