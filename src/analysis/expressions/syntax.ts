import type { ASTNode } from '@marcbachmann/cel-js'
import type { Shape } from './environment.ts'

/** A refused construct: what is wrong and where it starts (0-based offset). */
interface Refusal {
  readonly message: string
  readonly position: number
}

const COMPREHENSIONS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'filter', 'map'])

/**
 * The first construct that is refused although CEL knows it: `matches` (a JavaScript regular expression can run for
 * seconds), `cel.bind` (repeated doubling) and a macro inside another's condition (work squared, pair by pair). Null when there is none.
 */
export function refusedConstruct(ast: ASTNode): Refusal | null {
  return refusalIn(ast, false)
}

function refusalIn(node: ASTNode, insideMacro: boolean): Refusal | null {
  const name = node.op === 'call' || node.op === 'rcall' ? node.args[0] : null
  if (name === 'matches')
    return { message: '`matches` is not available: a regular expression may run too long', position: node.start }
  if (name === 'bind') return { message: '`cel.bind` is not available', position: node.start }
  const isMacro = node.op === 'rcall' && COMPREHENSIONS.has(node.args[0])
  if (isMacro && insideMacro) return { message: 'list macros cannot be nested', position: node.start }
  for (const child of childrenOf(node)) {
    // A chain such as `result.filter(…).all(…)` walks one after the other.
    const isReceiver = node.op === 'rcall' && child === node.args[1]
    const refusal = refusalIn(child, insideMacro || (isMacro && !isReceiver))
    if (refusal !== null) return refusal
  }
  return null
}

/** How an expression uses one variable. */
export interface Usage {
  readonly used: boolean
  /** A list when it is indexed, counted or walked through; otherwise the one number. */
  readonly shape: Shape
  /** True when the expression says itself what an absent value means (`len`, `size`, `isNil`, `default`, `== nil`). */
  readonly handlesAbsence: boolean
}

const LIST_CALLS: ReadonlySet<string> = new Set(['len', 'size', 'max', 'min', 'sum', 'mean', 'median', 'first', 'last'])
const ABSENCE_CALLS: ReadonlySet<string> = new Set(['len', 'size', 'isNil', 'default'])

/** Finds out from the text alone how `variable` is used. */
export function usageOf(ast: ASTNode, variable: string): Usage {
  let used = false
  let list = false
  let handlesAbsence = false
  const isVariable = (node: ASTNode | undefined): boolean => node?.op === 'id' && node.args === variable
  for (const node of nodesOf(ast)) {
    if (isVariable(node)) used = true
    if (node.op === '[]') list ||= isVariable(node.args[0])
    if (node.op === 'in') list ||= isVariable(node.args[1])
    if (node.op === 'rcall' && isVariable(node.args[1])) {
      list = true
      handlesAbsence ||= ABSENCE_CALLS.has(node.args[0])
    }
    if (node.op === 'call' && isVariable(node.args[1][0])) {
      list ||= LIST_CALLS.has(node.args[0]) && node.args[1].length === 1
      handlesAbsence ||= ABSENCE_CALLS.has(node.args[0])
    }
    if (node.op === '==' || node.op === '!=') {
      const [left, right] = node.args
      handlesAbsence ||= (isVariable(left) && isNull(right)) || (isVariable(right) && isNull(left))
    }
  }
  return { used, shape: list ? 'list' : 'number', handlesAbsence }
}

/** True when the expression uses `in`. */
export function usesMembership(ast: ASTNode): boolean {
  return nodesOf(ast).some((node) => node.op === 'in')
}

/** What a dialect changes while an expression is written out again for running. */
export interface Writing {
  /** Wraps both sides of comparisons so that NaN and absent values stop the evaluation instead of comparing as false. */
  readonly strictComparisons: boolean
  /** Functions that get one more argument, the variable of this name. */
  readonly extraArguments: Readonly<Record<string, string>>
}

/** Writes the expression out again, fully parenthesised, with the changes of `writing`. */
export function written(node: ASTNode, writing: Writing): string {
  const write = (child: ASTNode): string => written(child, writing)
  switch (node.op) {
    case 'value':
      return node.input.slice(node.range.start, node.range.end)
    case 'id':
      return node.args
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
    case 'in':
      return comparison(node.op, node.args[0], node.args[1], writing)
    case '||':
    case '&&':
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      return `(${write(node.args[0])} ${node.op} ${write(node.args[1])})`
    case '!_':
      return `!(${write(node.args)})`
    case '-_':
      return `-(${write(node.args)})`
    case '.':
    case '.?':
      return `${write(node.args[0])}${node.op}${node.args[1]}`
    case '[]':
      return `${write(node.args[0])}[${write(node.args[1])}]`
    case '[?]':
      return `${write(node.args[0])}[?${write(node.args[1])}]`
    case 'call': {
      const extra = Object.hasOwn(writing.extraArguments, node.args[0])
        ? writing.extraArguments[node.args[0]]
        : undefined
      const values = node.args[1].map(write)
      return `${node.args[0]}(${(extra === undefined ? values : [...values, extra]).join(', ')})`
    }
    case 'rcall':
      return `(${write(node.args[1])}).${node.args[0]}(${node.args[2].map(write).join(', ')})`
    case 'list':
      return `[${node.args.map(write).join(', ')}]`
    case 'map':
      return `{${node.args.map(([key, value]) => `${write(key)}: ${write(value)}`).join(', ')}}`
    case '?:':
      return `(${write(node.args[0])} ? ${write(node.args[1])} : ${write(node.args[2])})`
  }
}

function comparison(sign: string, left: ASTNode, right: ASTNode, writing: Writing): string {
  const [a, b] = [written(left, writing), written(right, writing)]
  const guard = isNull(left) || isNull(right) ? 'comparable' : 'known'
  const [x, y] = writing.strictComparisons ? [`${guard}(${a})`, `${guard}(${b})`] : [a, b]
  // CEL's own `in` refuses to look for a double among ints.
  return sign === 'in' ? `isIn(${x}, ${y})` : `(${x} ${sign} ${y})`
}

function isNull(node: ASTNode | undefined): boolean {
  return (node?.op === 'value' && node.args === null) || (node?.op === 'id' && node.args === 'nil')
}

function nodesOf(node: ASTNode): readonly ASTNode[] {
  return [node, ...childrenOf(node).flatMap(nodesOf)]
}

function childrenOf(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return []
    case '!_':
    case '-_':
      return [node.args]
    case '.':
    case '.?':
      return [node.args[0]]
    case 'call':
      return node.args[1]
    case 'rcall':
      return [node.args[1], ...node.args[2]]
    case 'map':
      return node.args.flat()
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
    case 'in':
    case '||':
    case '&&':
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
    case '[]':
    case '[?]':
    case 'list':
    case '?:':
      return node.args
  }
}
