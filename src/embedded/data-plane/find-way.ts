import type { IncomingMessage } from 'node:http'
import { matcherOf, type Visitor } from '../../domain/cohorts/cohort-rule.ts'
import type { Instant } from '../../domain/units.ts'
import { isTicket, TICKET_NAME } from '../../tickets/ticket.ts'
import { bucketOf, seededBucketOf } from './bucket.ts'
import { type Assignment, assign, type Routing } from './routing.ts'
import { cohortsOf, cookieOf } from './user-key.ts'

/** What of a request decides where it goes. */
type Asking = Pick<IncomingMessage, 'headers' | 'headersDistinct' | 'method' | 'url'> & {
  readonly socket: { readonly remoteAddress?: string | undefined }
}

/** Where a request goes, and the address it is sent on to first, without the ticket that its link held. */
type Way =
  | { readonly kind: 'pool'; readonly assignment: Assignment }
  | { readonly kind: 'admitted'; readonly ticket: string; readonly location: string }

/**
 * Finds where a user's request goes: a ticket of the release, a pinned cohort, the bucket, in this order. The rules of a
 * routing are prepared when it is first asked.
 */
export function createWayfinder(pools: readonly [string, string], now: () => Instant) {
  let prepared: Prepared | null = null
  return (routing: Routing, request: Asking, user: string): Way => {
    if (prepared?.routing !== routing) prepared = prepare(routing)
    const ticket = ticketOf(request, routing, now())
    if (ticket !== null) {
      if (ticket.location !== null) return { kind: 'admitted', ticket: ticket.text, location: ticket.location }
      return { kind: 'pool', assignment: { pool: ticket.pool, why: 'ticket' } }
    }
    const bucket = routing.seed === null ? bucketOf(user) : seededBucketOf(user, routing.seed)
    const visitor = prepared.matchers.length === 0 ? null : visitorOf(request, user)
    const matched = prepared.matchers.flatMap(({ name, matches }) =>
      visitor !== null && matches(visitor) ? [name] : [],
    )
    return { kind: 'pool', assignment: assign(routing, pools, bucket, [...cohortsOf(request.headers), ...matched]) }
  }
}

interface Prepared {
  readonly routing: Routing
  readonly matchers: readonly { readonly name: string; readonly matches: (visitor: Visitor) => boolean }[]
}

function prepare(routing: Routing): Prepared {
  const rules = Object.entries(routing.rules ?? {})
  return { routing, matchers: rules.map(([name, rule]) => ({ name, matches: matcherOf(rule) })) }
}

function visitorOf({ headers, headersDistinct, socket }: Asking, user: string): Visitor {
  return {
    user,
    header(name) {
      const values = headersDistinct[name]
      return values?.length === 1 ? (values[0] ?? null) : null
    },
    cookie: (name) => cookieOf(headers.cookie ?? '', name),
    address: socket.remoteAddress ?? null,
  }
}

interface Ticket {
  readonly text: string
  readonly pool: string
  /** The address without the ticket, when it came in a link. */
  readonly location: string | null
}

function ticketOf({ headers, method, url = '/' }: Asking, { tickets }: Routing, now: Instant): Ticket | null {
  if (tickets === undefined) return null
  const { key, pool } = tickets
  const linked = method === 'GET' ? linkedIn(url) : null
  if (linked !== null && isTicket(linked.text, key, now)) return { ...linked, pool }
  const text = cookieOf(headers.cookie ?? '', TICKET_NAME)
  return text !== null && isTicket(text, key, now) ? { text, pool, location: null } : null
}

const IN_LINK = new RegExp(`([?&])${TICKET_NAME}=([^&#]*)&?`)

/** A ticket in a link, and the link without it; never one that leads to another host. */
function linkedIn(url: string): { readonly text: string; readonly location: string } | null {
  const found = IN_LINK.exec(url)
  if (found === null || !/^\/(?![/\\])/.test(url)) return null
  return { text: found[2] ?? '', location: url.replace(IN_LINK, '$1').replace(/[?&]$/, '') }
}
