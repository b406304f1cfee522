import type { AnswerTo } from '../api/operations.ts'
import { phaseWords, saysWeight, shareWords } from '../domain/release/release-words.ts'
import { EXIT, type ExitCode } from './failure.ts'
import { renderCard, shortId } from './render.ts'
import { releaseAddress, type Session } from './session.ts'
import { clean } from './text.ts'
import { watchUntilEnded } from './watch-until-ended.ts'

type Card = AnswerTo<'showRelease'>

/** Shows a release until it has ended. Answers with 0 when it was promoted and 1 when it ended otherwise. */
export async function watchRelease(releaseId: string, session: Session): Promise<ExitCode> {
  const watched = {
    look: () => session.api.get<Card>(releaseAddress(releaseId)),
    render: (seen: Card) => renderCard(seen, session.look()),
    head: (seen: Card) => clean(`${seen.service} ${seen.version} → ${seen.environment}, ${shortId(seen.releaseId)}`),
    summary,
  }
  const { phase } = await watchUntilEnded(watched, session)
  return phase === 'promoted' ? EXIT.ok : EXIT.refused
}

function summary(card: Card): string {
  const { phase, step, steps, waiting, reason, rollback } = card
  if (waiting != null) return clean(`${phase}: ${reason ?? ''}`)
  const label = steps[step - 1]?.label
  const place = label === undefined ? '' : `, step ${step} of ${steps.length} (${label})`
  // A new line for a new reason, not for each try.
  const tries = rollback == null ? '' : `; the rollback cannot reach the router: ${rollback.lastError}`
  const share = saysWeight(phase) ? `, ${shareWords(card)}` : ''
  return clean(`${phaseWords(phase)}${place}${share}${tries}`)
}
