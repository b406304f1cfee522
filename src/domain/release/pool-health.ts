import { formatPercent } from '../units.ts'

/** How many servers of a pool the router would send requests to now, of how many. */
export interface PoolHealth {
  readonly ready: number
  readonly total: number
}

/** Why these pools cannot carry what is to come, as one clause; null when each has enough servers ready. */
export function lackOf(
  health: Readonly<Record<string, PoolHealth>>,
  pools: readonly string[],
  needed: number,
): string | null {
  const lacks = pools.flatMap((pool) => {
    const of = Object.hasOwn(health, pool) ? health[pool] : undefined
    if (of === undefined) return [`the router does not say how ${pool} is`]
    const { ready, total } = of
    if (total > 0 && ready >= needed * total) return []
    const share = total === 0 ? 'it has no server' : `${ready} of ${total} servers ready`
    return [`${pool} has too little capacity: ${share}, ${formatPercent(needed, 3)} needed`]
  })
  return lacks.length === 0 ? null : lacks.join('; ')
}
