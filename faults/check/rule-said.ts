import type { Milliseconds } from '../../src/domain/units.ts'
import type { WriteFact } from './history.ts'
import { isWrong, type Piece } from './pieces.ts'
import type { CommandSent, ReleaseRecord, Stretch, TargetRecord } from './record.ts'
import type { Violation } from './rules.ts'

/** A write is read back at some moment before its activity ends; the samples around it must have seen that too. */
const MARGIN: Milliseconds = 400
/** Values that stand for less are not seen by every sampler of 20 Hz. */
const SAMPLES_NEEDED = 3
/** Another hand is at the router, or it answers nobody. */
const RESTLESS: readonly string[] = [
  ...(['hand-again', 'hand-once', 'hand-after-end', 'key-lost', 'map-cleared'] as const),
  ...(['haproxy-frozen', 'socket-silent'] as const),
]

/** "Read back" and "rolled back" are said of what the router has shown, and of nothing else. */
export function checkSaid(release: ReleaseRecord, record: TargetRecord): readonly Violation[] {
  const { label, runs } = release
  const readBack = runs.flatMap(({ writes, startedAt }) =>
    writes.filter(({ at, ending }) => ending === 'completed' && at >= startedAt),
  )
  const unseen = readBack.flatMap((write): readonly Violation[] => {
    if (wasSeen(write, record)) return []
    const text = `${write.weight / 100}% on ${write.canary} was confirmed, but no sample shows it`
    return [{ rule: 'said', label, at: write.endedAt ?? write.at, text }]
  })
  return [...unseen, ...checkRolledBack(release), ...checkAborts(release, record)]
}

/** An abort that was taken is not taken back. */
function checkAborts({ label, releaseId, runs }: ReleaseRecord, { commands }: TargetRecord): readonly Violation[] {
  if (runs.at(-1)?.outcome !== 'promoted') return []
  const abort = commands.find((command) => command.releaseId === releaseId && isTaken(command))
  return abort === undefined
    ? []
    : [{ rule: 'said', label, at: abort.answeredAt, text: 'an abort was taken, and the release was promoted' }]
}

function isTaken({ verb, status }: CommandSent): boolean {
  return verb === 'abort' && status === 200
}

/** When all is at rest, the card of the release that was exposed last shows what is live. */
export function checkCard({ releases, until }: TargetRecord, last: Piece | undefined): readonly Violation[] {
  const exposed = releases.find(({ label }) => label === last?.wanted.label)
  if (last === undefined || last.weight === null || isWrong(last) || !exposed || exposed.card === null) return []
  if (exposed.runs.every(({ writes }) => writes.length === 0) || exposed.card.weight === last.weight) return []
  const text = `the card says ${exposed.card.weight / 100}% (${exposed.card.phase}), live is ${last.weight / 100}%`
  return [{ rule: 'said', label: exposed.label, at: until, text }]
}

function checkRolledBack({ label, runs }: ReleaseRecord): readonly Violation[] {
  const last = runs.at(-1)
  if (last?.outcome !== 'rolled-back') return []
  const writes = runs.flatMap((run) => run.writes)
  const at = last.closedAt ?? last.startedAt
  if (writes.length === 0) return [{ rule: 'said', label, at, text: 'rolled back, though nothing had been exposed' }]
  const back = last.writes.at(-1)
  if (back?.ending === 'completed') return []
  return [{ rule: 'said', label, at, text: 'rolled back, though its last write was not confirmed' }]
}

function wasSeen(write: WriteFact, { samples, pools, faults }: TargetRecord): boolean {
  const [from, until] = [write.at - MARGIN, (write.endedAt ?? write.at) + MARGIN]
  const share = write.canary === pools[1] ? write.weight : 10_000 - write.weight
  const within = samples.filter((stretch) => stretch.until >= from && stretch.from <= until)
  if (within.some((stretch) => stretch.share === share)) return true
  // Where another hand was at it, or nobody could look, the samples prove nothing.
  const isDisturbed = faults.some(
    (fault) => RESTLESS.includes(fault.kind) && fault.from <= until && fault.until >= from,
  )
  return isDisturbed || samplesIn(within) < SAMPLES_NEEDED
}

function samplesIn(stretches: readonly Stretch[]): number {
  return stretches.reduce((sum, { share, samples }) => sum + (share === null ? 0 : samples), 0)
}
