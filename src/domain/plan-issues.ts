import type { z } from 'zod'
import { formatPath, type Problem, type ProblemPath, showValue } from './problems.ts'
import { type JsonShape, keysOf, shapeOf, shapesAt } from './schema-shapes.ts'
import { parseDuration, writeDuration } from './units.ts'

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
      for (const key of issue.keys) {
        const path = [...prefix, ...inner, key]
        const near = nearest(key, known)
        report({
          rule: 'unknown-key',
          path,
          message: `unknown key ${formatPath([...inner, key])}`,
          received: key,
          ...(known.length > 0 && { expected: `one of ${known.join(', ')}` }),
          fix: near === null ? 'remove it or correct its spelling' : `did you mean ${near}?`,
        })
      }
      continue
    }
    if (issue.code === 'invalid_union') {
      const closest = closestBranch(issue.errors)
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
      fix: seen === undefined ? 'add it' : fixFor(seen, here),
    })
  }
}

/** Of a union's branches the one that came furthest: it fits what the author meant. */
function closestBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | null {
  const isWrongType = (issue: z.core.$ZodIssue) => issue.code === 'invalid_type' && issue.path.length === 0
  const fitting = branches.filter((issues) => issues.length > 0 && !issues.some(isWrongType))
  return fitting.length === 1 ? (fitting[0] ?? null) : (branches[0] ?? null)
}

function withoutExpected(message: string): string {
  return message.replace(/^Invalid (?:input|option): /, '').replace(/^expected /, '')
}

function fixFor(seen: unknown, shapes: readonly JsonShape[]): string {
  const patterns = shapes.flatMap(({ pattern, examples }) =>
    // Only quantities have examples: any number would also do as a name.
    typeof pattern === 'string' && examples !== undefined ? [new RegExp(pattern)] : [],
  )
  const meant = formsOf(seen).find((form) => patterns.some((pattern) => pattern.test(form)))
  if (meant !== undefined) return `write ${meant}`
  return typeof seen === 'number' ? 'write it as text with its unit, such as 5%, 10m or 1.5x' : 'correct the value'
}

/** What a value may have been meant as where that is beyond doubt: a 5 is no `5%`, for it could be `500%` as well. */
function formsOf(seen: unknown): readonly string[] {
  const text = typeof seen === 'number' || typeof seen === 'string' ? String(seen) : ''
  if (/^\d+(\.\d+)?$/.test(text)) {
    const number = Number(text)
    return [`${text}x`, `p${number > 0 && number < 1 ? Number((number * 100).toPrecision(6)) : text}`]
  }
  const sum = sumOfDurations(text)
  return sum === null ? [] : [writeDuration(sum)]
}

/** `1h30m` and `1h 30m` in milliseconds. */
function sumOfDurations(text: string): number | null {
  const parts = text.match(/\d+[a-z]+/g) ?? []
  if (parts.length < 2 || parts.join('') !== text.replaceAll(' ', '')) return null
  let sum = 0
  for (const part of parts) {
    const parsed = parseDuration(part)
    if (!parsed.ok) return null
    sum += parsed.value
  }
  return parseDuration(writeDuration(sum)).ok ? sum : null
}

function valueAt(value: unknown, path: ProblemPath): unknown {
  return path.reduce<unknown>((inner, key) => {
    if (Array.isArray(inner)) return inner[Number(key)]
    return isRecord(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined
  }, value)
}

/** The one key of `{ weight: 5% }` with its value; reports anything else. */
export function singleEntry(
  value: unknown,
  known: readonly string[],
  path: ProblemPath,
  what: 'step' | 'check',
  report: (problem: Problem) => void,
): { key: string; value: unknown } | null {
  const entries = isRecord(value) ? Object.entries(value) : []
  const [first] = entries
  const list = known.join(', ')
  if (first === undefined || entries.length !== 1) {
    report({
      rule: `${what}-shape`,
      path,
      message: entries.length > 1 ? `a ${what} has exactly one kind` : `this is not a ${what}`,
      received: entries.length > 1 ? entries.map(([key]) => key).join(', ') : showValue(value),
      expected: `one of ${list}, with its value`,
      fix: entries.length > 1 ? `write each as a ${what} of its own` : `write it as in the docs of the ${what}s`,
    })
    return null
  }
  const [key, inner] = first
  if (known.includes(key)) return { key, value: inner }
  const near = nearest(key, known)
  report({
    rule: `unknown-${what}`,
    path: [...path, key],
    message: `there is no ${what} kind ${key}`,
    received: key,
    expected: `one of ${list}`,
    fix: near === null ? `use a ${what} kind from the list` : `did you mean ${near}?`,
  })
  return null
}

/** The known word within two edits of `word`, and at most half of it edited, if there is one. */
function nearest(word: string, known: readonly string[]): string | null {
  const [best] = known
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= 2 && distance * 2 <= candidate.length)
    .sort((left, right) => left.distance - right.distance)
  return best?.candidate ?? null
}

function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let index = 0; index < left.length; index += 1) {
    const next = [index + 1]
    for (let column = 1; column <= right.length; column += 1) {
      const substitute = (row[column - 1] ?? 0) + (left[index] === right[column - 1] ? 0 : 1)
      next.push(Math.min((row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1, substitute))
    }
    row = next
  }
  return row[right.length] ?? 0
}

/** True for a map of the document. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
