import { utcText } from '../calendar/window-rule.ts'
import { phaseWords } from '../release/release-words.ts'
import { releaseName } from '../target.ts'
import { formatDuration, formatWeight, type Instant } from '../units.ts'
import type { StageGate } from './pipeline.ts'
import type { PipelineCard, StageRow } from './pipeline-card.ts'
import type { StagePhase } from './pipeline-state.ts'

/** How the release of a stage stands. */
interface RunningRelease {
  readonly phase: string
  readonly weight: number
  readonly step: number
  readonly steps: number
  readonly reason: string | null
}

/** What is worth knowing of a stage beside its phase, and until when; each entrance says times in its own way. */
interface StageNews {
  /** One line; empty for nothing. */
  readonly text: string
  readonly until: { readonly does: 'opens' | 'until'; readonly at: Instant } | null
}

interface Shown {
  /** Of the pipeline. */
  readonly phase: string
  readonly stages: readonly StageRow[]
  /** By stage: how its release stands that runs, where that is known. */
  readonly releases: Readonly<Record<string, RunningRelease>>
}

export function stageNews(stage: StageRow, shown: Shown): StageNews {
  const { name, phase, after, reason, approval, soakUntil, releaseId, returnId, opensAt, due } = stage
  switch (phase) {
    case 'waiting':
      if (opensAt !== null) return { text: reason ?? '', until: { does: 'opens', at: opensAt } }
      if (due !== null) return { text: reason ?? '', until: { does: 'until', at: due } }
      return only(reason ?? waitingWords(after, shown))
    case 'asking': {
      if (approval === null) return only('')
      const { by, need, given, deadline } = approval
      const names = given.length === 0 ? '' : ` (${given.join(', ')})`
      return { text: `${given.length} of ${need} from ${by}${names}`, until: { does: 'until', at: deadline } }
    }
    case 'running':
    case 'returning': {
      const id = phase === 'running' ? releaseId : returnId
      const named = id === null ? '' : releaseName(id)
      const release = shown.releases[name]
      if (release === undefined) return only([named, reason ?? ''].filter(Boolean).join(', '))
      const place = release.steps === 0 ? '' : `, step ${release.step} of ${release.steps}`
      const why = release.reason === null ? '' : `: ${release.reason}`
      const standing = `${named}, ${phaseWords(release.phase)}${place}, ${formatWeight(release.weight)} on canary${why}`
      return only([reason ?? '', standing].filter(Boolean).join('; '))
    }
    case 'soaking':
      return { text: '', until: soakUntil === null ? null : { does: 'until', at: soakUntil } }
    case 'starting':
    case 'done':
      return only(releaseId === null ? '' : releaseName(releaseId))
    case 'failed':
    case 'returned':
      return only(reason ?? '')
    case 'stuck':
      return only(['still has the version', reason ?? ''].filter(Boolean).join(', '))
  }
}

/** The same for who looks at it now. */
export function stageWords(stage: StageRow, shown: Shown, now: Instant): string {
  const { text, until } = stageNews(stage, shown)
  if (until === null) return text
  const { does, at } = until
  if (stage.phase === 'soaking') return `${formatDuration(Math.max(0, at - now))} left`
  return `${text}${stage.phase === 'asking' ? ',' : ';'} ${does} ${utcText(at)}`
}

/** Phases of a pipeline in which a stage may still begin. */
const GOING_ON: readonly string[] = ['running', 'waiting', 'paused']

/** The stages that it still waits for; empty for one that only the pause of its pipeline holds, or nothing at all. */
function waitingWords(after: StageRow['after'], { phase, stages }: Shown): string {
  if (!GOING_ON.includes(phase)) return 'does not begin any more'
  const missing = after.filter((name) => stages.some((one) => one.name === name && one.phase !== 'done'))
  return missing.length === 0 ? '' : `after ${missing.join(', ')}`
}

function only(text: string): StageNews {
  return { text, until: null }
}

/** What a stage waits for before it begins, in words. */
export function gateWords(gate: StageGate): string {
  if (typeof gate === 'string') return `in ${gate}`
  const within = `, within ${formatDuration(gate.within)}`
  if (gate.kind === 'call-gate') return `once ${gate.call} says yes${within}`
  const without = gate.without.length === 0 ? '' : ` without ${gate.without.join(', ')}`
  return `once it is ready${without}${within}`
}

/** What each phase of a stage is marked with, as the steps of a release are. */
export const STAGE_MARKS: Readonly<Record<StagePhase, '' | '▶' | '⏸' | '✓' | '✗' | '↩'>> = {
  waiting: '',
  asking: '⏸',
  starting: '▶',
  running: '▶',
  soaking: '▶',
  done: '✓',
  failed: '✗',
  returning: '↩',
  returned: '↩',
  stuck: '✗',
}

/** `2.4.0`, or `checkout 2.4.0, search 1.9.0`. */
export function versionsText(versions: PipelineCard['versions']): string {
  const all = Object.entries(versions)
  if (new Set(all.map(([, version]) => version)).size === 1) return all[0]?.[1] ?? ''
  return all.map(([service, version]) => `${service} ${version}`).join(', ')
}
