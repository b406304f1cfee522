import type { Instant, Milliseconds } from '../../src/domain/units.ts'
import { FAULT_KINDS, type FaultKind, LANE_PATIENCE, USUAL_PATIENCE } from '../kinds.ts'
import type { FaultSpan, TargetRecord } from './record.ts'
import { type Wanted, wantedAt } from './target.ts'

/** A stretch of time in which a wrong weight is nobody's fault yet. */
export interface Excuse {
  readonly from: Instant
  readonly until: Instant
}

/** Histories and samples are of one clock, but a history's time is that of the task before the act. */
const CLOCK: Milliseconds = 200

/**
 * How long each fault, and each word that takes users back, excuses a wrong weight: from its beginning, or from its end where
 * nobody could act while it lasted, for two looks and the patience of its kind; longer where the lane is the keeper.
 */
export function excusesOf(record: TargetRecord, timeline: readonly Wanted[]): readonly Excuse[] {
  const looks = 2 * record.interval
  const faults = record.faults.flatMap((fault) => excusesOfFault(fault, looks, timeline))
  const words = timeline.flatMap((wanted, index) => {
    const before = timeline[index - 1]
    return before !== undefined && isLess(wanted, before)
      ? [{ from: wanted.from - CLOCK, until: wanted.from + patienceAt(wanted.from, looks + USUAL_PATIENCE, timeline) }]
      : []
  })
  return [...faults, ...words]
}

/** Whether a moment is excused. */
export function isExcused(excuses: readonly Excuse[], at: Instant): boolean {
  return excuses.some(({ from, until }) => from <= at && at <= until)
}

function excusesOfFault({ kind, from, until }: FaultSpan, looks: Milliseconds, timeline: readonly Wanted[]) {
  const { excuses, patience } = kindOf(kind)
  const after = (at: Instant) => at + patienceAt(at, looks + patience, timeline)
  switch (excuses) {
    case 'nothing':
      return []
    case 'from-end':
      return [{ from: from - CLOCK, until: after(until) }]
    case 'from-beginning':
      // Its end is a change as well: what was frozen goes on where it stood.
      return [
        { from: from - CLOCK, until: after(from) },
        { from: until - CLOCK, until: after(until) },
      ]
  }
}

const STALLED = { excuses: 'from-end', patience: USUAL_PATIENCE } as const

export function kindOf(kind: FaultSpan['kind']): Pick<FaultKind, 'excuses' | 'patience'> {
  return kind === 'machine-stalled' ? STALLED : FAULT_KINDS[kind]
}

/** The lane has its own patience, also where a release ends while its own runs. */
function patienceAt(at: Instant, patience: Milliseconds, timeline: readonly Wanted[]): Milliseconds {
  const isLanes = [at, at + patience].some((moment) => wantedAt(timeline, moment)?.isHeldByLane ?? true)
  return isLanes ? Math.max(patience, LANE_PATIENCE) : patience
}

/** True when less of the same canary is right than before, or when the canary is another pool. */
function isLess(now: Wanted, before: Wanted): boolean {
  return now.canary === before.canary ? now.most < before.most : now.most < 10_000 - before.least
}
