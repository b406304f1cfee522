import { SluiceError } from '../../src/domain/errors.ts'
import { parsePipelineId, pipelineIdOf } from '../../src/domain/pipeline/pipeline.ts'
import { pipelineCard } from '../../src/domain/pipeline/pipeline-card.ts'
import { decideOnPipeline } from '../../src/domain/pipeline/pipeline-commands.ts'
import type { NewPipelineEvent } from '../../src/domain/pipeline/pipeline-events.ts'
import { reducePipeline } from '../../src/domain/pipeline/pipeline-reducer.ts'
import { beginPipelineState, type PipelineState, pipelinePhase } from '../../src/domain/pipeline/pipeline-state.ts'
import type { OpenPipeline } from '../../src/domain/pipeline/start-problems.ts'
import { targetName } from '../../src/domain/target.ts'
import type { PipelineRequest, Pipelines } from '../../src/releases/pipelines.ts'
import { unknownPipeline } from '../../src/releases/temporal-errors.ts'

interface KeptPipeline {
  readonly request: PipelineRequest
  readonly startedAt: number
  state: PipelineState
}

/** Pipelines in memory that answer by the real rules; what a workflow would do by itself the test records by hand. */
export interface FakePipelines extends Pipelines {
  record(pipelineId: string, event: NewPipelineEvent): void
}

export function createFakePipelines({ now = Date.now }: { readonly now?: () => number } = {}): FakePipelines {
  const kept = new Map<string, KeptPipeline>()

  function find(id: string): KeptPipeline {
    const found = kept.get(parsePipelineId(id)?.pipelineId ?? '')
    if (found === undefined) throw unknownPipeline(id)
    return found
  }

  function record(id: string, event: NewPipelineEvent): void {
    const one = find(id)
    one.state = reducePipeline(one.state, { ...event, at: now() })
  }

  function openOnes(): readonly OpenPipeline[] {
    return [...kept.values()].flatMap(({ request, state }) =>
      state.outcome === null ? [{ pipelineId: state.pipelineId, targets: targetsOf(request) }] : [],
    )
  }

  return {
    record,
    async start(request) {
      const known = [...kept.values()].find((one) => one.request.key === request.key)
      if (known !== undefined) return { pipelineId: known.state.pipelineId }
      const wanted = new Set(targetsOf(request).map(targetName))
      const heldBy = openOnes().find(({ targets }) => targets.some((target) => wanted.has(targetName(target))))
      if (heldBy !== undefined) return { heldBy }
      const pipelineId = pipelineIdOf(request.pipeline.name, (kept.size + 1).toString(16).padStart(8, '0'))
      kept.set(pipelineId, { request, startedAt: now(), state: beginPipelineState(pipelineId, request.pipeline) })
      return { pipelineId }
    },
    hasBegun: async (name, key) =>
      [...kept.values()].some(({ request }) => request.pipeline.name === name && request.key === key),
    async show(id) {
      const { request, startedAt, state } = find(id)
      return { ...pipelineCard({ ...request, startedAt }, state), releases: {} }
    },
    async list({ name, phase }, { size }) {
      const rows = [...kept.values()]
        .filter(({ request }) => name === undefined || request.pipeline.name === name)
        .filter(({ state }) => phase === undefined || (phase === 'open') === (state.outcome === null))
        .map(({ request, startedAt, state }) => ({
          ...{ pipelineId: state.pipelineId, versions: Object.values(request.versions).join(', ') },
          ...{ phase: pipelinePhase(state), startedAt, endedAt: state.endedAt },
        }))
      return { pipelines: rows.toReversed().slice(0, size), next: null }
    },
    async command(command) {
      const { request, state } = find(command.pipelineId)
      const decision = decideOnPipeline(command, state, request.author.person)
      if (decision.kind === 'refuse')
        throw new SluiceError(decision.code, { message: decision.message, fix: decision.fix })
      if (decision.kind === 'accept') record(state.pipelineId, decision.event)
      const phase = pipelinePhase(find(state.pipelineId).state)
      return { pipelineId: state.pipelineId, phase, text: `${command.verb} accepted, now ${phase}` }
    },
    open: async () => openOnes(),
  }
}

const targetsOf = ({ pipeline }: PipelineRequest) => pipeline.stages.map(({ target }) => target)
