import type { AnswerTo } from '../../api/operations.ts'
import { utcText } from '../../domain/calendar/window-rule.ts'
import { parseDuration } from '../../domain/units.ts'
import { CliFailure, EXIT } from '../failure.ts'
import { shortId } from '../render.ts'
import { releaseAddress, type Session } from '../session.ts'
import { clean } from '../text.ts'

export interface TryOptions {
  readonly for: string
  readonly url?: string
}

/** `sluice try`: a link and a cookie that put one person on the canary of a release. */
export async function giveTicket(id: string, { for: lasts, url }: TryOptions, session: Session): Promise<void> {
  const parsed = parseDuration(lasts)
  if (!parsed.ok) throw new CliFailure(EXIT.usage, `--for ${clean(lasts)}: expected ${parsed.expected}`)
  const page = url === undefined ? null : pageOf(url)
  const given = await session.api.post<AnswerTo<'giveTicket'>>(`${releaseAddress(id)}/tickets`, { for: lasts })
  const { releaseId, name, ticket, until } = given
  page?.searchParams.set(name, ticket)
  const lines = [
    `a ticket for ${shortId(releaseId)} until ${utcText(until)}; whoever has it sees the canary`,
    ...(page === null ? [] : [`link:    ${clean(page.href)}`]),
    `cookie:  ${clean(`${name}=${ticket}`)}`,
  ]
  session.say(lines, page === null ? given : { ...given, link: page.href })
}

function pageOf(text: string): URL {
  const page = URL.canParse(text) ? new URL(text) : null
  if (page !== null && ['http:', 'https:'].includes(page.protocol)) return page
  throw new CliFailure(EXIT.usage, `--url ${clean(text)}: expected an address such as https://shop.example`)
}
