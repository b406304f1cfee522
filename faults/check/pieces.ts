import type { BasisPoints, Instant, Milliseconds } from '../../src/domain/units.ts'
import { type Excuse, isExcused } from './excuses.ts'
import type { Stretch, TargetRecord } from './record.ts'
import { type Wanted, wantedAt } from './target.ts'

/** A piece of time in which nothing changes: neither what is live, nor what is wanted, nor whether it is excused. */
export interface Piece {
  readonly from: Instant
  readonly until: Instant
  readonly wanted: Wanted
  /** Weight of the wanted canary; null while nobody could see it. */
  readonly weight: BasisPoints | null
  readonly isExcused: boolean
}

/** Samples this far apart at most show what was live between them. */
const SEEN_GAP: Milliseconds = 400

/** What is wrong for less is the way from the history's clock to the sampler's: three samples and a bit. */
export const SHORTEST: Milliseconds = 200

/** Cuts the time of a record wherever anything changes. */
export function piecesOf(
  record: Pick<TargetRecord, 'samples' | 'pools' | 'from' | 'until'>,
  timeline: readonly Wanted[],
  excuses: readonly Excuse[],
): readonly Piece[] {
  const cuts = new Set<Instant>([record.from, record.until])
  for (const { from, until } of record.samples) cuts.add(from).add(until)
  for (const { from } of timeline) cuts.add(from)
  for (const { from, until } of excuses) cuts.add(from).add(until)
  const sorted = [...cuts].filter((at) => at >= record.from && at <= record.until).sort((left, right) => left - right)
  const shares = sharesBetween(record.samples)
  return sorted.slice(1).flatMap((until, index) => {
    const from = sorted[index] ?? until
    const middle = (from + until) / 2
    const wanted = wantedAt(timeline, middle)
    if (wanted === null || until === from) return []
    const share = shares(middle)
    const weight = share === null ? null : wanted.canary === record.pools[1] ? share : 10_000 - share
    return [{ from, until, wanted, weight, isExcused: isExcused(excuses, middle) }]
  })
}

/** What was live at moments that are asked for in rising order. */
function sharesBetween(samples: readonly Stretch[]): (at: Instant) => BasisPoints | null {
  let index = 0
  return (at) => {
    while ((samples[index + 1]?.from ?? Number.POSITIVE_INFINITY) <= at) index += 1
    const stretch = samples[index]
    if (stretch === undefined || at < stretch.from || at > stretch.until + SEEN_GAP) return null
    return stretch.share
  }
}

/** Pieces one after the other for which something holds, as one from the first to the last. */
export function joined(pieces: readonly Piece[], holds: (piece: Piece) => boolean): readonly (readonly Piece[])[] {
  const runs: Piece[][] = []
  let isOpen = false
  for (const piece of pieces) {
    if (!holds(piece)) {
      isOpen = false
      continue
    }
    if (isOpen) runs.at(-1)?.push(piece)
    else runs.push([piece])
    isOpen = true
  }
  return runs
}

export function isWrong({ weight, wanted }: Piece): boolean {
  return weight !== null && (weight < wanted.least || weight > wanted.most)
}
