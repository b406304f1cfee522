import { SluiceError } from '../domain/errors.ts'
import type { ReleaseCard } from '../domain/release/release-card.ts'
import { releaseName } from '../domain/target.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'
import { issueTicket, TICKET_NAME, ticketKeyOf } from '../tickets/ticket.ts'
import type { Installation } from './installation.ts'

/** A try-it ticket as it is handed to the person who asked for it. */
interface GivenTicket {
  readonly releaseId: string
  /** Name of the cookie, and of the parameter in a link. */
  readonly name: string
  readonly ticket: string
  readonly until: Instant
}

/** How long a ticket is good for; it ends with its release at the latest. */
export const TICKET_LASTS = { least: 60_000, usual: 3_600_000, most: 7 * 86_400_000 } as const

/** The page with the ticket in it; null for what is no address of a page. */
export function linkWith(page: string, { name, ticket }: Pick<GivenTicket, 'name' | 'ticket'>): string | null {
  const link = URL.canParse(page) ? new URL(page) : null
  if (link === null || !['http:', 'https:'].includes(link.protocol)) return null
  link.searchParams.set(name, ticket)
  return link.href
}

/**
 * Makes a ticket for a release that lets tickets in now.
 * @throws SluiceError `release.ended`, `command.refused`, `config.invalid` when the secret cannot be read
 */
export function giveTicket(
  { releaseId, isEnded, tickets }: Pick<ReleaseCard, 'releaseId' | 'isEnded' | 'tickets'>,
  { ticketSecret }: Pick<Installation, 'ticketSecret'>,
  { now, lasts }: { readonly now: Instant; readonly lasts: Milliseconds },
): GivenTicket {
  const name = releaseName(releaseId)
  if (isEnded)
    throw new SluiceError('release.ended', {
      message: `${name} has ended, and its tickets with it`,
      fix: 'ask for a ticket of a release that runs',
    })
  if (ticketSecret === null)
    throw new SluiceError('command.refused', {
      message: 'this installation gives no try-it tickets',
      fix: 'ask an administrator to add tickets: { secretFile: … } to sluice.yaml',
    })
  if (tickets !== true)
    throw new SluiceError('command.refused', {
      message: `${name} lets in nobody with a ticket now`,
      expected: 'a release whose plan has reached the step try: on',
      fix: 'add the step try: on to the plan, or wait until the release has reached it',
    })
  const until = Math.floor((now + lasts) / 1_000) * 1_000
  const ticket = issueTicket(ticketKeyOf(ticketSecret(), releaseId), { until })
  return { releaseId, name: TICKET_NAME, ticket, until }
}
