/** Longest texts Slack takes, in characters, by where they stand. */
export const LIMITS = {
  header: 150,
  section: 3_000,
  context: 2_000,
  button: 75,
  value: 2_000,
  fallback: 3_000,
} as const

/** A text that Slack shows as it is: nothing in it mentions anybody or becomes a link. */
export function escape(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
}

/** The same for a text whose line breaks are meant. */
export function escapeLines(text: string): string {
  return text.split('\n').map(escape).join('\n')
}

/** At most `most` characters; what is cut off is shown as cut off. Never ends within an escaped character. */
export function clamp(text: string, most: number): string {
  if (text.length <= most) return text
  return `${text
    .slice(0, most - 1)
    .replace(/&[a-z]{0,3}$/, '')
    .replace(/[\ud800-\udbff]$/, '')}…`
}
