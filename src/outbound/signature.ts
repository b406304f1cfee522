import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Instant, Milliseconds } from '../domain/units.ts'

/** How far the time of a signed body may be from ours, to either side. */
const WINDOW: Milliseconds = 5 * 60_000

const TIMESTAMP_HEADER = 'sluice-timestamp'
export const SIGNATURE_HEADER = 'sluice-signature'

/** The headers of a body that is signed: HMAC-SHA256 of `<seconds>.<body>`, hexadecimal, behind `v1=`. */
export function signedHeaders(secret: string, body: string, now: Instant): Readonly<Record<string, string>> {
  const time = String(Math.floor(now / 1_000))
  return { [TIMESTAMP_HEADER]: time, [SIGNATURE_HEADER]: `v1=${digestOf(secret, time, body).toString('hex')}` }
}

/** What is wrong with the signature of a body, as a clause; null when it is right and not older or newer than 5 min. */
export function signatureProblem(
  secret: string,
  body: string,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  now: Instant,
): string | null {
  const time = String(headers[TIMESTAMP_HEADER] ?? '')
  const given = /^v1=([0-9a-f]{64})$/.exec(String(headers[SIGNATURE_HEADER] ?? ''))?.[1]
  if (!/^\d{1,12}$/.test(time) || given === undefined) return 'it is not signed'
  if (!timingSafeEqual(digestOf(secret, time, body), Buffer.from(given, 'hex'))) return 'its signature is not right'
  return Math.abs(now - Number(time) * 1_000) > WINDOW ? 'its time is more than 5 minutes off' : null
}

function digestOf(secret: string, time: string, body: string): Buffer {
  return createHmac('sha256', secret).update(`${time}.${body}`).digest()
}
