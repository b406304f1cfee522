/** What nobody can see, or what changes how the rest of a line looks: control and format characters, but for tabs and line ends. */
const UNSEEN = /(?![\t\n\r])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

/** The first character of a text that nobody can see, as `U+202E`; null without one. */
export function unseenCharacter(text: string): string | null {
  const [found] = UNSEEN.exec(text) ?? []
  return found === undefined ? null : nameOf(found)
}

/** The text with the number of each character that nobody can see in its place: `a<U+0000>b`. */
export function visible(text: string): string {
  return text.replace(new RegExp(UNSEEN, 'gu'), (one) => `<${nameOf(one)}>`)
}

/** What no text file holds: control characters, halves of characters, what is no UTF-8, and what turns a line round. */
const FOREIGN = /(?![\t\n\r])\p{Cc}|\p{Cs}|[\ufffd\u202a-\u202e\u2066-\u2069]/u

/** Where a file stops being a text, why, and what to do; null when it is one throughout. */
export function foreignCharacter(
  text: string,
): { readonly offset: number; readonly name: string; readonly why: string; readonly fix: string } | null {
  const found = FOREIGN.exec(text)
  if (found === null) return null
  const [character] = found
  return { offset: found.index, name: nameOf(character), ...adviceOn(character) }
}

function adviceOn(character: string): { readonly why: string; readonly fix: string } {
  if (character === '\0')
    return {
      why: 'this is not text: it holds a NUL character, as binary files and UTF-16 do',
      fix: 'check that this is the right file, and save it as UTF-8',
    }
  if (character === '\ufffd') return { why: 'this is not UTF-8', fix: 'save the file as UTF-8' }
  return { why: 'this character cannot be seen, or changes how the line looks', fix: 'remove it' }
}

function nameOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}
