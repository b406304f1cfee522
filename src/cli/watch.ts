import type { ReleaseCard } from '../domain/release-card.ts'
import { parseReleaseId } from '../domain/target.ts'
import { formatWeight, type Milliseconds } from '../domain/units.ts'
import type { LaneView } from '../workflows/messages.ts'
import { ApiRefusal } from './client.ts'
import { CliFailure, EXIT, type ExitCode } from './failure.ts'
import { renderCard, shortId } from './render.ts'
import { jsonLine, laneAddress, releaseAddress, type Session } from './session.ts'
import type { LivePicture } from './terminal.ts'
import { clean } from './text.ts'

const INTERVAL: Milliseconds = 1_000
/** How long a server may be away before the watch gives up. */
const PATIENCE: Milliseconds = 60_000

/** Shows a release until it has ended. Answers with 0 when it was promoted and 1 when it was rolled back. */
export async function watchRelease(releaseId: string, session: Session): Promise<ExitCode> {
  const { terminal } = session
  const screen =
    session.isJson || terminal.live === null ? plainScreen(session) : liveScreen(await terminal.live(), session)
  try {
    for (;;) {
      const seen = await lookPatiently(releaseId, session)
      screen.show(seen)
      if (typeof seen !== 'string' && seen.isEnded) return seen.phase === 'promoted' ? EXIT.ok : EXIT.refused
      await terminal.sleep(INTERVAL)
    }
  } finally {
    screen.done()
  }
}

/** The card, or why there is none yet. */
type Seen = ReleaseCard | string

interface Screen {
  readonly show: (seen: Seen) => void
  readonly done: () => void
}

function liveScreen({ draw, done }: LivePicture, session: Session): Screen {
  return { show: (seen) => draw(typeof seen === 'string' ? [seen] : renderCard(seen, session.look())), done }
}

/** For pipes and logs: a line whenever something has changed. */
function plainScreen({ terminal, isJson }: Session): Screen {
  let before: Seen | null = null
  const lineOf = isJson ? jsonChange : textChange
  return {
    show(seen) {
      for (const line of lineOf(before, seen, terminal.now())) terminal.out(`${line}\n`)
      before = seen
    },
    done: () => undefined,
  }
}

function jsonChange(before: Seen | null, seen: Seen): readonly string[] {
  if (typeof seen === 'string') return []
  const isSame = before !== null && typeof before !== 'string' && summary(before) === summary(seen)
  return isSame && before.trail.length === seen.trail.length ? [] : [jsonLine(seen)]
}

function textChange(before: Seen | null, seen: Seen, now: Milliseconds): readonly string[] {
  if (typeof seen === 'string') return before === seen ? [] : [`${timeOf(now)}  ${seen}`]
  const known = before === null || typeof before === 'string' ? null : before
  const last = known?.trail.at(-1)
  const news = seen.trail.filter(
    ({ at, text }) => last === undefined || at > last.at || (at === last.at && !has(known, at, text)),
  )
  const head =
    known === null ? [clean(`${seen.service} ${seen.version} → ${seen.environment}, ${shortId(seen.releaseId)}`)] : []
  const standing = known !== null && summary(known) === summary(seen) ? [] : [`${timeOf(now)}  ${summary(seen)}`]
  return [...head, ...news.map(({ at, text }) => `${timeOf(at)}  ${clean(text)}`), ...standing]
}

function has(card: ReleaseCard | null, at: Milliseconds, text: string): boolean {
  return card?.trail.some((entry) => entry.at === at && entry.text === text) === true
}

function summary({ phase, step, steps, weight }: ReleaseCard): string {
  const label = steps[step - 1]?.label
  const place = label === undefined ? '' : `, step ${step} of ${steps.length} (${label})`
  return clean(`${phase}${place}, ${formatWeight(weight)} on canary`)
}

function timeOf(at: Milliseconds): string {
  return `${new Date(at).toISOString().slice(11, 19)}Z`
}

/** Asks again while the server is away, for as long as a restart takes. */
async function lookPatiently(releaseId: string, session: Session): Promise<Seen> {
  const { terminal } = session
  const since = terminal.now()
  for (;;) {
    try {
      return await look(releaseId, session)
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

async function look(releaseId: string, { api }: Session): Promise<Seen> {
  try {
    return await api.get<ReleaseCard>(releaseAddress(releaseId))
  } catch (error) {
    const target = parseReleaseId(releaseId)
    if (target === null || !(error instanceof ApiRefusal) || error.problem.code !== 'release.unknown') throw error
    const { queue, running } = await api.get<LaneView>(laneAddress(target))
    const place = queue.findIndex((waiting) => waiting.releaseId === target.releaseId)
    if (place < 0) throw error
    return `${shortId(releaseId)} waits for its turn, ${place + (running === null ? 0 : 1)} before it`
  }
}
