import type { UpdateFact } from './history.ts'
import type { ReleaseRecord, TargetRecord } from './record.ts'
import type { Violation } from './rules.ts'

/** Keys of forged messages begin so: a history that has taken one of them shows it. */
export const FORGED = 'forged-'

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
  const text = `${beyond.weight / 100} % was asked for before anybody of the group had approved`
  return [{ rule: 'authority', label: release.label, at: beyond.at, text }]
}

/** Who may approve what others have started. */
const HONEST: readonly string[] = ['bob', 'carol']

function checkForged({ label, runs }: ReleaseRecord): readonly Violation[] {
  const taken = runs.flatMap(({ updates }) => updates).find(isForged)
  if (taken === undefined) return []
  const text = `the update ${taken.name} was taken though it carried ${taken.verb ?? 'no verb'} by ${taken.person ?? 'nobody'}`
  return [{ rule: 'authority', label, at: taken.at, text }]
}

/** Commands that come through the API have a key, and the verb that the update is named after. */
function isForged({ key, verb, name }: UpdateFact): boolean {
  return key === null || key.startsWith(FORGED) || verb !== name
}

/** Only one release of a lane may have anything exposed at a time. */
function checkOverlap({ releases }: TargetRecord): readonly Violation[] {
  const spans = releases.flatMap(({ label, runs }) => {
    const first = runs.flatMap(({ writes }) => writes)[0]
    return first === undefined
      ? []
      : [{ label, from: first.at, until: runs.at(-1)?.closedAt ?? Number.MAX_SAFE_INTEGER }]
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
