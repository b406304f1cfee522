import type { AnswerTo } from '../../api/operations.ts'
import { linkWith } from '../../config/tickets.ts'
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
  if (url !== undefined && linkWith(url, NO_TICKET) === null)
    throw new CliFailure(EXIT.usage, `--url ${clean(url)}: expected an address such as https://shop.example`)
  const given = await session.api.post<AnswerTo<'giveTicket'>>(`${releaseAddress(id)}/tickets`, { for: lasts })
  const { releaseId, name, ticket, until } = given
  const link = url === undefined ? null : linkWith(url, given)
  const lines = [
    `a ticket for ${shortId(releaseId)} until ${utcText(until)}; whoever has it sees the canary`,
    ...(link === null ? [] : [`link:    ${clean(link)}`]),
    `cookie:  ${clean(`${name}=${ticket}`)}`,
  ]
  session.say(lines, link === null ? given : { ...given, link })
}

/** For a page that is looked at before anything is asked for. */
const NO_TICKET = { name: 'ticket', ticket: '' }
