import type { AnswerTo } from '../../api/operations.ts'
import { EXIT, type ExitCode } from '../failure.ts'
import { renderCard } from '../render.ts'
import { releaseAddress, type Session } from '../session.ts'
import { renderList } from '../tables.ts'
import { watchRelease } from '../watch.ts'

/** `sluice status`: one release, once or until it has ended. */
export async function showRelease(id: string, isWatching: boolean, session: Session): Promise<ExitCode> {
  const address = releaseAddress(id)
  if (isWatching) return watchRelease(id, session)
  const card = await session.api.get<AnswerTo<'showRelease'>>(address)
  session.say(renderCard(card, session.look()), card)
  return EXIT.ok
}

export interface ListOptions {
  readonly service?: string
  readonly environment?: string
  readonly phase?: string
  readonly size?: string
  readonly next?: string
}

/** `sluice list`: the releases, newest first. */
export async function listReleases(options: ListOptions, session: Session): Promise<void> {
  const { service, environment, phase, size, next } = options
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries({ service, environment, phase, size, next })) {
    if (value !== undefined) query.set(name, value)
  }
  const page = await session.api.get<AnswerTo<'listReleases'>>(
    query.size === 0 ? '/api/v1/releases' : `/api/v1/releases?${query.toString()}`,
  )
  session.say(renderList(page, session.look()), page)
}
