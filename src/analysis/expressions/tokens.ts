/** One piece of an expr-lang condition. Strings keep their quotes. */
export interface Token {
  readonly kind: 'name' | 'number' | 'string' | 'sign' | 'end'
  readonly text: string
  readonly position: number
}

/** The pieces of a condition without white space and comments, or the place that is none. */
type Tokens =
  | { readonly ok: true; readonly tokens: readonly Token[] }
  | { readonly ok: false; readonly problem: string; readonly position: number }

const PIECES =
  /(?<space>\s+|\/\/[^\n]*|\/\*[^]*?\*\/)|(?<raw>`[^`]*`)|(?<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?<number>0[xX][0-9a-fA-F]+|(?:\d[\d_]*(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)|(?<name>[A-Za-z_]\w*)|(?<sign>&&|\|\||==|!=|<=|>=|\?\?|\?\.|\.\.|\*\*|[-+*/%<>!?:.,()[\]{}#|^;$])/y

/** Splits a condition into its pieces. Numbers lose their underscores; raw strings become CEL raw strings. */
export function tokensOf(text: string): Tokens {
  const tokens: Token[] = []
  const pieces = new RegExp(PIECES.source, 'y')
  while (pieces.lastIndex < text.length) {
    const position = pieces.lastIndex
    const groups = pieces.exec(text)?.groups
    if (groups === undefined) return { ok: false, problem: `'${text.charAt(position)}' is not expected here`, position }
    const { raw, string, number, name, sign } = groups
    if (raw !== undefined) tokens.push({ kind: 'string', text: rawString(raw.slice(1, -1)), position })
    if (string !== undefined) tokens.push({ kind: 'string', text: string, position })
    if (number !== undefined) tokens.push({ kind: 'number', text: plainNumber(number), position })
    if (name !== undefined) tokens.push({ kind: 'name', text: name, position })
    if (sign !== undefined) tokens.push({ kind: 'sign', text: sign, position })
  }
  return { ok: true, tokens }
}

function plainNumber(text: string): string {
  const plain = text.replaceAll('_', '')
  return plain.startsWith('.') ? `0${plain}` : plain
}

function rawString(text: string): string {
  return JSON.stringify(text)
}
