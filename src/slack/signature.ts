import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Instant, Milliseconds } from '../domain/units.ts'
import type { SlackRequestAnswer } from '../telemetry/slack-metrics.ts'

/** How far a request's time may be from ours, to either side. */
const WINDOW: Milliseconds = 5 * 60_000
/** How long a signature is remembered: longer than any request with it could still be in the window. */
const MEMORY: Milliseconds = 10 * 60_000

export interface SignedRequest {
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/**
 * Tells requests of Slack from others: signed over time and body as Slack documents it (HMAC-SHA256 of `v0:time:body`),
 * not older and not newer than five minutes, and seen for the first time. Remembers within this process only; between
 * processes the keys of the commands see to it that a repetition has no second effect.
 */
export function createSignatureCheck(signingSecret: string, now: () => Instant) {
  const seenUntil = new Map<string, Instant>()
  return ({ headers, body }: SignedRequest): SlackRequestAnswer => {
    const time = String(headers['x-slack-request-timestamp'] ?? '')
    const signature = String(headers['x-slack-signature'] ?? '')
    if (!isSigned(signingSecret, time, body, signature)) return 'bad-signature'
    if (Math.abs(now() - Number(time) * 1_000) > WINDOW) return 'bad-time'
    forget(seenUntil, now())
    if (seenUntil.has(signature)) return 'replayed'
    seenUntil.set(signature, now() + MEMORY)
    return 'taken'
  }
}

function isSigned(secret: string, time: string, body: Buffer, signature: string): boolean {
  if (secret === '' || !/^\d{1,12}$/.test(time)) return false
  const expected = createHmac('sha256', secret).update(`v0:${time}:`).update(body).digest()
  const given = /^v0=([0-9a-f]{64})$/.exec(signature)?.[1]
  return given !== undefined && timingSafeEqual(expected, Buffer.from(given, 'hex'))
}

/** The map keeps the order of insertion, and all stay equally long: the oldest come first. */
function forget(seenUntil: Map<string, Instant>, now: Instant): void {
  for (const [signature, until] of seenUntil) {
    if (until > now) return
    seenUntil.delete(signature)
  }
}
