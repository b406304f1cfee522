import type { AnswerTo } from '../api/operations.ts'
import { phaseWords, saysWeight, shareWords } from '../domain/release/release-words.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'
import { ApiRefusal } from './client.ts'
import { CliFailure, EXIT, type ExitCode } from './failure.ts'
import { renderCard, shortId } from './render.ts'
import { jsonLine, releaseAddress, type Session } from './session.ts'
import type { LivePicture } from './terminal.ts'
import { clean } from './text.ts'

type Card = AnswerTo<'showRelease'>

const INTERVAL: Milliseconds = 1_000
/** How long a server may be away before the watch gives up. */
const PATIENCE: Milliseconds = 60_000

/** Shows a release until it has ended. Answers with 0 when it was promoted and 1 when it ended otherwise. */
export async function watchRelease(releaseId: string, session: Session): Promise<ExitCode> {
  const { terminal } = session
  const screen =
    session.isJson || terminal.live === null ? plainScreen(session) : liveScreen(await terminal.live(), session)
  try {
    for (;;) {
      const seen = await lookPatiently(releaseId, session)
      screen.show(seen)
      if (seen.isEnded) return seen.phase === 'promoted' ? EXIT.ok : EXIT.refused
      await terminal.sleep(INTERVAL)
    }
  } finally {
    screen.done()
  }
}

interface Screen {
  readonly show: (seen: Card) => void
  readonly done: () => void
}

function liveScreen({ draw, done }: LivePicture, session: Session): Screen {
  return { show: (seen) => draw([...renderCard(seen, session.look())]), done }
}

/** For pipes and logs: a line whenever something has changed. */
function plainScreen({ terminal, isJson }: Session): Screen {
  let before: Card | null = null
  const lineOf = isJson ? jsonChange : textChange
  return {
    show(seen) {
      for (const line of lineOf(before, seen, terminal.now())) terminal.out(`${line}\n`)
      before = seen
    },
    done: () => undefined,
  }
}

function jsonChange(before: Card | null, seen: Card): readonly string[] {
  const isSame = before !== null && summary(before) === summary(seen)
  return isSame && before.trail.length === seen.trail.length ? [] : [jsonLine(seen)]
}

function textChange(known: Card | null, seen: Card, now: Instant): readonly string[] {
  const last = known?.trail.at(-1)
  const news = seen.trail.filter(
    ({ at, text }) => last === undefined || at > last.at || (at === last.at && !has(known, at, text)),
  )
  const head =
    known === null ? [clean(`${seen.service} ${seen.version} → ${seen.environment}, ${shortId(seen.releaseId)}`)] : []
  const standing = known !== null && summary(known) === summary(seen) ? [] : [`${timeOf(now)}  ${summary(seen)}`]
  return [...head, ...news.map(({ at, text }) => `${timeOf(at)}  ${clean(text)}`), ...standing]
}

function has(card: Card | null, at: Instant, text: string): boolean {
  return card?.trail.some((entry) => entry.at === at && entry.text === text) === true
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

function timeOf(at: Instant): string {
  return `${new Date(at).toISOString().slice(11, 19)}Z`
}

/** Asks again while the server is away, for as long as a restart takes. */
async function lookPatiently(releaseId: string, session: Session): Promise<Card> {
  const { terminal } = session
  const since = terminal.now()
  for (;;) {
    try {
      return await session.api.get<Card>(releaseAddress(releaseId))
    } catch (error) {
      if (!isPassing(error) || terminal.now() - since >= PATIENCE) throw error
      await terminal.sleep(INTERVAL)
    }
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof ApiRefusal) return error.problem.status >= 500
  return error instanceof CliFailure && error.exitCode === EXIT.unreachable
}
