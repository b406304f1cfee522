import type { RecordedWindow } from '../../domain/observation.ts'
import type { Instant } from '../../domain/units.ts'

/**
 * The past of stable from the past of both pools, whichever was stable when: in each window the pool with more requests.
 */
export function stableOf(
  first: readonly RecordedWindow[],
  second: readonly RecordedWindow[],
): readonly RecordedWindow[] {
  const byEnd = new Map<Instant, RecordedWindow>()
  for (const window of [...first, ...second]) {
    const known = byEnd.get(window.end)
    if (known === undefined || window.counts.requests > known.counts.requests) byEnd.set(window.end, window)
  }
  return [...byEnd.values()].toSorted((left, right) => left.end - right.end)
}
