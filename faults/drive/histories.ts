import type { Client, WorkflowExecutionInfo } from '@temporalio/client'
import { factsOf, type PlainEvent, type RunFacts } from '../check/history.ts'

/** A history event as Temporal's client hands it out, with only what is read of it. */
interface RawEvent {
  readonly eventId?: unknown
  readonly eventTime?: { readonly seconds?: unknown; readonly nanos?: number | null } | null
}

/** One run of a workflow: what it did, and the events for whoever wants to see them all. */
export interface RunHistory {
  readonly facts: RunFacts
  readonly events: readonly PlainEvent[]
}

/** Every run of a workflow, oldest first. Asks again while Temporal does not answer. */
export async function runsOf(client: Client, workflowId: string): Promise<readonly RunHistory[]> {
  const infos: WorkflowExecutionInfo[] = []
  for await (const info of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) infos.push(info)
  const oldestFirst = infos.toSorted((left, right) => left.startTime.getTime() - right.startTime.getTime())
  return Promise.all(
    oldestFirst.map(async ({ runId, startTime }) => {
      const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory()
      const plain = (events ?? []).map(plainEvent)
      return { facts: factsOf(runId, plain, startTime.getTime()), events: plain }
    }),
  )
}

const SUFFIX = 'EventAttributes'

export function plainEvent(raw: RawEvent): PlainEvent {
  const found = Object.entries(raw).find(
    ([key, value]) => key.endsWith(SUFFIX) && value !== null && value !== undefined,
  )
  const [name, attributes] = found ?? [SUFFIX, null]
  const type = name.slice(0, 1).toUpperCase() + name.slice(1, -SUFFIX.length)
  const nanos = raw.eventTime?.nanos ?? 0
  const at = (numberOf(raw.eventTime?.seconds) ?? 0) * 1_000 + Math.round(nanos / 1_000_000)
  return { id: numberOf(raw.eventId) ?? 0, at, type, attributes: pick(attributes) }
}

/** The attributes that somebody reads, payloads as the values in them. */
function pick(attributes: unknown): Readonly<Record<string, unknown>> {
  if (!isRecord(attributes)) return {}
  const request = [attributes['acceptedRequest'], attributes['request']].find(isRecord) ?? {}
  const requestInput = isRecord(request['input']) ? request['input'] : {}
  const picked: Record<string, unknown> = {
    activityType: isRecord(attributes['activityType']) ? attributes['activityType']['name'] : undefined,
    name: requestInput['name'] ?? attributes['signalName'] ?? undefined,
    input: valuesOf(attributes['input'] ?? requestInput['args']),
    result: valuesOf(attributes['result']),
    scheduledEventId: numberOf(attributes['scheduledEventId']),
    failure: isRecord(attributes['failure']) ? attributes['failure']['message'] : undefined,
  }
  return Object.fromEntries(Object.entries(picked).filter(([, value]) => value !== undefined))
}

/** Numbers of 64 bits come as objects that can say what they are. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  const toNumber: unknown = isRecord(value) ? value['toNumber'] : null
  if (typeof toNumber !== 'function') return undefined
  const number: unknown = toNumber.call(value)
  return typeof number === 'number' ? number : undefined
}

function valuesOf(payloads: unknown): readonly unknown[] | undefined {
  if (!isRecord(payloads) || !Array.isArray(payloads['payloads'])) return undefined
  return payloads['payloads'].map((payload: unknown) => {
    const data = isRecord(payload) ? payload['data'] : null
    if (!(data instanceof Uint8Array)) return null
    try {
      return JSON.parse(Buffer.from(data).toString('utf8')) as unknown
    } catch {
      return null
    }
  })
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
