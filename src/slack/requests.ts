import { z } from 'zod'
import { parseJson } from '../domain/json.ts'

/**
 * What Slack may send, read before anything acts on it. Only what is named here goes on: a signature says who has sent a
 * request, not that it has the shape that its type promises.
 */

const word = z.string().max(200)
const address = z.url().max(2_000)

const slash = z.object({
  command: word,
  text: z.string().max(8_000).default(''),
  user_id: word,
  team_id: word,
  channel_id: word.optional(),
  trigger_id: word,
  response_url: address,
})

const click = z.object({
  type: z.literal('block_actions'),
  user: z.object({ id: word, team_id: word.optional() }),
  team: z.object({ id: word }).nullable().optional(),
  channel: z.object({ id: word }).optional(),
  trigger_id: word,
  response_url: address,
  actions: z
    .array(
      z.object({
        type: z.literal('button'),
        action_id: word,
        block_id: word.default(''),
        value: z.string().max(2_000).optional(),
      }),
    )
    .min(1)
    .max(10),
})

const challenge = z.object({ type: z.literal('url_verification'), challenge: z.string().max(1_000) })

export type SlackRequest =
  /** For a listener: a slash command or a click. */
  | { readonly kind: 'event'; readonly body: z.infer<typeof slash> | z.infer<typeof click> }
  /** Slack looks whether the address is ours. */
  | { readonly kind: 'challenge'; readonly challenge: string }
  /** Well-formed, and nothing that is listened to. */
  | { readonly kind: 'other' }
  | { readonly kind: 'malformed' }

const MALFORMED: SlackRequest = { kind: 'malformed' }

/** Reads the body of a request. Never throws, whatever it holds. */
export function readSlackRequest(contentType: string, body: Buffer): SlackRequest {
  const text = body.toString()
  if (!contentType.startsWith('application/x-www-form-urlencoded')) return readJson(text)
  const form = new URLSearchParams(text)
  const payload = form.get('payload')
  return payload === null ? readForm(Object.fromEntries(form)) : readJson(payload)
}

function readForm(form: Readonly<Record<string, string>>): SlackRequest {
  const parsed = slash.safeParse(form)
  return parsed.success ? { kind: 'event', body: parsed.data } : MALFORMED
}

function readJson(text: string): SlackRequest {
  const value = parseJson(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return MALFORMED
  const type = Object.getOwnPropertyDescriptor(value, 'type')?.value as unknown
  if (type === 'url_verification') {
    const parsed = challenge.safeParse(value)
    return parsed.success ? { kind: 'challenge', challenge: parsed.data.challenge } : MALFORMED
  }
  if (type !== 'block_actions') return typeof type === 'string' ? { kind: 'other' } : MALFORMED
  const parsed = click.safeParse(value)
  return parsed.success ? { kind: 'event', body: parsed.data } : MALFORMED
}
