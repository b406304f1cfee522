import type { Pause } from './release-events.ts'

/** Pauses for something that a look would only find again: the router is kept, and nothing is judged. */
const KEEPS_ONLY: readonly Pause['cause'][] = ['failed-check', 'router', 'split', 'drift']

/** How much of the guard's work rests in this pause: all but its reading of the router, everything, or nothing. */
type Rest = 'judging' | 'judging-and-floor' | 'everything' | 'nothing'

/** What the guard leaves alone in this pause, because people know it or are to decide. */
export function restIn({ cause, asksToGoBack }: Pick<Pause, 'cause' | 'asksToGoBack'>): Rest {
  if (cause === 'foreign-change') return 'everything'
  if (asksToGoBack === true) return 'judging-and-floor'
  return KEEPS_ONLY.includes(cause) ? 'judging' : 'nothing'
}

const RISING: readonly Rest[] = ['nothing', 'judging', 'judging-and-floor', 'everything']

/** True when what was found in a pause is to take its place: the guard would find it again with each look. */
export function isWorse(found: Pause, before: Pause): boolean {
  return RISING.indexOf(restIn(found)) > RISING.indexOf(restIn(before))
}
