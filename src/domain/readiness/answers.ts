import type { TargetId } from '../target.ts'
import type { Instant } from '../units.ts'

/** What a team should know before a release begins, in the order in which it is told. */
export const READINESS_ITEMS = [
  'routing',
  'metrics',
  'traffic',
  'way-back',
  'capacity',
  'undo',
  'names',
  'version',
  'background',
  'automatic',
  'rehearsal',
] as const

export type ReadinessItem = (typeof READINESS_ITEMS)[number]

/** The answer to one question. `unknown` is never a yes: who wants to do without it says so in the plan. */
export type ReadinessAnswer =
  | { readonly outcome: 'pass'; readonly text: string }
  | { readonly outcome: 'fail' | 'unknown'; readonly text: string; readonly fix: string }

type ReadinessLine = { readonly item: ReadinessItem } & ReadinessAnswer

/** All answers, and what they hold for: another plan, configuration or version has answers of its own. Plain JSON. */
export interface ReadinessAnswers {
  readonly at: Instant
  /** Null where nobody said which version is to be released. */
  readonly version: string | null
  readonly planHash: string
  readonly configHash: string
  readonly lines: readonly ReadinessLine[]
}

/** The lines that keep the gate of a plan shut which does without some. */
export function openLines(
  { lines }: Pick<ReadinessAnswers, 'lines'>,
  without: readonly ReadinessItem[],
): readonly ReadinessLine[] {
  return lines.filter(({ item, outcome }) => outcome !== 'pass' && !without.includes(item))
}

/** What is said of a gate that has opened. */
export function readyText(without: readonly ReadinessItem[]): string {
  return `it is ready${without.length === 0 ? '' : `, the plan does without ${without.join(', ')}`}`
}

/** The answers in one line: `9 of 11 answers are yes, not traffic and rehearsal`. */
export function readinessText({ lines }: Pick<ReadinessAnswers, 'lines'>): string {
  const open = openLines({ lines }, [])
  const yes = `${lines.length - open.length} of ${lines.length} answers are yes`
  return open.length === 0 ? yes : `${yes}, not ${open.map(({ item }) => item).join(', ')}`
}

/** What the answers come to, in one line: `checkout 2.4.0 in production is not ready: 2 of 11 questions are open`. */
export function readinessTitle(
  { service, environment }: TargetId,
  { version, lines }: Pick<ReadinessAnswers, 'version' | 'lines'>,
  isReady: boolean,
): string {
  const what = version === null ? service : `${service} ${version}`
  const open = openLines({ lines }, []).length
  return `${what} in ${environment} is ${isReady ? 'ready' : `not ready: ${open} of ${lines.length} questions are open`}`
}

export function pass(text: string): ReadinessAnswer {
  return { outcome: 'pass', text }
}

export function fail(text: string, fix: string): ReadinessAnswer {
  return { outcome: 'fail', text, fix }
}

export function unknown(text: string, fix: string): ReadinessAnswer {
  return { outcome: 'unknown', text, fix }
}
