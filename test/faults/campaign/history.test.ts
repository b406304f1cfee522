import { describe, expect, it } from 'vitest'
import { factsOf, type PlainEvent } from '../../../faults/check/history.ts'
import { plainEvent } from '../../../faults/drive/histories.ts'

const roles = { stable: 'blue', canary: 'green' }
const wish = (weight: number, epoch: number) => ({
  ...{ target: { service: 'shop', environment: 'production' }, roles },
  ...{ exposure: { weight, cohorts: ['internal'] }, fence: { release: 7, epoch } },
})
const event = (id: number, type: string, attributes: Record<string, unknown>): PlainEvent => ({
  ...{ id, at: 1_000 * id, type, attributes },
})

const EVENTS = [
  event(1, 'WorkflowExecutionStarted', {}),
  event(2, 'ActivityTaskScheduled', { activityType: 'readBaseline', input: [{ service: 'shop' }] }),
  event(3, 'ActivityTaskCompleted', {
    scheduledEventId: 2,
    result: [{ roles, exposure: { weight: 0, cohorts: [] } }],
  }),
  event(4, 'ActivityTaskScheduled', { activityType: 'expose', input: [wish(2_000, 1)] }),
  event(5, 'ActivityTaskScheduled', { activityType: 'guard', input: [wish(2_000, 1)] }),
  event(6, 'ActivityTaskCompleted', { scheduledEventId: 4, result: [{}] }),
  event(7, 'ActivityTaskScheduled', { activityType: 'expose', input: [wish(5_000, 2)] }),
  event(8, 'ActivityTaskTimedOut', { scheduledEventId: 7 }),
  event(9, 'WorkflowExecutionUpdateAccepted', {
    name: 'pause',
    input: [{ verb: 'approve', key: 'forged-1', actor: { person: 'alice' } }],
  }),
  event(10, 'WorkflowExecutionUpdateAccepted', { name: 'pause', input: [null] }),
  event(11, 'WorkflowExecutionCompleted', { result: [{ outcome: 'rolled-back', reason: 'abort' }] }),
]

describe('the facts of a history', () => {
  const facts = factsOf('run', EVENTS, 900)

  it('are its wishes to the router and how they ended; the watch over one is none', () => {
    expect(facts.writes.map(({ at, weight, ending, endedAt }) => [at, weight, ending, endedAt])).toEqual([
      [4_000, 2_000, 'completed', 6_000],
      [7_000, 5_000, 'failed', 8_000],
    ])
    expect(facts.writes[0]).toMatchObject({ canary: 'green', stable: 'blue', epoch: 1, cohorts: ['internal'] })
  })

  it('are the baseline, the updates that were taken, and the end', () => {
    expect(facts.baseline).toEqual({ at: 3_000, canary: 'green', weight: 0 })
    expect(facts.updates).toEqual([
      { at: 9_000, name: 'pause', verb: 'approve', key: 'forged-1', person: 'alice', reason: null },
      { at: 10_000, name: 'pause', verb: null, key: null, person: null, reason: null },
    ])
    expect(facts).toMatchObject({ closing: 'completed', outcome: 'rolled-back', reason: 'abort', closedAt: 11_000 })
  })
})

describe('an update of a run that was reset', () => {
  it('says with its admission what it was', () => {
    const said = { name: 'pause', input: [{ verb: 'pause', key: 'k', actor: { person: 'bob' }, reason: '' }] }
    const events = [
      event(1, 'WorkflowExecutionUpdateAdmitted', said),
      event(2, 'WorkflowExecutionUpdateAccepted', {}),
      event(3, 'WorkflowExecutionUpdateAccepted', {}),
    ]
    expect(factsOf('run', events, 0).updates).toMatchObject([
      { at: 2_000, name: 'pause', verb: 'pause', person: 'bob' },
      { at: 3_000, verb: null },
    ])
  })
})

describe('an event of Temporal’s client', () => {
  const number = (value: number) => ({ toNumber: () => value })
  const payloads = (value: unknown) => ({ payloads: [{ data: Buffer.from(JSON.stringify(value)) }] })

  it('becomes plain: its type by its attributes, its payloads as values', () => {
    const raw = {
      ...{ eventId: number(4), eventTime: { seconds: number(5), nanos: 250_000_000 } },
      activityTaskScheduledEventAttributes: { activityType: { name: 'expose' }, input: payloads(wish(500, 1)) },
    }
    expect(plainEvent(raw)).toEqual({
      ...{ id: 4, at: 5_250, type: 'ActivityTaskScheduled' },
      attributes: { activityType: 'expose', input: [wish(500, 1)] },
    })
  })

  it('shows what an accepted update was called and given, and payloads that are no JSON as nothing', () => {
    const raw = {
      eventId: 9,
      workflowExecutionUpdateAcceptedEventAttributes: {
        acceptedRequest: { input: { name: 'pause', args: { payloads: [{ data: Buffer.from('{') }, { data: null }] } } },
      },
    }
    expect(plainEvent(raw)).toEqual({
      ...{ id: 9, at: 0, type: 'WorkflowExecutionUpdateAccepted' },
      attributes: { name: 'pause', input: [null, null] },
    })
  })
})
