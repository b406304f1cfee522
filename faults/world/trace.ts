import type { Instant, Milliseconds } from '../../src/domain/units.ts'
import type { Stretch } from '../check/record.ts'
import type { MapReading } from './map-reading.ts'

/** What the samples of one map have shown so far, as stretches of equal samples. */
export interface Trace {
  readonly add: (at: Instant, reading: MapReading | null) => void
  readonly latest: () => Stretch | null
  /** Stretches that end after this time; older ones are forgotten. */
  readonly since: (from: Instant) => readonly Stretch[]
}

/** A gap between two samples that is longer than this is shown as a stretch without samples. */
const LONGEST_GAP: Milliseconds = 400

export function createTrace(): Trace {
  let stretches: Stretch[] = []
  return {
    add(at, reading) {
      const last = stretches.at(-1)
      if (last !== undefined && isSame(last, reading) && at - last.until <= LONGEST_GAP) {
        stretches[stretches.length - 1] = { ...last, until: at, samples: last.samples + 1 }
        return
      }
      const share = reading?.share ?? null
      stretches.push({ from: at, until: at, share, pins: reading?.pins ?? [], samples: 1 })
    },
    latest: () => stretches.at(-1) ?? null,
    since(from) {
      stretches = stretches.filter(({ until }) => until >= from)
      return stretches
    },
  }
}

function isSame(stretch: Stretch, reading: MapReading | null): boolean {
  if (reading === null || stretch.share === null) return reading === null && stretch.share === null
  return stretch.share === reading.share && stretch.pins.join() === reading.pins.join()
}
