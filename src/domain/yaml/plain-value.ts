import { unseenCharacter, visible } from '../characters.ts'
import { isRecord } from '../json.ts'
import { type Problem, type ProblemPath, shortened } from '../problems.ts'

/** How large a value may be, however it came: as a text, as JSON, or from a program. */
export interface ValueLimits {
  /** What the value is meant to be: `a plan`. */
  readonly noun: string
  /** Keys' values and lists' entries, all together. */
  readonly values: number
  readonly levels: number
  /** Characters of one key. */
  readonly key: number
}

export const PLAN_VALUE_LIMITS: ValueLimits = { noun: 'a plan', values: 10_000, levels: 32, key: 256 }

/** What is wrong with a value whatever it says. When it is `unbounded` nothing else may look at it. */
interface ValueFaults {
  readonly unbounded: Problem | null
  readonly problems: readonly Problem[]
}

/** Looks through plain values (as JSON or YAML give them) once, without calling itself, and stops at the first limit. */
export function faultsOf(value: unknown, limits: ValueLimits): ValueFaults {
  const problems: Problem[] = []
  const open: { value: unknown; path: ProblemPath }[] = [{ value, path: [] }]
  let count = 0
  if (typeof value === 'string') reportUnseen(value, [], problems)
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { path } = next
    const children = childrenOf(next.value)
    count += children.length
    const unbounded = passedLimit(count, path, children, limits)
    if (unbounded !== null) return { unbounded, problems }
    for (const [key, child] of children) {
      if (typeof key === 'string') reportKey(key, path, problems)
      if (typeof child === 'string') reportUnseen(child, path, problems, key)
      else if (typeof child === 'object' && child !== null) open.push({ value: child, path: [...path, key] })
    }
  }
  return { unbounded: null, problems }
}

function childrenOf(value: unknown): readonly (readonly [string | number, unknown])[] {
  if (Array.isArray(value)) return [...value.entries()]
  return isRecord(value) ? Object.entries(value) : []
}

function passedLimit(
  count: number,
  path: ProblemPath,
  children: readonly (readonly [string | number, unknown])[],
  { noun, values, levels, key }: ValueLimits,
): Problem | null {
  if (count > values) {
    const expected = `at most ${values.toLocaleString('en')} values`
    return tooMuch(path, `this is too large for ${noun}`, expected, 'check that this is the right file')
  }
  if (children.length > 0 && path.length >= levels)
    return tooMuch(path.slice(0, 3), `this is nested too deeply for ${noun}`, `at most ${levels} levels`, 'flatten it')
  const isTooLong = children.some(([name]) => typeof name === 'string' && name.length > key)
  return isTooLong ? tooMuch(path, 'one of these keys is too long', `at most ${key} characters`, 'shorten it') : null
}

function tooMuch(path: ProblemPath, message: string, expected: string, fix: string): Problem {
  return { rule: 'too-much', path, message, expected, fix }
}

function reportUnseen(text: string, path: ProblemPath, problems: Problem[], key?: string | number): void {
  const unseen = unseenCharacter(text)
  if (unseen === null) return
  problems.push({
    rule: 'unseen-character',
    path: key === undefined ? path : [...path, key],
    message: `this text holds ${unseen}, which is invisible`,
    received: shortened(visible(text)),
    expected: 'visible characters only',
    fix: 'remove the character',
  })
}

/** Also keys by which a document could reach into the program that reads it: no server takes them. */
function reportKey(key: string, path: ProblemPath, problems: Problem[]): void {
  reportUnseen(key, path, problems)
  if (key !== '__proto__' && !(key === 'prototype' && path.at(-1) === 'constructor')) return
  problems.push({
    rule: 'forbidden-key',
    path: [...path, key],
    message: `${key} cannot be a key`,
    received: key,
    expected: 'another key',
    fix: 'rename it',
  })
}
