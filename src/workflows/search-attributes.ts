import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common'
import { type PipelineState, pipelinePhase } from '../domain/pipeline/pipeline-state.ts'
import { weakestOutcome } from '../domain/release/release-details.ts'
import { isWatching, type ReleaseState } from '../domain/release/release-state.ts'
import type { PipelineInput, ReleaseInput } from './messages.ts'

/** The custom search attributes of a release; the set-up registers them by this list. */
export const SEARCH_ATTRIBUTES = {
  service: defineSearchAttributeKey('SluiceService', 'KEYWORD'),
  environment: defineSearchAttributeKey('SluiceEnvironment', 'KEYWORD'),
  version: defineSearchAttributeKey('SluiceVersion', 'KEYWORD'),
  phase: defineSearchAttributeKey('SluicePhase', 'KEYWORD'),
  weight: defineSearchAttributeKey('SluiceWeight', 'INT'),
  verdict: defineSearchAttributeKey('SluiceVerdict', 'KEYWORD'),
} as const

function phaseOf(state: ReleaseState): string {
  if (isWatching(state)) return 'watching'
  return state.pause === null ? state.phase : 'paused'
}

/** The attributes of a release as they stand; `paused` is shown as a phase, because that is what people search for. */
export function releaseAttributes(
  input: Pick<ReleaseInput, 'target' | 'version'>,
  state: ReleaseState,
): SearchAttributePair[] {
  return [
    { key: SEARCH_ATTRIBUTES.service, value: input.target.service },
    { key: SEARCH_ATTRIBUTES.environment, value: input.target.environment },
    { key: SEARCH_ATTRIBUTES.version, value: input.version },
    { key: SEARCH_ATTRIBUTES.phase, value: phaseOf(state) },
    { key: SEARCH_ATTRIBUTES.weight, value: state.live.weight },
    { key: SEARCH_ATTRIBUTES.verdict, value: weakestOutcome(state.verdicts) },
  ]
}

/** Those of a pipeline: it is in many environments, and its phase is its own. */
export function pipelineAttributes(
  { versions }: Pick<PipelineInput, 'versions'>,
  state: PipelineState,
): SearchAttributePair[] {
  return [
    { key: SEARCH_ATTRIBUTES.version, value: [...new Set(Object.values(versions))].join(', ').slice(0, 200) },
    { key: SEARCH_ATTRIBUTES.phase, value: pipelinePhase(state) },
  ]
}
