import { releaseName } from '../target.ts'
import type { NewPipelineEvent, PipelineEvent } from './pipeline-events.ts'
import { hasVersion, type PipelineState, stageIn } from './pipeline-state.ts'

/** The line that an event leaves in the story of its pipeline, or null for one that people do not want to read about. */
export function tellPipelineEvent(event: PipelineEvent, next: PipelineState): string | null {
  switch (event.type) {
    case 'approval-asked':
      return `${event.stage}: ${event.request.need} of ${event.request.by} asked to approve`
    case 'approved':
      return `${event.stage}: approved by ${event.actor.person}${because(event.reason)}${stillMissing(event.stage, next)}`
    case 'approval-expired':
    case 'gate-refused':
      return `${event.stage}: paused, ${event.reason}`
    case 'gate-waits':
      return `${event.stage}: waits, ${event.reason}`
    case 'stage-begun':
      return event.text === undefined ? null : `${event.stage}: ${event.text}`
    case 'release-started':
      return `${event.stage}: ${releaseName(event.releaseId)} started`
    case 'release-refused':
      return `${event.stage}: ${next.givenUp === null ? 'paused' : 'not started'}, ${event.reason}`
    case 'release-told':
      if (event.refusal !== undefined) return `${event.stage}: its release does not ${event.verb}, ${event.refusal}`
      return event.verb === 'abort' ? `${event.stage}: its release is told to roll back` : null
    case 'release-withdrawn':
      return `${event.stage}: its release had not begun and has left the queue`
    case 'stage-promoted':
      return `${event.stage}: promoted`
    case 'stage-done':
      return `${event.stage}: done`
    case 'stage-failed':
      return `${event.stage}: failed, ${event.reason}${consequence(event.stage, next)}`
    case 'rejected':
      return `${event.stage}: rejected by ${event.actor.person}${because(event.reason)}${consequence(event.stage, next)}`
    case 'return-begun':
      return null
    case 'return-started':
      return `${event.stage}: goes back by ${releaseName(event.releaseId)}`
    case 'return-waits':
      return `${event.stage}: cannot go back yet, ${event.reason}`
    case 'stage-returned':
      return `${event.stage}: ${event.reason ?? 'everybody is on the version before'}`
    case 'return-stands':
      return `${event.stage}: ${event.reason}`
    case 'return-held':
      return `${event.stage}: the version before has held`
    case 'return-refused':
      return `${event.stage}: still has the version and does not go back by itself, ${event.reason}`
    case 'paused':
      return `paused by ${event.actor.person}${because(event.reason)}`
    case 'resumed':
      return `resumed by ${event.actor.person}${because(event.reason)}`
    case 'given-up':
      return `${event.cause} by ${event.actor.person}${because(event.reason)}: everything goes back`
    case 'first-life-doubted':
      return 'was reset in Temporal and may have begun more than it knows: every lane is asked'
    case 'ended':
      return endText(next)
  }
}

/** How urgent it is to look up for an event; null for what nobody is told. */
export function urgencyOf(event: NewPipelineEvent): 'info' | 'warning' | 'alarm' | null {
  switch (event.type) {
    case 'approval-expired':
    case 'gate-refused':
    case 'release-refused':
    case 'stage-failed':
    case 'return-waits':
    case 'return-refused':
    case 'first-life-doubted':
      return 'alarm'
    case 'approval-asked':
    case 'rejected':
    case 'given-up':
      return 'warning'
    case 'stage-done':
    case 'return-begun':
      return null
    case 'gate-waits':
      return event.told
    case 'return-stands':
      return event.isPaused ? 'alarm' : 'info'
    case 'stage-begun':
      return event.text === undefined ? null : 'info'
    case 'release-told':
      return event.refusal === undefined ? null : 'warning'
    case 'approved':
    case 'release-started':
    case 'release-withdrawn':
    case 'stage-promoted':
    case 'return-started':
    case 'stage-returned':
    case 'return-held':
    case 'paused':
    case 'resumed':
    case 'ended':
      return 'info'
  }
}

/** How the release of a way back stands while the version before is looked at; `pause` is why that is paused, or null. */
export function returnStanding(releaseId: string, pause: string | null): string {
  const name = releaseName(releaseId)
  if (pause === null) return `${name} watches the version before yet`
  const open = `the pipeline stays open until somebody resumes ${name}, or aborts it, which sends everybody forward again`
  return `everybody is back, but ${name} is paused${because(pause)}; ${open}`
}

function because(reason: string): string {
  return reason === '' ? '' : `: ${reason}`
}

function stillMissing(stage: string, next: PipelineState): string {
  const { approval } = stageIn(next, stage)
  return approval === null ? '' : `, ${approval.given.length} of ${approval.need}`
}

/** What a failure means for the rest; empty where something else had given the pipeline up before. */
function consequence(stage: string, { givenUp, hold }: PipelineState): string {
  const isOwn = (reason: string | undefined) => reason?.startsWith(`${stage}: `) === true
  if (isOwn(givenUp?.reason)) return givenUp?.back === 'all' ? '; everything goes back' : '; nothing further begins'
  return isOwn(hold?.reason) ? '; paused' : ''
}

function endText({ outcome, stages }: PipelineState): string {
  if (outcome === 'promoted') return 'promoted: every stage has the version'
  if (outcome === 'rolled-back') return 'rolled back: no stage has the version'
  const having = stages.filter(hasVersion).map(({ name }) => name)
  return having.length === 0
    ? 'failed: no stage has the version'
    : `failed: ${having.join(', ')} still ${having.length === 1 ? 'has' : 'have'} the version`
}
