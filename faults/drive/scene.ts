import type { Instant, Milliseconds } from '../../src/domain/units.ts'
import type { CommandSent, FaultSpan, HealthSpan } from '../check/record.ts'
import type { FaultName } from '../kinds.ts'
import type { ReleaseScript } from '../script/script.ts'
import type { Service, World } from '../world/world.ts'

/** What all releases of a wave share. */
export interface Wave {
  readonly world: World
  readonly seed: number
  readonly number: number
  /** Faults that struck everybody. */
  readonly faults: FaultSpan[]
  /** Resolves when the last act of the world is over. */
  readonly worldIsOver: Promise<void>
  readonly say: (text: string) => void
}

/** One release on its service, and what has been done to it so far. */
export interface Scene {
  readonly wave: Wave
  readonly service: Service
  readonly script: ReleaseScript
  /** Which of the two pools is the canary. */
  readonly canary: 0 | 1
  readonly releaseId: string
  readonly faults: FaultSpan[]
  readonly health: HealthSpan[]
  readonly commands: CommandSent[]
  /** Asks for another release of the same service. */
  readonly startAnother: (whenBusy: 'reject' | 'queue' | 'replace') => void
}

/** When the last fault that reached this release was over; a machine that stood still counts as one. */
export function lastFaultOf({
  wave,
  faults,
}: {
  readonly wave: Wave
  readonly faults: readonly FaultSpan[]
}): Milliseconds {
  const stalled = wave.world.stalls().at(-1)?.until ?? 0
  return Math.max(stalled, ...[...wave.faults, ...faults].map(({ until }) => until))
}

/** Notes a fault of an instant. */
export function noteFault(spans: FaultSpan[], kind: FaultName, note = '', at: Instant = Date.now()): void {
  spans.push({ kind, from: at, until: at, note })
}

/** Notes a fault that lasts as long as `body` takes; noted while it lasts, as one without an end yet. */
export async function whileFaulty(
  spans: FaultSpan[],
  kind: FaultName,
  note: string,
  body: () => Promise<void>,
): Promise<void> {
  const from = Date.now()
  const index = spans.push({ kind, from, until: Number.MAX_SAFE_INTEGER, note }) - 1
  try {
    await body()
  } finally {
    spans[index] = { kind, from, until: Date.now(), note }
  }
}

/** The share of the second pool at which the canary has this weight. */
export function shareFor(canary: 0 | 1, weight: number): number {
  return canary === 1 ? weight : 10_000 - weight
}

/** The weight of the canary at this share of the second pool. */
export function weightAt(canary: 0 | 1, share: number): number {
  return canary === 1 ? share : 10_000 - share
}
