import type { ProblemPath } from '../../problems.ts'
import { formatDuration, type Milliseconds, writeDuration } from '../../units.ts'
import type { StepContext } from './step-kind.ts'

const SHORTEST_INTERVAL: Milliseconds = 1_000

/** Reports a stretch that is over before the guard has looked: it would be held until the guard has. */
export function reportUnseen(
  duration: Milliseconds,
  path: ProblemPath,
  { interval, report }: Pick<StepContext, 'interval' | 'report'>,
): void {
  if (interval === undefined || duration >= interval) return
  const shorter = duration < SHORTEST_INTERVAL ? '' : `, or set interval to at most ${writeDuration(duration)}`
  report({
    rule: 'bake-too-short',
    path,
    message: `this ends before the guard has looked: it looks every ${formatDuration(interval)}`,
    received: formatDuration(duration),
    expected: `at least ${writeDuration(interval)}, better twice that`,
    fix: `lengthen it${shorter}`,
  })
}
