import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Instant } from '../domain/units.ts'

/**
 * A try-it ticket puts the one who has it on the canary of one release: `<end>.<number>.<seal>`. The end is in seconds
 * since the Unix epoch, the number is random, and the seal is HMAC-SHA256 over both with the key of the release. A router gets
 * that key for as long as the release lets tickets in, and never the installation's secret from which it is made.
 */
const TICKET = /^(\d{10})\.([0-9a-f]{16})\.([0-9A-F]{64})$/

/** The cookie, and in a link the parameter, that holds a ticket. */
export const TICKET_NAME = 'sluice-try'

/** Tells a service that a request came with a ticket, so that its own figures can leave it out. */
export const TICKET_HEADER = 'x-sluice-try'

/** The key of a release's tickets, 32 bytes as base64: another release, or another target, has another one. */
export function ticketKeyOf(secret: string, releaseId: string): string {
  return createHmac('sha256', secret).update(`sluice try-it tickets of ${releaseId}`).digest('base64')
}

/** What may be shown of a key. */
export function keyDigest(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16)
}

/** Makes a ticket; `number` is 8 bytes as lower-case hexadecimal digits, random when absent. */
export function issueTicket(
  key: string,
  { until, number = randomBytes(8).toString('hex') }: { readonly until: Instant; readonly number?: string },
): string {
  const body = `${Math.floor(until / 1_000)}.${number}`
  return `${body}.${sealOf(key, body)}`
}

/** True for a ticket of this key that has not ended. A wrong seal takes the same time wherever it is wrong. */
export function isTicket(text: string, key: string, now: Instant): boolean {
  const [, end = '', number = '', seal = ''] = TICKET.exec(text) ?? []
  if (seal === '') return false
  const isOurs = timingSafeEqual(Buffer.from(seal), Buffer.from(sealOf(key, `${end}.${number}`)))
  return isOurs && Number(end) * 1_000 > now
}

function sealOf(key: string, body: string): string {
  return createHmac('sha256', Buffer.from(key, 'base64')).update(body).digest('hex').toUpperCase()
}
