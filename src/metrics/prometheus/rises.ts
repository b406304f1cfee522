import type { Gaps } from '../arm.ts'
import { partOf, type Rise } from '../cumulative.ts'

/** The rises by what they count: several queries may each have a part of one, and `1` and `1.0` are one bound. */
export function sumRises(rises: readonly Rise[]): readonly Rise[] {
  const sums = new Map<string, Rise>()
  for (const { measure, by } of rises) {
    const key = `${partOf(measure)} ${measure.kind === 'bucket' ? measure.upToSeconds : ''}`
    sums.set(key, { measure, by: by + (sums.get(key)?.by ?? 0) })
  }
  return [...sums.values()]
}

/** Rises that are counts, and the parts that are not; null when those are requests, without which nothing is known. */
export function soundRises(
  pool: string,
  rises: readonly Rise[],
): { readonly rises: readonly Rise[]; readonly gaps: Gaps } | null {
  const isCount = ({ by }: Rise) => Number.isFinite(by) && by >= 0
  const broken = rises.filter((rise) => !isCount(rise)).map(({ measure }) => partOf(measure))
  if (broken.includes('requests') || broken.includes('errors')) return null
  return {
    rises: rises.filter(isCount),
    gaps: Object.fromEntries(
      broken.map((part) => [part, `what Prometheus holds as ${part} of ${pool} is not a count`]),
    ),
  }
}
