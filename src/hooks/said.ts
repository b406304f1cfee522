import { visible } from '../domain/characters.ts'

/** What somebody outside has said, as one short line that hides nothing and plays no tricks. */
export function saidLine(text: string, longest = 200): string {
  const line = visible(text.replace(/\s+/g, ' ').trim())
  return line.length <= longest ? line : `${line.slice(0, longest - 3)}...`
}
