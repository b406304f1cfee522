import type { z } from 'zod'
import { isRecord } from '../json.ts'
import { nearestWord } from '../nearest-word.ts'
import { formatPath, MOST_PROBLEMS, type Problem, type ProblemPath, shortened, showValue } from '../problems.ts'
import { expectedBy, isUnworded } from './issue-words.ts'
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
        // One of another form of this value.
        if (known.includes(key)) {
          const message = `${formatPath([...inner, key])} cannot stand beside these keys`
          report({ rule: 'unknown-key', path, message, received: key, fix: 'remove it, or the keys it excludes' })
          continue
        }
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
    report({
      rule: 'value',
      path: [...prefix, ...inner],
      ...wordsOf(issue, [...prefix, ...inner], valueAt(value, inner), here),
    })
  }
}

function wordsOf(
  issue: z.core.$ZodIssue,
  path: ProblemPath,
  seen: unknown,
  shapes: readonly JsonShape[],
): Pick<Problem, 'message' | 'received' | 'expected' | 'fix'> {
  const expected = expectedBy(issue)
  const key = path.at(-1)
  if (issue.code === 'invalid_key' && key !== undefined)
    return { message: 'this name is not accepted', received: showValue(key), expected, fix: 'write another name' }
  if (seen === undefined) return { message: `${formatPath(path)} is missing`, expected, fix: 'add it' }
  return {
    ...{ message: 'this value is not accepted', received: showValue(seen), expected },
    fix: fixFor(seen, shapes, expected),
  }
}

/** What is wrong with a value in one line for each, for a door that has no list; `whole` is what the value is called itself. */
export function issueTexts(
  issues: readonly z.core.$ZodIssue[],
  value: unknown,
  whole: string,
  { isSecret = false }: { readonly isSecret?: boolean } = {},
): readonly string[] {
  const texts: string[] = []
  reportIssues(issues, [], value, ({ path, received, expected, rule }) => {
    const place = formatPath(rule === 'unknown-key' ? path.slice(0, -1) : path) || whole
    if (rule === 'unknown-key') texts.push(`${place}: unknown key ${received}`)
    else if (received === undefined) texts.push(`${place} is missing, expected ${expected}`)
    else texts.push(`${place}: expected ${expected}${isSecret ? '' : `, got ${received}`}`)
  })
  return texts
}

/**
 * Of a union's branches the one that came furthest: it fits what the author meant. Null where several came as far and the
 * union says in its own words what may stand there.
 */
function closestBranch(issue: z.core.$ZodIssueInvalidUnion, seen: unknown): readonly z.core.$ZodIssue[] | null {
  const { errors: branches } = issue
  const isWrongForm = ({ code, path }: z.core.$ZodIssue) =>
    path.length === 0 && (code === 'invalid_type' || (code === 'invalid_value' && typeof seen === 'object'))
  const fitting = branches.filter((issues) => issues.length > 0 && !issues.some(isWrongForm))
  if (fitting.length === 1) return fitting[0] ?? null
  const strange = fitting.map(strangeKeys)
  const least = Math.min(...strange)
  const nearest = fitting.filter((_, index) => strange[index] === least)
  if (nearest.length === 1) return nearest[0] ?? null
  return isUnworded(issue) ? (branches[0] ?? null) : null
}

/** How many of the keys that were written a form does not know. */
function strangeKeys(issues: readonly z.core.$ZodIssue[]): number {
  return issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 0), 0)
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
