import { plainLine } from '../domain/safe-text.ts'

/** Longest texts Slack takes, in characters, by where they stand. */
export const LIMITS = {
  header: 150,
  section: 3_000,
  context: 2_000,
  button: 75,
  value: 2_000,
  fallback: 3_000,
} as const

/**
 * What Slack's markup is made of has no escape of its own; each sign gives way to one that looks like it and means nothing.
 * An underscore only marks text between spaces, and stands in half of all names.
 */
const MARKUP: Readonly<Record<string, string>> = { '*': '∗', '~': '∼', '`': 'ˋ' }
const UNDERSCORE = /(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu
/** `:tada:` would be drawn as a picture, such as the sign of another phase. */
const EMOJI = /:(?=[\w+'-]+:)/g

/** A text that Slack shows as it is: nothing in it mentions anybody, becomes a link or is drawn as markup. */
export function escape(text: string): string {
  return plainLine(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[*~`]/g, (sign) => MARKUP[sign] ?? sign)
    .replace(UNDERSCORE, '＿')
    .replace(EMOJI, '∶')
}

/** The same for a text of our own: signs that are markup are meant, and so are line breaks. */
export function escapeLines(text: string): string {
  return text
    .split('\n')
    .map((line) => plainLine(line).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'))
    .join('\n')
}

/** At most `most` characters; what is cut off is shown as cut off. Never ends within an escaped character. */
export function clamp(text: string, most: number): string {
  if (text.length <= most) return text
  return `${text
    .slice(0, most - 1)
    .replace(/&[a-z]{0,3}$/, '')
    .replace(/[\ud800-\udbff]$/, '')}…`
}
