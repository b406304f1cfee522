import type { z } from 'zod'
import { isRecord } from '../json.ts'
import { nearestWord } from '../nearest-word.ts'
import { formatPath, MOST_PROBLEMS, type Problem, type ProblemPath, shortened, showValue } from '../problems.ts'
import { type JsonShape, keysOf, shapeOf, shapesAt } from './schema-shapes.ts'
import { fixFor } from './value-fix.ts'

/**
 * Turns zod's issues into problems with the value that was seen. With the schema that was broken, a wrong key is told the
 * one that was meant and a value how to write it.
 */
export function reportIssues(
  issues: readonly z.core.$ZodIssue[],
  prefix: ProblemPath,
  value: unknown,
  report: (problem: Problem) => void,
  schema?: z.ZodType,
): void {
  reportWithShapes(issues, prefix, value, report, schema === undefined ? [] : [shapeOf(schema)])
}

function reportWithShapes(
  issues: readonly z.core.$ZodIssue[],
  prefix: ProblemPath,
  value: unknown,
  report: (problem: Problem) => void,
  shapes: readonly JsonShape[],
): void {
  for (const issue of issues) {
    const inner = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key))
    const here = shapesAt(shapes, inner)
    if (issue.code === 'unrecognized_keys') {
      const known = keysOf(here)
      for (const [index, key] of issue.keys.entries()) {
        const path = [...prefix, ...inner, key]
        const near = index < MOST_PROBLEMS ? nearestWord(key, known) : null
        report({
          rule: 'unknown-key',
          path,
          message: `unknown key ${formatPath([...inner, key])}`,
          received: key,
          ...(known.length > 0 && { expected: `one of ${known.join(', ')}` }),
          fix: near === null ? 'remove it, or use one of these keys' : `did you mean ${near}?`,
        })
      }
      continue
    }
    if (issue.code === 'invalid_union') {
      const closest = closestBranch(issue, valueAt(value, inner))
      if (closest !== null) {
        reportWithShapes(closest, [...prefix, ...inner], valueAt(value, inner), report, here)
        continue
      }
    }
    const seen = valueAt(value, inner)
    const message = seen === undefined ? 'missing' : withoutExpected(issue.message)
    report({
      rule: 'value',
      path: [...prefix, ...inner],
      message: seen === undefined ? `${formatPath([...prefix, ...inner])} is missing` : `this value is not accepted`,
      ...(seen !== undefined && { received: showValue(seen) }),
      expected: seen === undefined ? 'a value' : message,
      fix: seen === undefined ? 'add it' : fixFor(seen, here, message),
    })
  }
}

/**
 * Of a union's branches the one that came furthest: it fits what the author meant. Null where several came as far and the
 * union says in its own words what may stand there.
 */
function closestBranch(
  { errors: branches, message }: z.core.$ZodIssueInvalidUnion,
  seen: unknown,
): readonly z.core.$ZodIssue[] | null {
  const isWrongForm = ({ code, path }: z.core.$ZodIssue) =>
    path.length === 0 && (code === 'invalid_type' || (code === 'invalid_value' && typeof seen === 'object'))
  const fitting = branches.filter((issues) => issues.length > 0 && !issues.some(isWrongForm))
  if (fitting.length === 1) return fitting[0] ?? null
  const strange = fitting.map(strangeKeys)
  const least = Math.min(...strange)
  const nearest = fitting.filter((_, index) => strange[index] === least)
  if (nearest.length === 1) return nearest[0] ?? null
  return message === UNWORDED ? (branches[0] ?? null) : null
}

/** How many of the keys that were written a form does not know. */
function strangeKeys(issues: readonly z.core.$ZodIssue[]): number {
  return issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 0), 0)
}

/** What zod says of a union that says nothing itself. */
const UNWORDED = 'Invalid input'

/** How people call what zod calls a type. */
const FORM_WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'keys with values',
  record: 'keys with values',
}

function withoutExpected(message: string): string {
  const [, form = ''] = /^Invalid input: expected (\w+), received/.exec(message) ?? []
  const words = message.replace(/^Invalid (?:input|option): /, '').replace(/^expected /, '')
  return FORM_WORDS[form] ?? words.replace(/^(one of )?"([^"]*(?:"\|"[^"]*)*)"$/, listedWords)
}

/** `one of "a"|"b"` as people write it. */
function listedWords(_: string, head = '', words: string): string {
  return `${head}${words.replaceAll('"|"', ', ')}`
}

function valueAt(value: unknown, path: ProblemPath): unknown {
  return path.reduce<unknown>((inner, key) => {
    if (Array.isArray(inner)) return inner[Number(key)]
    return isRecord(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined
  }, value)
}

/** The one key of a step or a check with its value; `meant` is the kind that a misspelt key is near to, or null. */
export type Entry =
  | { readonly isKnown: true; readonly key: string; readonly value: unknown }
  | { readonly isKnown: false; readonly meant: string | null; readonly value: unknown }

/** The one key of `{ weight: 5% }` with its value; reports anything else. Null when there is no such key. */
export function singleEntry(
  value: unknown,
  known: readonly string[],
  path: ProblemPath,
  what: 'step' | 'check',
  report: (problem: Problem) => void,
): Entry | null {
  const entries = isRecord(value) ? Object.entries(value) : []
  const [first] = entries
  const list = known.join(', ')
  if (first === undefined || entries.length !== 1) {
    report({
      rule: `${what}-shape`,
      path,
      message: entries.length > 1 ? `a ${what} has exactly one kind` : `this is not a ${what}`,
      received: entries.length > 1 ? listed(entries.map(([key]) => key)) : showValue(value),
      expected: `one of ${list}, with its value`,
      fix: entries.length > 1 ? `write each as a ${what} of its own` : `write it as docs/plan.md shows ${what}s`,
    })
    return null
  }
  const [key, inner] = first
  if (known.includes(key)) return { isKnown: true, key, value: inner }
  const near = nearestWord(key, known)
  report({
    rule: `unknown-${what}`,
    path: [...path, key],
    message: `there is no ${what} kind ${key}`,
    received: key,
    expected: `one of ${list}`,
    fix: near === null ? `use a ${what} kind from the list` : `did you mean ${near}?`,
  })
  return { isKnown: false, meant: near, value: inner }
}

function listed(keys: readonly string[]): string {
  return shortened(keys.slice(0, 20).join(', '))
}
