import type { ArmNames } from '../../domain/arm-names.ts'
import { formatDuration, type Instant, type Milliseconds } from '../../domain/units.ts'

/** Restarts of both pools' processes, look by look, newest last. Plain JSON. */
export type RestartState = readonly { readonly at: Instant; readonly canary: number; readonly stable: number }[]

/** Restarts are counted over so long … */
const WINDOW: Milliseconds = 300_000
/** … and so many on the canary, with none on stable, are a version that does not stay up. */
const AGAIN_AND_AGAIN = 3

export type RestartStanding = { readonly kind: 'none' } | { readonly kind: 'some' | 'failing'; readonly reason: string }

/** One look; a look without restarts leaves no trace. */
export function judgeRestarts(
  state: RestartState,
  look: { readonly at: Instant; readonly canary: number; readonly stable: number },
  names: ArmNames,
): { readonly state: RestartState; readonly standing: RestartStanding } {
  const kept = state.filter(({ at }) => at > look.at - WINDOW)
  const all = look.canary > 0 || look.stable > 0 ? [...kept, look] : kept
  const [canary, stable] = [sumOf(all, 'canary'), sumOf(all, 'stable')]
  const [first] = all.filter((one) => one.canary > 0)
  // Many processes that restart once each, one after the other, need many looks to be told from one that does not stay up.
  const next = all.slice(-MOST)
  if (first === undefined) return { state: next, standing: { kind: 'none' } }
  const times = canary === 1 ? 'a process' : `processes ${canary} times`
  const within = `within ${formatDuration(Math.max(1_000, look.at - first.at))}`
  const reason =
    canary === 1 ? `${times} of ${names.canary} has restarted` : `${names.canary} has restarted ${times} ${within}`
  const said = `${reason}, ${stable === 0 ? 'none' : stable} of ${names.stable}`
  return {
    state: next,
    standing: { kind: canary >= AGAIN_AND_AGAIN && stable === 0 ? 'failing' : 'some', reason: said },
  }
}

const MOST = 20

function sumOf(state: RestartState, arm: 'canary' | 'stable'): number {
  return state.reduce((sum, one) => sum + one[arm], 0)
}
