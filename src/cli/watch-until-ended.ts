import type { Instant, Milliseconds } from '../domain/units.ts'
import { ApiRefusal } from './client.ts'
import { CliFailure, EXIT } from './failure.ts'
import { jsonLine, type Session } from './session.ts'
import type { LivePicture } from './terminal.ts'
import { clean } from './text.ts'

/** What is followed until it has ended. */
interface Watched<Seen extends Followed> {
  readonly look: () => Promise<Seen>
  /** The whole of it, for a terminal that is drawn anew. */
  readonly render: (seen: Seen) => readonly string[]
  /** The first line of all, for pipes and logs. */
  readonly head: (seen: Seen) => string
  /** Where it stands, in one line; a new line for each that differs. */
  readonly summary: (seen: Seen) => string
}

interface Followed {
  readonly isEnded: boolean
  readonly trail: readonly { readonly at: Instant; readonly text: string }[]
}

const INTERVAL: Milliseconds = 1_000
/** How long a server may be away before the watch gives up. */
const PATIENCE: Milliseconds = 60_000

/** Shows something until it has ended, and answers with how it stood then. */
export async function watchUntilEnded<Seen extends Followed>(watched: Watched<Seen>, session: Session): Promise<Seen> {
  const { terminal } = session
  const screen =
    session.isJson || terminal.live === null
      ? plainScreen(watched, session)
      : liveScreen(await terminal.live(), watched)
  try {
    for (;;) {
      const seen = await lookPatiently(watched, session)
      screen.show(seen)
      if (seen.isEnded) return seen
      await terminal.sleep(INTERVAL)
    }
  } finally {
    screen.done()
  }
}

interface Screen<Seen> {
  readonly show: (seen: Seen) => void
  readonly done: () => void
}

function liveScreen<Seen extends Followed>({ draw, done }: LivePicture, { render }: Watched<Seen>): Screen<Seen> {
  return { show: (seen) => draw([...render(seen)]), done }
}

/** For pipes and logs: a line whenever something has changed. */
function plainScreen<Seen extends Followed>(watched: Watched<Seen>, { terminal, isJson }: Session): Screen<Seen> {
  let before: Seen | null = null
  const linesOf = isJson ? jsonChange<Seen> : textChange<Seen>
  return {
    show(seen) {
      for (const line of linesOf(before, seen, watched, terminal.now())) terminal.out(`${line}\n`)
      before = seen
    },
    done: () => undefined,
  }
}

function jsonChange<Seen extends Followed>(
  before: Seen | null,
  seen: Seen,
  { summary }: Watched<Seen>,
): readonly string[] {
  const isSame = before !== null && summary(before) === summary(seen)
  return isSame && before.trail.length === seen.trail.length ? [] : [jsonLine(seen)]
}

function textChange<Seen extends Followed>(
  known: Seen | null,
  seen: Seen,
  { head, summary }: Watched<Seen>,
  now: Instant,
): readonly string[] {
  const last = known?.trail.at(-1)
  const news = seen.trail.filter(
    ({ at, text }) => last === undefined || at > last.at || (at === last.at && !has(known, at, text)),
  )
  const first = known === null ? [head(seen)] : []
  const standing = known !== null && summary(known) === summary(seen) ? [] : [`${timeOf(now)}  ${summary(seen)}`]
  return [...first, ...news.map(({ at, text }) => `${timeOf(at)}  ${clean(text)}`), ...standing]
}

function has(known: Followed | null, at: Instant, text: string): boolean {
  return known?.trail.some((entry) => entry.at === at && entry.text === text) === true
}

function timeOf(at: Instant): string {
  return `${new Date(at).toISOString().slice(11, 19)}Z`
}

/** Asks again while the server is away, for as long as a restart takes. */
async function lookPatiently<Seen extends Followed>({ look }: Watched<Seen>, { terminal }: Session): Promise<Seen> {
  const since = terminal.now()
  for (;;) {
    try {
      return await look()
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
