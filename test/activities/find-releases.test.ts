import type { Client } from '@temporalio/client'
import { WorkflowNotFoundError } from '@temporalio/client'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { describe, expect, it } from 'vitest'
import type { FoundReleases } from '../../src/activities/activities.ts'
import { findReleases } from '../../src/activities/find-releases.ts'
import { emptyLane, type LaneState, restored } from '../../src/domain/lane/lane-state.ts'
import { laneIdOf, releaseIdOf } from '../../src/domain/target.ts'
import { createDirectory } from '../../src/releases/directory.ts'
import type { Submission } from '../../src/workflows/messages.ts'

type Status = 'RUNNING' | 'COMPLETED' | 'TERMINATED' | 'CONTINUED_AS_NEW'

const TARGET = { service: 'checkout', environment: 'eu' }
const QUIET = { logger: new DefaultLogger('ERROR') }
const LANE = laneIdOf(TARGET)
const id = (number: number) => releaseIdOf(TARGET, number)
const reportOf = (releaseId: string) => ({ releaseId, outcome: 'promoted', version: '2.4.0' })

/** What Temporal lists of a target, and what is true; `lane`: what the run before this one answers, and how it is listed. */
function found(world: {
  readonly listed: Readonly<Record<number, Status>>
  readonly true: Readonly<Record<number, Status>>
  readonly lane?: { readonly status: Status; readonly state: Partial<LaneState<Submission>> }
}) {
  const { lane = null } = world
  const statusOf = (workflowId: string) => world.true[Number(workflowId.split('/').at(-1))]
  const client = {
    withDeadline: (_: number, body: () => Promise<unknown>) => body(),
    workflow: {
      async *list({ query }: { readonly query: string }) {
        if (query.includes("'lane'")) {
          if (lane !== null) yield { runId: 'before', status: { name: lane.status } }
          return
        }
        for (const [number, name] of Object.entries(world.listed))
          yield { workflowId: id(Number(number)), status: { name }, typedSearchAttributes: { get: () => 'baking' } }
      },
      getHandle: (workflowId: string) => ({
        async describe() {
          const name = statusOf(workflowId)
          if (name === undefined) throw new WorkflowNotFoundError('none', workflowId, undefined)
          return { status: { name } }
        },
        async query() {
          if (workflowId === LANE) return { ...emptyLane<Submission>(), ...lane?.state }
          throw new Error('it does not answer')
        },
        result: async () => reportOf(workflowId),
      }),
    },
  }
  const environment = new MockActivityEnvironment({ workflowExecution: { workflowId: LANE, runId: 'this' } }, QUIET)
  return environment.run(
    (): Promise<FoundReleases> => findReleases(createDirectory(client as unknown as Client), TARGET),
  )
}

const running = (number: number) => ({ releaseId: id(number), number })

describe('a lane that begins where Temporal lists what happened a moment late', () => {
  it('finds a release that was only just started, and gives no number twice', async () => {
    const facts = await found({ listed: { 1: 'COMPLETED' }, true: { 1: 'COMPLETED', 2: 'COMPLETED', 3: 'RUNNING' } })
    expect(facts).toEqual({ open: running(3), end: { kind: 'open' }, highest: 3, lost: null })
  })

  it('hears how a release has ended that is still listed as open', async () => {
    const ended = await found({ listed: { 1: 'RUNNING' }, true: { 1: 'COMPLETED' } })
    expect(ended).toMatchObject({ open: running(1), end: { kind: 'ended', report: reportOf(id(1)) } })
    const gone = await found({ listed: { 1: 'RUNNING' }, true: { 1: 'TERMINATED' } })
    expect(gone).toMatchObject({ open: running(1), end: { kind: 'gone' } })
  })

  it('follows the release that is open, not the one before it that is listed as open', async () => {
    const state = { running: running(2), nextNumber: 3 }
    const world = { listed: { 1: 'RUNNING' }, true: { 1: 'COMPLETED', 2: 'RUNNING' } } as const
    for (const status of ['TERMINATED', 'CONTINUED_AS_NEW'] as const) {
      const facts = await found({ ...world, lane: { status, state } })
      expect(facts).toMatchObject({ open: running(2), end: { kind: 'open' } })
      expect(restored(emptyLane<Submission>(), facts.lost ?? null, facts)).toMatchObject({ running: running(2) })
    }
  })

  it('does not start once more what the lost lane had still seen waiting', async () => {
    const waiting = (number: number) => ({ ...running(number), entry: {} as Submission })
    const state = { running: running(1), queue: [waiting(2), waiting(3)], nextNumber: 4 }
    const facts = await found({
      ...{ listed: { 1: 'COMPLETED' }, true: { 1: 'COMPLETED', 2: 'RUNNING' } },
      lane: { status: 'TERMINATED', state },
    })
    expect(facts).toMatchObject({ open: running(2), lost: { queue: [{ number: 3 }] } })
  })

  it('asks again while the lane before it is listed as open', async () => {
    const asked = found({ listed: {}, true: {}, lane: { status: 'RUNNING', state: {} } })
    await expect(asked).rejects.toThrow('does not list yet how before ended')
  })
})
