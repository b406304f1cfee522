import { formatDuration, type Instant, type Milliseconds } from '../../src/domain/units.ts'
import { excusesOf } from './excuses.ts'
import { isWrong, joined, type Piece, piecesOf, SHORTEST } from './pieces.ts'
import type { FaultSpan, ReleaseRecord, TargetRecord } from './record.ts'
import { checkAuthority } from './rule-authority.ts'
import { checkCard, checkSaid } from './rule-said.ts'
import { targetTimeline } from './target.ts'

export const RULES = {
  above: 'more users on the canary than the records want, longer than two looks and 2 s after the fault',
  end: 'a wrong weight after the end of a release',
  stuck: 'neither ended nor waiting for a person 60 s after the last fault, or a lane that is not free',
  promoted: 'a canary was promoted that failed half of its requests or more',
  said: 'a record says of the router what it did not show',
  authority: 'something took effect that nobody with the authority had requested',
} as const

export type Rule = keyof typeof RULES

export interface Violation {
  readonly rule: Rule
  /** Label of the release, such as `17`. */
  readonly label: string
  readonly at: Instant
  readonly text: string
}

/** A canary that has failed for so long was seen by looks of every metric source. */
const BAD_FOR: Milliseconds = 5_000

/** Everything that is wrong with one target in one wave. Pure: the same record gives the same answer. */
export function checkRecord(record: TargetRecord): readonly Violation[] {
  const timeline = targetTimeline(record)
  const pieces = piecesOf(record, timeline, excusesOf(record, timeline))
  const violations = [
    ...checkWeights(record, pieces),
    ...record.releases.flatMap((release) => checkStanding(release)),
    ...checkLane(record),
    ...record.releases.flatMap((release) => checkPromotion(release, record)),
    ...record.releases.flatMap((release) => checkSaid(release, record)),
    ...checkCard(record, pieces.at(-1)),
    ...checkAuthority(record),
  ]
  return violations.toSorted((left, right) => left.at - right.at)
}

/** One violation for each stretch of wrong weights, however often patience begins anew in it. */
function checkWeights(record: TargetRecord, pieces: readonly Piece[]): readonly Violation[] {
  const isTooMuch = (piece: Piece) =>
    isWrong(piece) && (piece.wanted.isHeldByLane || (piece.weight ?? 0) > piece.wanted.most)
  return joined(pieces, (piece) => isTooMuch(piece) || piece.weight === null).flatMap((run): readonly Violation[] => {
    const bad = run.filter((piece) => isTooMuch(piece) && !piece.isExcused)
    const lasted = bad.reduce((sum, { from, until }) => sum + until - from, 0)
    const [first] = bad
    if (first === undefined || lasted < SHORTEST) return []
    const { wanted, from, weight } = first
    const rule = wanted.isHeldByLane ? 'end' : 'above'
    const right = wanted.least === wanted.most ? percent(wanted.most) : `at most ${percent(wanted.most)}`
    const stretch = `for ${formatDuration(Math.round(lasted))} after all patience`
    const what = `${percent(weight ?? 0)} on ${wanted.canary} where ${right} is right, ${stretch}`
    return [{ rule, label: wanted.label ?? String(record.script.number), at: from, text: what }]
  })
}

function checkStanding({ label, standing }: ReleaseRecord): readonly Violation[] {
  const { at } = standing
  switch (standing.kind) {
    case 'ended':
      return []
    case 'stuck': {
      const text = `${standing.phase}, ${standing.reason ?? 'no reason given'}, 60 s after the last fault`
      return [{ rule: 'stuck', label, at, text }]
    }
    case 'held':
      if (standing.leftAfter !== null) return []
      return [{ rule: 'stuck', label, at, text: `${standing.phase}, and an abort did not end it within 30 s` }]
  }
}

function checkLane(record: TargetRecord): readonly Violation[] {
  const { lane, script, until, releases } = record
  const label = String(script.number)
  // A release that does not end holds its lane, and is told of already.
  if (releases.some((release) => checkStanding(release).length > 0)) return []
  if (lane === null) return [{ rule: 'stuck', label, at: until, text: 'the lane does not answer' }]
  if (lane.running === null && lane.waiting === 0) return []
  const text = `the lane has ${lane.running ?? 'nothing'} running and ${lane.waiting} waiting when all is over`
  return [{ rule: 'stuck', label, at: until, text }]
}

function checkPromotion({ label, runs }: ReleaseRecord, { health, faults }: TargetRecord): readonly Violation[] {
  const last = runs.at(-1)
  const final = last?.writes.at(-1)
  if (last?.outcome !== 'promoted' || final?.endedAt === undefined || final.endedAt === null) return []
  // Then it was decided; what follows is only said.
  const { canary, endedAt: at } = final
  const bad = health.find(
    ({ pool, from, until, failing }) =>
      pool === canary && failing >= 0.5 && until >= at && at - from - stalledIn(faults, from, at) >= BAD_FOR,
  )
  if (bad === undefined) return []
  const text = `${bad.kind}: ${percent(bad.failing * 10_000)} of its requests failed for ${formatDuration(Math.round(at - bad.from))} before`
  return [{ rule: 'promoted', label, at, text }]
}

/** For how long of a time the machine stood still, so that nobody could look. */
function stalledIn(faults: readonly FaultSpan[], from: Instant, until: Instant): Milliseconds {
  return faults
    .filter(({ kind }) => kind === 'machine-stalled')
    .reduce((sum, stall) => sum + Math.max(0, Math.min(stall.until, until) - Math.max(stall.from, from)), 0)
}

function percent(weight: number): string {
  return `${Number((weight / 100).toFixed(2))}%`
}
