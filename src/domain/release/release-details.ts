import { exposedText } from '../exposure-words.ts'
import type { Plan } from '../plan/plan.ts'
import { markdownText } from '../safe-text.ts'
import type { Verdict } from '../verdict.ts'
import { undoWords } from './hooks.ts'
import { entryText } from './ledger.ts'
import { isEnded, isWatching, type ReleaseState } from './release-state.ts'
import { saysWeight } from './release-words.ts'
import { checksAt, warmsUpUntil } from './warm-up.ts'

/** `fail` if any check fails that does not only warn, else `inconclusive` if any is, else `pass`; `none` before the first look. */
export function weakestOutcome(verdicts: Readonly<Record<string, Verdict>>): Verdict['outcome'] | 'none' {
  const outcomes = Object.values(verdicts).map((verdict) =>
    verdict.outcome === 'fail' && verdict.only === 'warn' ? 'pass' : verdict.outcome,
  )
  if (outcomes.length === 0) return 'none'
  if (outcomes.includes('fail')) return 'fail'
  return outcomes.includes('inconclusive') ? 'inconclusive' : 'pass'
}

/** One word for where a release is, with the pause in front. */
export function phaseText(state: Pick<ReleaseState, 'phase' | 'pause' | 'watching'>): string {
  if (isWatching(state)) return 'watching'
  return state.pause === null ? state.phase : `paused (${state.phase})`
}

/** Why it is rolling back and what of that is not done, why it is paused, or what it waits for; null for none of these. */
export function reasonOf(state: Pick<ReleaseState, 'abandoned' | 'pause' | 'gate' | 'undos'>): string | null {
  const { abandoned, pause, gate = null } = state
  if (abandoned === null) return pause?.reason ?? gate?.reason ?? null
  const undoing = undoWords(state)
  return undoing === '' ? abandoned.reason : `${abandoned.reason}; ${undoing}`
}

/** The release as short Markdown for Temporal's UI: what, where, the steps with a mark, the verdicts. */
export function describeForTemporal(
  {
    plan,
    version,
    replaces = null,
  }: { readonly plan: Plan; readonly version: string; readonly replaces?: string | null },
  state: ReleaseState,
): string {
  const replaced = replaces === null ? '' : ` (replaces ${markdownText(replaces)})`
  const share = saysWeight(state.phase) ? `, ${exposedText(state.live, 'canary')}` : ''
  const head = `**${plan.service} ${markdownText(version)}**${replaced} to ${plan.environment}: **${phaseText(state)}**${share}`
  const reason = reasonOf(state)
  const steps = plan.steps.map(({ label }, index) => `| ${markOf(index + 1, state)} | ${index + 1} | ${cell(label)} |`)
  const verdicts = Object.entries(state.verdicts).map(
    ([name, verdict]) => `- ${name}: **${verdict.outcome}**, ${markdownText(verdict.reason)}`,
  )
  const notices = (state.notices ?? []).map((notice) => `- ${markdownText(notice)}`)
  const ledger = (state.ledger ?? []).slice(-MOST_LEDGER).map((entry) => `- ${markdownText(entryText(entry))}`)
  return [
    head,
    ...(reason === null ? [] : ['', `> ${markdownText(reason)}`]),
    '',
    '| | step | |',
    '|---|---|---|',
    ...steps,
    ...warmUpLines(plan, state),
    ...(verdicts.length === 0 ? [] : ['', ...verdicts]),
    ...(notices.length === 0 ? [] : ['', ...notices]),
    ...(ledger.length === 0 ? [] : ['', ...ledger]),
  ].join('\n')
}

/** Entries of the ledger that are shown; the rest is in the story. */
const MOST_LEDGER = 5

/** With the time of day: what is left would be wrong a moment later. */
function warmUpLines(plan: Plan, state: ReleaseState): readonly string[] {
  if (state.abandoned !== null || isEnded(state)) return []
  const until = warmsUpUntil(state, plan, checksAt(state, plan))
  return until === null
    ? []
    : ['', `warms up until ${new Date(until).toISOString()}: what is seen before does not count`]
}

/** `✓` done, `▶` running, `⏸` paused, `✗` left, or empty when it is still to come. */
export function markOf(step: number, state: Pick<ReleaseState, 'step' | 'phase' | 'pause' | 'abandoned'>): string {
  if (step < state.step || state.phase === 'promoted') return '✓'
  if (step > state.step) return ''
  if (state.abandoned !== null) return '✗'
  return state.pause === null ? '▶' : '⏸'
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
