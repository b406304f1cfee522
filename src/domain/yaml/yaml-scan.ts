import { type CST, Lexer, type LineCounter, Parser } from 'yaml'
import type { ErrorCode } from '../error-codes.ts'
import { SluiceError } from '../errors.ts'

/** How large a text may be. Each kind of file has its own limits and its own words. */
export interface TextLimits {
  /** What the file is meant to be: `a plan`. */
  readonly noun: string
  readonly characters: number
  /** Words, numbers, signs and spaces between them, as the tokenizer counts: what the time of reading grows with. */
  readonly tokens: number
  /** Levels of lists and maps. The parser calls itself for each, and would end the whole process. */
  readonly levels: number
  /** Aliases, those within what an alias stands for counted again: a short text may not stand for a huge document. */
  readonly aliases: number
  readonly errors: { readonly tooLarge: ErrorCode; readonly tooDeep: ErrorCode }
}

export const PLAN_LIMITS: TextLimits = {
  noun: 'a plan',
  characters: 256 * 1_024,
  tokens: 20_000,
  levels: 32,
  aliases: 20,
  errors: { tooLarge: 'plan.too-large', tooDeep: 'plan.too-deep' },
}

/**
 * The tokens of a text, as the parser takes them. Stops at the first limit that is passed, and never calls itself.
 * @throws SluiceError `tooLarge` or `tooDeep` of the limits, naming the line
 */
export function tokensOf(text: string, file: string, limits: TextLimits, lines: LineCounter): readonly CST.Token[] {
  const { noun, characters, tokens: most } = limits
  if (text.length > characters) {
    throw new SluiceError(limits.errors.tooLarge, {
      message: `${file} is too large for ${noun}`,
      expected: `at most ${sizeText(characters)}`,
      received: sizeText(text.length),
      fix: 'check that this is the right file',
    })
  }
  const tokens: CST.Token[] = []
  const parser = new Parser(lines.addNewLine)
  lines.addNewLine(0)
  let count = 0
  for (const lexeme of new Lexer().lex(text)) {
    count += 1 + escapesIn(lexeme)
    if (count > most) throw tooLong(file, lines, limits)
    for (const token of parser.next(lexeme)) tokens.push(token)
    if (parser.stack.length > limits.levels && openLevels(parser.stack) > limits.levels)
      throw tooDeep(file, lines.lineStarts.length, limits)
  }
  for (const token of parser.end()) tokens.push(token)
  const { depth, offset } = deepestPlace(tokens, limits.levels)
  if (depth > limits.levels) throw tooDeep(file, lines.linePos(offset).line, limits)
  return tokens
}

/** How deep the parser nests these tokens, at least as deep as what it makes of them, and where. Stops beyond `enough`. */
export function deepestPlace(
  tokens: readonly CST.Token[],
  enough = Number.POSITIVE_INFINITY,
): { readonly depth: number; readonly offset: number } {
  let deepest = { depth: 0, offset: 0 }
  const open = tokens.map((token) => ({ token, depth: 0 }))
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next
    if (token.type === 'document' && token.value !== undefined) open.push({ token: token.value, depth })
    if (token.type !== 'block-map' && token.type !== 'block-seq' && token.type !== 'flow-collection') continue
    if (depth + 1 > deepest.depth) deepest = { depth: depth + 1, offset: token.offset }
    if (deepest.depth > enough) return deepest
    for (const item of token.items) {
      const inner = depth + (isPairInList(token, item) ? 2 : 1)
      if (inner > deepest.depth) deepest = { depth: inner, offset: token.offset }
      for (const child of [item.key, item.value]) if (child != null) open.push({ token: child, depth: inner })
    }
  }
  return deepest
}

/** Each escape of a quoted text may be wrong for itself, so each counts. */
function escapesIn(lexeme: string): number {
  return lexeme.startsWith('"') ? lexeme.split('\\').length - 1 : 0
}

function openLevels(stack: readonly CST.Token[]): number {
  return stack.filter(({ type }) => type === 'block-map' || type === 'block-seq' || type === 'flow-collection').length
}

/** A pair in a flow list, `[a: b]` or `[? a]`, is a map of its own that the tokenizer does not count. */
function isPairInList(list: CST.Token, { start, sep = [] }: CST.CollectionItem): boolean {
  if (list.type !== 'flow-collection' || list.start.source !== '[') return false
  return [...start, ...(sep ?? [])].some(({ type }) => type === 'explicit-key-ind' || type === 'map-value-ind')
}

function tooLong(file: string, lines: LineCounter, { noun, tokens, errors }: TextLimits): SluiceError {
  return new SluiceError(errors.tooLarge, {
    message: `${file}:${lines.lineStarts.length}: too many words and signs for ${noun}`,
    expected: `at most ${tokens.toLocaleString('en')} of them`,
    received: 'more',
    fix: 'check that this is the right file',
  })
}

function tooDeep(file: string, line: number, { noun, levels, errors }: TextLimits): SluiceError {
  return new SluiceError(errors.tooDeep, {
    message: `${file}:${line}: nested too deeply for ${noun}`,
    expected: `at most ${levels} levels`,
    received: `more than ${levels} levels`,
    fix: 'flatten the document',
  })
}

function sizeText(characters: number): string {
  return characters % 1_048_576 === 0 ? `${characters / 1_048_576} MiB` : `${Math.ceil(characters / 1_024)} KiB`
}
