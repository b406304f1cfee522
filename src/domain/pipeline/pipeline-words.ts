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

/** What is worth knowing of a stage beside its phase, in one line; empty for nothing. */
export function stageWords(
  { phase, after, reason, approval, soakUntil, releaseId, returnId, opensAt, due }: StageRow,
  release: RunningRelease | undefined,
  now: Instant,
): string {
  switch (phase) {
    case 'waiting':
      if (opensAt !== null) return `${reason ?? ''}; opens ${utcText(opensAt)}`
      if (due !== null) return `${reason ?? ''}; until ${utcText(due)}`
      return reason ?? (after.length === 0 ? '' : `after ${after.join(', ')}`)
    case 'asking': {
      if (approval === null) return ''
      const { by, need, given, deadline } = approval
      const names = given.length === 0 ? '' : ` (${given.join(', ')})`
      return `${given.length} of ${need} from ${by}${names}, until ${utcText(deadline)}`
    }
    case 'running':
    case 'returning': {
      const id = phase === 'running' ? releaseId : returnId
      const named = id === null ? '' : releaseName(id)
      if (release === undefined) return [named, reason ?? ''].filter(Boolean).join(', ')
      const place = release.steps === 0 ? '' : `, step ${release.step} of ${release.steps}`
      const why = release.reason === null ? '' : `: ${release.reason}`
      const standing = `${named}, ${phaseWords(release.phase)}${place}, ${formatWeight(release.weight)} on canary${why}`
      return [reason ?? '', standing].filter(Boolean).join('; ')
    }
    case 'soaking':
      return soakUntil === null ? '' : `${formatDuration(Math.max(0, soakUntil - now))} left`
    case 'starting':
    case 'done':
      return releaseId === null ? '' : releaseName(releaseId)
    case 'failed':
    case 'returned':
    case 'stuck':
      return reason ?? ''
  }
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
