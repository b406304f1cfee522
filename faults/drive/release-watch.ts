import { setTimeout as sleep } from 'node:timers/promises'
import type { Instant, Milliseconds } from '../../src/domain/units.ts'
import { SEARCH_ATTRIBUTES } from '../../src/workflows/search-attributes.ts'
import type { World } from '../world/world.ts'

/** What Temporal says of a release from time to time. Nothing is asked of its workers. */
export interface ReleaseWatch {
  /** `baking`, `paused`, `waiting` …; empty before the first answer. */
  readonly phase: () => string
  /** When it was first seen in this phase. */
  readonly phaseSince: () => Instant
  readonly closedAt: () => Instant | null
  readonly stop: () => void
}

const PERIOD: Milliseconds = 500

export function watchRelease({ client }: Pick<World, 'client'>, releaseId: string): ReleaseWatch {
  const handle = client.workflow.getHandle(releaseId)
  let [phase, phaseSince] = ['', Date.now()]
  let closedAt: Instant | null = null
  let isStopped = false

  async function look(): Promise<void> {
    const described = await client.withDeadline(Date.now() + 2_000, () => handle.describe())
    const isOpen = described.status.name === 'RUNNING'
    closedAt = isOpen ? null : (described.closeTime?.getTime() ?? Date.now())
    const now = described.typedSearchAttributes.get(SEARCH_ATTRIBUTES.phase) ?? ''
    if (now !== phase) [phase, phaseSince] = [now, Date.now()]
  }

  async function watch(): Promise<void> {
    while (!isStopped) {
      // Temporal may be down just now; that is no news of the release.
      await look().catch(() => undefined)
      await sleep(PERIOD)
    }
  }
  void watch()
  return {
    phase: () => phase,
    phaseSince: () => phaseSince,
    closedAt: () => closedAt,
    stop: () => {
      isStopped = true
    },
  }
}
