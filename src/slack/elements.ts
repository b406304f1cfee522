import type { types } from '@slack/bolt'
import type { ReleaseCard } from '../domain/release/release-card.ts'
import { phaseWords, toneOf } from '../domain/release/release-words.ts'
import type { ButtonVerb, VerbButton } from '../domain/release/verbs.ts'
import { plainLine } from '../domain/safe-text.ts'
import type { Instant } from '../domain/units.ts'
import { clamp, escape, LIMITS } from './text.ts'

/** What messages are made of: every text within Slack's limits, and none of it more than it looks like. */
export type Block = types.KnownBlock

export function header(text: string) {
  return {
    type: 'header',
    text: { type: 'plain_text', text: clamp(plainLine(text), LIMITS.header), emoji: false },
  } satisfies Block
}

/** `text` is Slack's markup, with everything foreign in it escaped. */
export function section(text: string) {
  return { type: 'section', text: markup(clamp(text, LIMITS.section)) } satisfies Block
}

/** Lines in Slack's markup; as blocks, because a bare text would be searched for links. What one does not hold goes on in another. */
export function textBlocks(text: string): readonly Block[] {
  const parts: string[] = []
  for (const line of text.split('\n')) {
    const last = parts.pop()
    if (last === undefined) parts.push(line)
    else if (last.length + line.length < LIMITS.section) parts.push(`${last}\n${line}`)
    else parts.push(last, line)
  }
  return parts.map(section)
}

export function optional(text: string) {
  return text === '' ? [] : [section(text)]
}

export function context(text: string) {
  return { type: 'context', elements: [markup(clamp(text, LIMITS.context))] } satisfies Block
}

/** Nothing in it turns into a link or a mention by itself: only what we have written as one. */
function markup(text: string) {
  return { type: 'mrkdwn', text, verbatim: true } satisfies types.MrkdwnElement
}

/** A name or another short text, so that no single one crowds out the rest of its block. */
export function short(text: string): string {
  return clamp(escape(text), 80)
}

/** A point in time that Slack shows in the reader's own time zone. */
export function slackTime(at: Instant): string {
  const fallback = new Date(at).toISOString().replace(/:\d\d\.\d+Z$/, 'Z')
  return `<!date^${Math.floor(at / 1_000)}^{date_short_pretty} {time}|${fallback}>`
}

const PHASE_SIGNS = { good: '🟢', bad: '🔴', asks: '🟡', moving: '🔵' } as const

export function phaseText(phase: string): string {
  return `${PHASE_SIGNS[toneOf(phase)]} *${escape(phaseWords(phase))}*`
}

export function approvalText(what: string, asked: NonNullable<ReleaseCard['approval']>): string {
  const { by, need, given, deadline } = asked
  const names = given.length === 0 ? '' : ` (${given.map(short).join(', ')})`
  return `*${what}:* ${given.length} of ${need} from ${short(by)}${names}, until ${slackTime(deadline)}`
}

export const actionIdOf = (verb: ButtonVerb): `sluice.${ButtonVerb}` => `sluice.${verb}`

export function actions(elements: readonly types.Button[]) {
  return elements.length === 0 ? [] : [{ type: 'actions', elements: [...elements] } satisfies Block]
}

/** `value` comes back with the click: what the reader saw. */
export function verbButton(verb: ButtonVerb, { label, style, warning }: VerbButton, value: object) {
  return {
    type: 'button',
    action_id: actionIdOf(verb),
    text: { type: 'plain_text', text: label },
    value: JSON.stringify(value),
    ...(style !== null && { style }),
    ...(warning !== null && { confirm: confirmation(label, warning) }),
  } satisfies types.Button
}

function confirmation(label: string, warning: string) {
  return {
    title: { type: 'plain_text', text: `${label}?` },
    text: { type: 'plain_text', text: warning },
    confirm: { type: 'plain_text', text: label },
    deny: { type: 'plain_text', text: 'Leave it' },
    style: 'danger',
  } satisfies types.ConfirmationDialog
}
