import { fileURLToPath } from 'node:url'
import { QueryNotRegisteredError } from '@temporalio/client'
import type { temporal } from '@temporalio/proto'
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker'
import { expect, it, vi } from 'vitest'
import { askWorkflow } from '../../src/releases/ask-workflow.ts'
import { UNSTARTED_STEP } from '../../src/workflows/messages.ts'
import { startTemporal } from '../support/temporal.ts'
import { sayUpdate, type tellInTurn } from './tell-in-turn.ts'
import { leftQuery, type waitThenAct } from './wait-then-act.ts'

type Events = readonly temporal.api.history.v1.IHistoryEvent[]

const fileOf = (name: string) => fileURLToPath(new URL(name, import.meta.url))
/** Whether a question is taken before the step is a matter of luck: of so many some are. */
const WORKFLOWS = 12
const [TIME, PATIENCE] = [3_000, 20_000]

it('a question that waits for a worker while a timer fires leaves nothing in a history that cannot be replayed', async () => {
  const workflowBundle = await bundleOf('wait-then-act.ts')
  const env = await startTemporal()
  const { client, nativeConnection: connection } = env
  const work = { connection, taskQueue: 'own', workflowBundle, activities: { act: async () => undefined } }
  try {
    const ids = Array.from({ length: WORKFLOWS }, (_, index) => `wait-${index}`)
    const handles = ids.map((id) => client.workflow.getHandle<typeof waitThenAct>(id))
    const eventsOf = async (id: string) => (await client.workflow.getHandle(id).fetchHistory()).events ?? []
    const first = await Worker.create(work)
    await first.runUntil(async () => {
      for (const [index, workflowId] of ids.entries()) {
        const args = [TIME, index % 2 === 0] as [number, boolean]
        await client.workflow.start<typeof waitThenAct>('waitThenAct', { workflowId, taskQueue: 'own', args })
      }
      for (const id of ids) await vi.waitUntil(async () => waits(await eventsOf(id)), PATIENCE)
    })
    const questions = Promise.all(
      handles.map((handle) => client.withDeadline(Date.now() + PATIENCE, () => handle.query(leftQuery)).catch(String)),
    )
    for (const id of ids)
      await vi.waitUntil(async () => (await eventsOf(id)).at(-1)?.workflowTaskScheduledEventAttributes, PATIENCE)
    const closed = handles.splice(0, 2)
    for (const handle of closed) await handle.terminate()
    const second = await Worker.create(work)
    await second.runUntil(async () => {
      const refused = String(new QueryNotRegisteredError(UNSTARTED_STEP, 3))
      for (const answer of (await questions).slice(closed.length))
        expect(typeof answer === 'number' ? answer <= 0 : answer).toBeOneOf([true, refused])
      await Promise.all(handles.map((handle) => handle.result()))
      // Nothing follows from what has come in last, so that is no reason to say nothing for ever.
      for (const handle of closed)
        await expect(askWorkflow(client, handle.workflowId, leftQuery)).resolves.toBeGreaterThan(0)
    })
    for (const handle of handles)
      await expect(
        Worker.runReplayHistory({ workflowBundle }, await handle.fetchHistory(), 'replayed'),
      ).resolves.toBeUndefined()
  } finally {
    await env.teardown()
  }
})

it('an update that comes first to a worker that knows nothing, after steps with nothing to do, leaves no such history either', async () => {
  const workflowBundle = await bundleOf('tell-in-turn.ts')
  const env = await startTemporal()
  const { client, nativeConnection: connection } = env
  let mayTell = false
  const act = async () => void (await vi.waitUntil(() => mayTell, PATIENCE))
  const work = { connection, taskQueue: 'own', workflowBundle, activities: { act, look: async () => undefined } }
  const handle = client.workflow.getHandle<typeof tellInTurn>('tells')
  const untilStep = (number: number) =>
    vi.waitUntil(async () => {
      const { events } = await handle.fetchHistory()
      return events?.filter((event) => event.workflowTaskCompletedEventAttributes).length === number
    }, PATIENCE)
  try {
    const first = await Worker.create(work)
    await first.runUntil(async () => {
      await client.workflow.start<typeof tellInTurn>('tellInTurn', { workflowId: 'tells', taskQueue: 'own' })
      await untilStep(2)
      mayTell = true
      await untilStep(3)
    })
    const second = await Worker.create(work)
    await second.runUntil(async () => {
      await handle.executeUpdate(sayUpdate)
      await handle.result()
    })
    await expect(
      Worker.runReplayHistory({ workflowBundle }, await handle.fetchHistory(), 'replayed'),
    ).resolves.toBeUndefined()
  } finally {
    await env.teardown()
  }
})

function bundleOf(name: string) {
  return bundleWorkflowCode({
    workflowsPath: fileOf(name),
    workflowInterceptorModules: [fileOf('../../src/workflows/interceptors.ts')],
    logger: new DefaultLogger('ERROR'),
  })
}

/** Whether nothing but its last timer is still to come, also the end of what it has called off. */
function waits(events: Events): boolean {
  const count = (kind: keyof Events[number]) => events.filter((event) => event[kind]).length
  return (
    count('timerStartedEventAttributes') > count('timerFiredEventAttributes') &&
    count('activityTaskScheduledEventAttributes') === count('activityTaskCanceledEventAttributes') &&
    count('workflowTaskScheduledEventAttributes') === count('workflowTaskCompletedEventAttributes')
  )
}
