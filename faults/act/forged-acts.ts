import { randomUUID } from 'node:crypto'
import type { WorkflowHandle } from '@temporalio/client'
import { FORGED, FORGED_REASON } from '../check/rule-authority.ts'
import { noteFault, type Scene } from '../drive/scene.ts'
import type { NameIn } from '../kinds.ts'
import { APPROVERS, AUTHOR, ENVIRONMENT } from '../world/installation.ts'

const PATIENCE_MS = 6_000
const FLOOD = 300
const AT_ONCE = 20

/** What can be sent past the API by whoever reaches Temporal. */
export async function forge(scene: Scene, kind: NameIn<'forged'>, pick: number): Promise<void> {
  const { client } = scene.wave.world
  const release = client.workflow.getHandle(scene.releaseId)
  const lane = client.workflow.getHandle(`lane/${scene.service.front.service}/${ENVIRONMENT}`)
  const from = Date.now()
  const note = await client
    .withDeadline(from + PATIENCE_MS, () => send(scene, release, lane, kind, pick))
    .catch((error: unknown) => `refused: ${messageOf(error)}`)
  noteFault(scene.faults, kind, note, from)
  if (kind === 'forged-end') scene.startAnother('reject')
}

async function send(
  scene: Scene,
  release: WorkflowHandle,
  lane: WorkflowHandle,
  kind: NameIn<'forged'>,
  pick: number,
): Promise<string> {
  switch (kind) {
    case 'forged-approval':
      return update(release, 'pause', commandOf(scene, 'approve', AUTHOR))
    case 'forged-update':
      return malformedUpdate(scene, release, pick)
    case 'forged-signal':
      return malformedSignal(scene, release, lane, pick)
    case 'forged-flood':
      return flood(release, pick < 0.5 ? 'nonsense' : 'supersede')
    case 'forged-end': {
      const end = { releaseId: scene.releaseId, outcome: 'promoted', reason: 'forged', version: '6.6.6' }
      await lane.signal('releaseEnded', end)
      return 'releaseEnded promoted 6.6.6'
    }
    case 'terminated':
      await release.terminate('campaign')
      return ''
    case 'cancelled':
      await release.cancel()
      return ''
    case 'lane-terminated':
      await lane.terminate('campaign')
      return ''
    case 'reset':
      return reset(scene, release, pick)
  }
}

async function flood(release: WorkflowHandle, name: string): Promise<string> {
  for (let sent = 0; sent < FLOOD; sent += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => release.signal(name, sent + index)))
  }
  return `${FLOOD} × ${name}`
}

function commandOf({ releaseId }: Scene, verb: string, person: string): Record<string, unknown> {
  const actor = { person, entrance: 'temporal' }
  return { verb, releaseId, step: null, key: FORGED + randomUUID(), actor, reason: FORGED_REASON }
}

async function update(handle: WorkflowHandle, name: string, input: unknown): Promise<string> {
  const what = `${name} ${JSON.stringify(input)}`
  try {
    await handle.executeUpdate(name, { args: [input] })
    return `taken: ${what}`
  } catch (error) {
    return `refused: ${what}: ${messageOf(error)}`
  }
}

/** Each of these is to be refused: by its form, or because it is another command than its name says. */
function malformedUpdate(scene: Scene, release: WorkflowHandle, pick: number): Promise<string> {
  const [bob] = APPROVERS
  const good = (verb: string) => commandOf(scene, verb, bob)
  const { key: _, reason: __, ...bare } = good('pause')
  const variants: readonly (readonly [string, unknown])[] = [
    ['pause', null],
    ['pause', { ...good('pause'), actor: null }],
    ['pause', bare],
    ['pause', { ...good('pause'), reason: 7 }],
    ['pause', { ...good('pause'), verb: 'weird' }],
    ['pause', { ...good('promote') }],
    ['extend', { ...good('extend'), by: 1e300 }],
    ['extend', { ...good('extend'), by: '1h' }],
    ['extend', { ...good('extend'), by: '5' }],
    ['pause', { ...good('extend'), by: -3_600_000 }],
    ['resume', 'resume'],
  ]
  const [name, input] = variants[Math.floor(pick * variants.length)] ?? ['pause', null]
  return update(release, name, input)
}

async function malformedSignal(
  { releaseId }: Scene,
  release: WorkflowHandle,
  lane: WorkflowHandle,
  pick: number,
): Promise<string> {
  const variants: readonly (readonly [WorkflowHandle, string, unknown])[] = [
    [release, 'supersede', null],
    [release, 'supersede', {}],
    [release, 'supersede', { actor: 'bob', reason: 7 }],
    [release, 'nonsense', 'x'],
    [lane, 'releaseEnded', null],
    [lane, 'releaseEnded', {}],
    [lane, 'releaseEnded', { releaseId, outcome: 'weird', reason: null, version: 7 }],
    [lane, 'nonsense', null],
  ]
  const [handle, name, input] = variants[Math.floor(pick * variants.length)] ?? [release, 'nonsense', null]
  await handle.signal(name, input)
  return `${handle === lane ? 'lane' : 'release'} ${name} ${JSON.stringify(input)}`
}

/** To the end of the first, of the last or of some other task of the workflow. */
async function reset({ wave, releaseId }: Scene, release: WorkflowHandle, pick: number): Promise<string> {
  const { events } = await release.fetchHistory()
  const ends = (events ?? []).filter(({ workflowTaskCompletedEventAttributes: end }) => isSet(end))
  const eventId = ends[Math.floor(pick * ends.length)]?.eventId
  if (!isSet(eventId)) return 'nothing to reset to'
  await wave.world.client.workflowService.resetWorkflowExecution({
    ...{ namespace: 'default', workflowExecution: { workflowId: releaseId }, workflowTaskFinishEventId: eventId },
    ...{ reason: 'campaign', requestId: randomUUID() },
  })
  return `to event ${String(eventId)} of ${events?.length ?? 0}`
}

function isSet<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 160)
}
