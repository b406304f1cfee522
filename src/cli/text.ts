import { styleText } from 'node:util'
import stringWidth from 'string-width'
import { plainLine, plainLines } from '../domain/safe-text.ts'

type Style = Parameters<typeof styleText>[0]

/** Puts colour round a text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string

export function createPaint(hasColor: boolean): Paint {
  return (style, text) => (hasColor && text !== '' ? styleText(style, text, { validateStream: false }) : text)
}

/** Foreign words for a terminal: without anything that it would obey or hide. */
export const clean = plainLine

const ESCAPE = String.fromCharCode(27)

/** What colours a text, as {@link createPaint} writes it. */
const COLOUR = new RegExp(`(${ESCAPE}\\[[0-9;]{1,20}m)`)

/**
 * The last stop before a terminal: whatever a line was put together from, only colours and line ends get through as more than
 * characters. Without colour not even those.
 */
export function harmless(text: string, hasColor: boolean): string {
  if (!hasColor) return plainLines(text)
  const parts = text.split(COLOUR)
  return parts.map((part, index) => (index % 2 === 1 ? part : plainLines(part))).join('')
}

/** Columns a text takes on a terminal, emoji and wide characters included; the text must be clean and without colour. */
export function columnsOf(text: string): number {
  return stringWidth(text)
}

const WIDEST = 100
/** Below this a table of figures cannot be drawn; a narrower terminal breaks the lines itself. */
const NARROWEST = 60

/** The columns that a view takes of a terminal: lines that are longer are hard to read. */
export function usableWidth(columns: number): number {
  return Math.min(WIDEST, Math.max(NARROWEST, columns))
}

/** `text` filled up with spaces to `columns`, at its end or, for numbers, at its start. */
export function pad(text: string, columns: number, side: 'end' | 'start' = 'end'): string {
  const spaces = ' '.repeat(Math.max(0, columns - columnsOf(text)))
  return side === 'end' ? text + spaces : spaces + text
}

/**
 * Breaks at spaces into lines of at most `columns`; a longer word is cut. What belongs together stays together: the
 * parts of a duration, `step 3`, and what a no-break space joins. Always at least one line.
 */
export function wrap(text: string, columns: number): readonly string[] {
  const widest = Math.max(8, columns)
  const bound = text
    .replace(/(\d[dhm]) (?=\d+[hms]\b)/g, `$1${NO_BREAK}`)
    .replace(/\b(steps?) (?=\d)/g, `$1${NO_BREAK}`)
  const lines: string[] = []
  let line = ''
  for (const word of bound.split(' ').flatMap((one) => cut(one, widest))) {
    const joined = line === '' ? word : `${line} ${word}`
    if (line !== '' && columnsOf(joined) > widest) {
      lines.push(line)
      line = word
    } else line = joined
  }
  return [...lines, line].map((one) => one.replaceAll(NO_BREAK, ' '))
}

const NO_BREAK = '\u00a0'

/** An emoji of several code points is one character, and is never cut. */
const CHARACTERS = new Intl.Segmenter()

function cut(word: string, columns: number): readonly string[] {
  if (columnsOf(word) <= columns) return [word]
  const parts: string[] = []
  let part = ''
  for (const { segment: letter } of CHARACTERS.segment(word)) {
    if (columnsOf(part + letter) > columns) {
      parts.push(part)
      part = ''
    }
    part += letter
  }
  return [...parts, part]
}
