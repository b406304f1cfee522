import type { UpdateFact } from './history.ts'
import type { ReleaseRecord, TargetRecord } from './record.ts'
import type { Violation } from './rules.ts'

/** Keys of forged messages begin so: a history that has taken one of them shows it. */
export const FORGED = 'forged-'

/** Reasons of forged messages; the story of a release shows them. */
export const FORGED_REASON = 'forged'
const HARMLESS = 'paused'

/** Nothing beyond an approval without one, no forged message taken, and never two releases at a time. */
export function checkAuthority(record: TargetRecord): readonly Violation[] {
  return [
    ...record.releases.flatMap((release) => checkApproval(release, record)),
    ...record.releases.flatMap(checkForged),
    ...checkOverlap(record),
  ]
}

function checkApproval(release: ReleaseRecord, { script, commands }: TargetRecord): readonly Violation[] {
  const { approvalBefore, weights } = script.plan
  if (approvalBefore === null || release.label !== String(script.number)) return []
  const before = weights[approvalBefore - 1] ?? 0
  const beyond = release.runs.flatMap(({ writes }) => writes).find(({ weight }) => weight > before)
  if (beyond === undefined) return []
  const approval = commands.find(
    ({ releaseId, verb, status, person }) =>
      releaseId === release.releaseId && verb === 'approve' && status === 200 && HONEST.includes(person),
  )
  if (approval !== undefined && approval.at <= beyond.at) return []
  const text = `${beyond.weight / 100}% was requested before anybody in the group had approved`
  return [{ rule: 'authority', label: release.label, at: beyond.at, text }]
}

/** Who may approve what others have started. */
const HONEST: readonly string[] = ['bob', 'carol']

function checkForged({ label, runs, card }: ReleaseRecord): readonly Violation[] {
  const taken = runs.flatMap(({ updates }) => updates).find(isMalformed)
  const effect = card?.trail.find(({ text }) => text.includes(FORGED_REASON) && !text.startsWith(HARMLESS))
  const updates =
    taken === undefined ? [] : [{ at: taken.at, text: `the update ${taken.name} was taken: ${whatOf(taken)}` }]
  const effects = effect === undefined ? [] : [{ at: effect.at, text: `a forged message took effect: ${effect.text}` }]
  return [...updates, ...effects].map((one): Violation => ({ ...one, rule: 'authority', label }))
}

/**
 * What is sent by the door `pause` may pause, whatever verb it carries: anybody who reaches Temporal may do that. Through any
 * other door the campaign sends only what is no command at all.
 */
function isMalformed({ key, person, reason, name }: UpdateFact): boolean {
  return key === null || person === null || reason === null || (key.startsWith(FORGED) && name !== 'pause')
}

function whatOf({ verb, person }: UpdateFact): string {
  return `${verb ?? 'no verb'} by ${person ?? 'nobody'}`
}

/** Only one release of a lane may have anything exposed at a time. After its last word to the router it has nothing. */
function checkOverlap({ releases }: TargetRecord): readonly Violation[] {
  const spans = releases.flatMap(({ label, runs }) => {
    const writes = runs.flatMap((run) => run.writes)
    const [first, last] = [writes[0], writes.at(-1)]
    if (first === undefined || last === undefined) return []
    const isClosed = (runs.at(-1)?.closedAt ?? null) !== null
    return [{ label, from: first.at, until: isClosed ? (last.endedAt ?? last.at) : Number.MAX_SAFE_INTEGER }]
  })
  return spans.flatMap((span, index) =>
    spans.slice(index + 1).flatMap((other): readonly Violation[] => {
      const from = Math.max(span.from, other.from)
      if (from >= Math.min(span.until, other.until)) return []
      const text = `exposed while ${span.label} was open`
      return [{ rule: 'authority', label: other.label, at: from, text }]
    }),
  )
}
