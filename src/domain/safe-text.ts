/**
 * Words that came from outside, made harmless where they are shown: versions, reasons, names and what plans say may hold
 * anything. One function per medium; the terminal's and the plain one are the same.
 */

/** Control characters, and what breaks a line or a paragraph. */
const BREAKS = /[\p{Cc}\p{Zl}\p{Zp}]+/gu
/** Characters that nobody sees but that change what is seen: directions, joiners, fillers, tags. */
const UNSEEN = /[\p{Cf}\u115f\u1160\u2800\u3164\uffa0]|\u034f|\u17b4|\u17b5|[\u180b-\u180d]/gu
/** Halves of a character. */
const HALVES = /\p{Cs}/gu
/** Marks upon marks, which climb over the lines above. */
const TOWERS = /(\p{M}{3})\p{M}+/gu

/** One line in which every character is seen and stands where it was written. */
export function plainLine(text: string): string {
  return text.replace(BREAKS, ' ').replace(UNSEEN, '').replace(HALVES, '\ufffd').replace(TOWERS, '$1')
}

/** The same for a text whose line breaks are meant. */
export function plainLines(text: string): string {
  return text.split(/\r?\n/).map(plainLine).join('\n')
}

/** Punctuation that Markdown gives a meaning anywhere in a line. */
const MARKUP = /[\\`*_[\]<>|~&#!$^{}@]/g
/** What turns into a link by itself, beside mail addresses: one with its scheme, and a host that begins with www. */
const SCHEME = /:(?=\/\/)/g
const HOST = /(?<=\bwww)\./gi
/** What begins a list, a heading or a rule at the start of a line. */
const START = /^(?:([-+=])|(\d{1,9})([.)]))/

/** One line of Markdown that shows the text as it is: no link, no mention, no markup. */
export function markdownText(text: string): string {
  return plainLine(text)
    .trimStart()
    .replace(MARKUP, '\\$&')
    .replace(SCHEME, '\\:')
    .replace(HOST, '\\.')
    .replace(START, (_whole, sign?: string, digits = '', dot = '') =>
      sign === undefined ? `${digits}\\${dot}` : `\\${sign}`,
    )
}
