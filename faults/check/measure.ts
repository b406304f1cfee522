import type { Instant, Milliseconds } from '../../src/domain/units.ts'
import { FAULT_KINDS } from '../kinds.ts'
import { isWrong, joined, type Piece, piecesOf, SHORTEST } from './pieces.ts'
import type { CommandSent, FaultSpan, HealthSpan, TargetRecord } from './record.ts'
import { targetTimeline } from './target.ts'

/** One thing that was measured: a fault until the right weight, an abort until 0 … in milliseconds. */
export interface Measured {
  /** A kind of fault, or one of the measures that have goals. */
  readonly what: FaultSpan['kind'] | Goal
  readonly took: Milliseconds
}

/** Measures with a goal, by the sentence that tells what they are. */
export const GOALS = {
  'abort accepted → 0 sampled, nothing else wrong': 'p99 ≤ 250 ms',
  'abort sent → 0 sampled, one of two workers frozen': '≤ 3 s',
  'canary turns bad → 0 sampled, one of two workers frozen': '≤ 2 looks + 5 s',
  'canary turns bad → 0 sampled': '',
} as const

export type Goal = keyof typeof GOALS

/** What a record tells about times. Pure. */
export function measure(record: TargetRecord): readonly Measured[] {
  const timeline = targetTimeline(record)
  const pieces = piecesOf(record, timeline, [])
  return [
    ...record.faults.flatMap((fault) => measureFault(fault, record, pieces)),
    ...record.commands.flatMap((command) => measureAbort(command, record, pieces)),
    ...record.health.flatMap((span) => measureRollback(span, record, pieces)),
  ]
}

/** From the fault, or from its end where nobody could act before it, until the weight was right for good. */
function measureFault(fault: FaultSpan, record: TargetRecord, pieces: readonly Piece[]): readonly Measured[] {
  if (fault.kind === 'machine-stalled') return []
  const { excuses } = FAULT_KINDS[fault.kind]
  if (excuses === 'nothing') return []
  const start = excuses === 'from-end' ? fault.until : fault.from
  const consequence = joined(pieces, (piece) => isWrong(piece) || piece.weight === null)
    .map(spanOf)
    .filter(({ from, until, wrong }) => wrong >= SHORTEST && from <= fault.until + AFTERMATH && until > fault.from)
  const until = Math.max(start, ...consequence.map((span) => span.until))
  // What is wrong while another fault is at it is not told apart from what that one does.
  if (until >= record.until || othersIn(record, fault, fault.from, until).length > 0) return []
  return [{ what: fault.kind, took: until - start }]
}

/** What begins to be wrong later than this is no consequence of the fault any more. */
const AFTERMATH: Milliseconds = 3_000

/** From the first to the last wrong moment of pieces one after the other, and for how long it was seen to be wrong. */
function spanOf(run: readonly Piece[]) {
  const wrong = run.filter(isWrong)
  return {
    from: wrong[0]?.from ?? 0,
    until: wrong.at(-1)?.until ?? 0,
    wrong: wrong.reduce((sum, { from, until }) => sum + until - from, 0),
  }
}

/** What else the product had to bear between two moments. */
function othersIn(
  { faults }: TargetRecord,
  self: Pick<FaultSpan, 'kind' | 'from'>,
  from: Instant,
  until: Instant,
): readonly FaultSpan[] {
  return faults.filter((fault) => {
    const isSelf = fault.kind === self.kind && fault.from === self.from
    return !isSelf && !FAULTLESS.includes(fault.kind) && fault.from <= until && fault.until + AFTERMATH >= from
  })
}

/** Words of people leave the product as well as it was. */
const FAULTLESS: readonly string[] = Object.entries(FAULT_KINDS).flatMap(([name, { group }]) =>
  group === 'people' ? [name] : [],
)

function measureAbort(command: CommandSent, record: TargetRecord, pieces: readonly Piece[]): readonly Measured[] {
  const { verb, status, at, answeredAt } = command
  if (verb !== 'abort' || status !== 200) return []
  const before = pieces.findLast((piece) => piece.from <= at)
  if (before === undefined || (before.weight ?? 0) === 0) return []
  const zero = pieces.find((piece) => piece.from >= at && isGone(piece, before))
  if (zero === undefined) return []
  const others = othersIn(record, { kind: 'abort', from: at }, at, zero.from)
  if (others.length === 0) {
    return [{ what: 'abort accepted → 0 sampled, nothing else wrong', took: Math.max(0, zero.from - answeredAt) }]
  }
  return isOneFrozenAt(others, at)
    ? [{ what: 'abort sent → 0 sampled, one of two workers frozen', took: zero.from - at }]
    : []
}

function isOneFrozenAt(faults: readonly FaultSpan[], at: Instant): boolean {
  return faults.every(({ kind, from, until }) => kind === 'worker-frozen' && from <= at && at <= until)
}

/** Nobody is on what was the canary. */
function isGone({ weight, wanted }: Piece, before: Piece): boolean {
  return wanted.canary === before.wanted.canary ? weight === 0 : weight === 10_000
}

function measureRollback(span: HealthSpan, record: TargetRecord, pieces: readonly Piece[]): readonly Measured[] {
  if (record.script.plan.onFail !== 'rollback' || span.failing < 0.3) return []
  const begin = pieces.find((piece) => piece.until > span.from && (piece.weight ?? 0) > 0)
  if (begin === undefined || begin.wanted.isHeldByLane) return []
  const from = Math.max(span.from, begin.from)
  const zero = pieces.find((piece) => piece.from >= from && isGone(piece, begin))
  if (zero === undefined) return []
  const took = zero.from - from
  const others = othersIn(record, span, from, zero.from)
  if (others.length === 0) return [{ what: 'canary turns bad → 0 sampled', took }]
  return isOneFrozenAt(others, from) ? [{ what: 'canary turns bad → 0 sampled, one of two workers frozen', took }] : []
}
