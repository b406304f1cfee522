import { createHash, randomUUID } from 'node:crypto'
import { type Client, WithStartWorkflowOperation, type WorkflowExecutionInfo } from '@temporalio/client'
import { SluiceError } from '../domain/errors.ts'
import { parsePipelineId, pipelineIdOf, pipelineName } from '../domain/pipeline/pipeline.ts'
import { lostPipelineCard, type PipelineCard, pipelineCard } from '../domain/pipeline/pipeline-card.ts'
import { PIPELINE_ENDS } from '../domain/pipeline/pipeline-state.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'
import { LATE, within } from '../outbound/within.ts'
import {
  type PipelineInput,
  pipelineQuery,
  pipelineStartsId,
  pipelineUpdates,
  startPipelineUpdate,
  WORKFLOW_TASK_TIMEOUT,
} from '../workflows/messages.ts'
import type { pipelineStarts } from '../workflows/pipeline-starts.ts'
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts'
import { askWorkflow } from './ask-workflow.ts'
import { createCalls } from './calls.ts'
import { pageOf, phaseIn, plain } from './list.ts'
import { createLooks } from './looks.ts'
import type { PipelineFilter, PipelineRequest, Pipelines, ShownPipeline, StartedPipeline } from './pipelines.ts'
import type { Releases } from './releases.ts'
import { unknownPipeline } from './temporal-errors.ts'
import { createTurnstile } from './turnstile.ts'
import { USUAL_TIMES, type ViewTimes } from './views.ts'

interface TemporalPipelinesOptions {
  readonly client: Client
  readonly taskQueue: string
  readonly releases: Pick<Releases, 'show'>
  readonly now?: () => Instant
  readonly times?: ViewTimes
  /** For tries by hand: events after which a pipeline goes on in a new run. */
  readonly longestHistory?: number
}

const PATIENCE: Milliseconds = 15_000
/** How long the card of a release may keep that of its pipeline waiting. */
const EXTRAS: Milliseconds = 1_500
const LOOKS = { patience: 1_000, most: 200 } as const
const LINES = { looks: { atOnce: 4, mostWaiting: 1_000 }, commands: { atOnce: 3, mostWaiting: 50 } } as const

/** The façade over a Temporal client, for pipelines. Any number may run side by side. */
export function createPipelines({
  client,
  taskQueue,
  releases,
  now = Date.now,
  times = USUAL_TIMES,
  longestHistory,
}: TemporalPipelinesOptions): Pipelines {
  const calls = createCalls(client, PATIENCE, now)
  const commands = createTurnstile({ ...LINES.commands, now })
  const looks = createLooks<ShownPipeline>({
    ...{ ...LOOKS, now, usableFor: times.usableFor, freshFor: () => times.freshFor },
    turnstile: createTurnstile({ ...LINES.looks, now }),
  })

  function viewOf(pipelineId: string) {
    return calls.look(pipelineId, calls.deadline(), () => askWorkflow(client, pipelineId, pipelineQuery))
  }

  async function read(pipelineId: string): Promise<ShownPipeline> {
    const [{ input, state }, { status }] = await Promise.all([
      viewOf(pipelineId),
      calls.look(pipelineId, calls.deadline(), () => client.workflow.getHandle(pipelineId).describe()),
    ])
    const card = pipelineCard(input, state)
    const isGone = status.name !== 'RUNNING' && !card.isEnded
    return { ...(isGone ? lostPipelineCard(card) : card), releases: await releasesOf(card) }
  }

  /** A pipeline is shown also while nobody answers for its releases; then it lacks how they stand. */
  async function releasesOf({ stages }: PipelineCard): Promise<ShownPipeline['releases']> {
    const running = stages.flatMap(({ name, phase, releaseId, returnId }) => {
      const id = phase === 'returning' ? returnId : phase === 'running' ? releaseId : null
      return id === null ? [] : [{ name, id }]
    })
    const asked = running.map(async ({ name, id }) => {
      const shown = await within({ deadline: EXTRAS }, () => releases.show(id).catch(() => null))
      if (shown === LATE || shown === null) return []
      const { phase, weight, step, steps, reason } = shown
      return [[name, { phase, weight, step, steps: steps.length, reason }] as const]
    })
    return Object.fromEntries((await Promise.all(asked)).flat())
  }

  async function start(request: PipelineRequest): Promise<StartedPipeline> {
    const { pipeline, key } = request
    const pipelineId = idByKey(pipeline.name, key)
    const input: PipelineInput = {
      ...{ ...request, pipelineId, startedAt: now(), keepsMessage: true, looksLast: true },
      ...(longestHistory !== undefined && { longestHistory }),
    }
    const named = `the start of ${pipelineName(pipelineId)}`
    const sending = { args: [input] as [PipelineInput], updateId: randomUUID() }
    const answer = await calls.send({ what: pipelineId, named, until: calls.deadline() }, () =>
      client.workflow.executeUpdateWithStart(startPipelineUpdate, {
        startWorkflowOperation: new WithStartWorkflowOperation<typeof pipelineStarts>('pipelineStarts', {
          ...{ workflowId: pipelineStartsId(taskQueue), workflowIdConflictPolicy: 'USE_EXISTING', taskQueue, args: [] },
          workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
        }),
        ...sending,
      }),
    )
    if (answer.kind === 'begun') return { pipelineId }
    // One that has begun before another one took its targets is answered all the same.
    if (answer.kind === 'held' && !(await hasBegun(pipeline.name, key))) return { heldBy: answer.by }
    const { input: known } = await viewOf(pipelineId)
    if (fingerprintOf(known) === fingerprintOf(request)) return { pipelineId }
    throw new SluiceError('lane.key-reused', {
      message: `this key was used for ${pipelineName(pipelineId)} with other stages or another version`,
      fix: 'use a new key',
    })
  }

  async function hasBegun(name: string, key: string): Promise<boolean> {
    const id = idByKey(name, key)
    try {
      await calls.look(id, calls.deadline(), () => client.workflow.getHandle(id).describe())
      return true
    } catch (error) {
      if (error instanceof SluiceError && error.code === 'pipeline.unknown') return false
      throw error
    }
  }

  return {
    ...{ start, hasBegun },
    async show(id) {
      const pipelineId = canonicalId(id)
      return (await looks.at(pipelineId, calls.deadline(), () => read(pipelineId))).value
    },
    async list(filter, page) {
      const query = queryOf(filter)
      const { rows, next } = await calls.look('the list', calls.deadline(), () => pageOf(client, query, page))
      return { pipelines: rows.map(rowOf), next }
    },
    async command(command) {
      const pipelineId = canonicalId(command.pipelineId)
      const { verb, key } = command
      const until = calls.deadline()
      const request = { what: pipelineId, named: `${verb} of ${pipelineName(pipelineId)}`, until }
      const handle = client.workflow.getHandle(pipelineId)
      const send = () =>
        calls.send(request, () =>
          handle.executeUpdate(pipelineUpdates[verb], { args: [{ ...command, pipelineId }], updateId: key }),
        )
      // Nothing else may stand before an abort.
      const carryOut = () => looks.behind(pipelineId, send)
      return asPipeline(pipelineId, () => (verb === 'abort' ? carryOut() : commands(pipelineId, until, carryOut)))
    },
    async open() {
      const query = `WorkflowType = 'pipeline' AND ExecutionStatus = 'Running'`
      const found = await calls.look('the pipelines', calls.deadline(), async () => {
        const ids: string[] = []
        for await (const { workflowId } of client.workflow.list({ query })) ids.push(workflowId)
        return ids
      })
      const views = await Promise.all(found.map((id) => viewOf(id)))
      return views.flatMap(({ input, state }) =>
        state.outcome === null
          ? [{ pipelineId: input.pipelineId, targets: input.pipeline.stages.map(({ target }) => target) }]
          : [],
      )
    },
  }

  /** A workflow that is closed takes no update, and Temporal says of it what it says of one that never was. */
  async function asPipeline<T>(pipelineId: string, body: () => Promise<T>): Promise<T> {
    try {
      return await body()
    } catch (error) {
      if (!(error instanceof SluiceError) || error.code !== 'pipeline.unknown') throw error
      const { phase } = await read(pipelineId)
      throw new SluiceError('pipeline.ended', {
        message: `${pipelineName(pipelineId)} has ended: ${phase}`,
        fix: 'start a new pipeline',
      })
    }
  }
}

/** The key gives the id, so that a repetition, from whichever process, meets what it has begun. */
function idByKey(name: string, key: string): string {
  return pipelineIdOf(name, createHash('sha256').update(key).digest('hex').slice(0, 8))
}

function canonicalId(id: string): string {
  const parsed = parsePipelineId(id)
  if (parsed === null) throw unknownPipeline(id)
  return parsed.pipelineId
}

/** What was learned for a plan makes no other request of it. */
function fingerprintOf({ pipeline, versions, author }: Pick<PipelineRequest, 'pipeline' | 'versions' | 'author'>) {
  const stages = pipeline.stages.map(({ warmUp: _, ...stage }) => stage)
  const services = Object.keys(versions).toSorted((left, right) => left.localeCompare(right))
  const ordered = services.map((service) => [service, versions[service]])
  return JSON.stringify([pipeline.name, pipeline.onFail, stages, ordered, author.person])
}

const ENDS = PIPELINE_ENDS.map((end) => `'${end}'`).join(', ')

function queryOf({ name, phase }: PipelineFilter): string {
  const parts = [`WorkflowType = 'pipeline'`]
  if (name !== undefined) parts.push(`WorkflowId STARTS_WITH 'pipeline/${plain(name)}/'`)
  // One that has ended may still be sending its last messages, and one that has just begun has no phase yet.
  if (phase === 'open')
    parts.push(`ExecutionStatus = 'Running'`, `(SluicePhase IS NULL OR SluicePhase NOT IN (${ENDS}))`)
  else if (phase === 'closed') parts.push(`(ExecutionStatus != 'Running' OR SluicePhase IN (${ENDS}))`)
  else if (phase !== undefined) parts.push(`SluicePhase = '${plain(phase)}'`)
  return parts.join(' AND ')
}

function rowOf(info: WorkflowExecutionInfo) {
  const { workflowId, typedSearchAttributes: attributes, startTime, closeTime } = info
  return {
    pipelineId: workflowId,
    versions: attributes.get(SEARCH_ATTRIBUTES.version) ?? '',
    phase: phaseIn(info, 'running'),
    startedAt: startTime.getTime(),
    endedAt: closeTime?.getTime() ?? null,
  }
}
