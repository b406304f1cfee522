import { isRecord } from '../domain/json.ts'
import { nearestWord } from '../domain/nearest-word.ts'
import type { ProblemPath } from '../domain/problems.ts'
import type { Manifest } from './manifest.ts'
import { pathText } from './path-text.ts'
import type { Effect, ImportReport } from './report.ts'

/** What becomes of a field of a manifest. */
export interface FieldRow {
  /** `carried`: the plan has it, or the code that reads it says what becomes of it. */
  readonly effect: 'carried' | Effect
  /** One sentence, for the docs table and for the note. */
  readonly becomes: string
  /** What to do instead. */
  readonly fix?: string
  /** Whether a value says anything at all; absent: every one does. */
  readonly when?: (value: unknown) => boolean
}

/**
 * Every field of a manifest that is known, by its path: `spec.strategy.canary.steps[].setWeight`, `metadata.*` for keys of any
 * name. What is below a field without rows of its own belongs to it as a whole.
 */
export type FieldTable = Readonly<Record<string, FieldRow>>

/** Says of every field what becomes of it, unless it is carried over; one that the table does not have is a problem. */
export function reportFields(manifest: Manifest, table: FieldTable, report: ImportReport): void {
  const known = Object.keys(table)
  const open: { value: unknown; pattern: string; path: ProblemPath }[] = [
    { value: manifest.value, pattern: '', path: [] },
  ]
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    const { value, pattern, path } = next
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries())
        open.push({ value: item, pattern: `${pattern}[]`, path: [...path, index] })
      continue
    }
    if (!isRecord(value)) continue
    for (const [key, inner] of Object.entries(value)) {
      const own = pattern === '' ? key : `${pattern}.${key}`
      const named = Object.hasOwn(table, own) ? own : `${pattern}.*`
      const row = Object.hasOwn(table, named) ? table[named] : undefined
      const here = [...path, key]
      if (row === undefined) reportUnknown(manifest, here, pattern, known, report)
      else if (row.effect !== 'carried') {
        if (row.when?.(inner) ?? true)
          report.note(row.effect, { manifest, path: here }, `${pathText(here)}: ${row.becomes}`, row.fix)
      } else if (known.some((one) => one.startsWith(`${named}.`) || one.startsWith(`${named}[]`)))
        open.push({ value: inner, pattern: named, path: here })
    }
  }
}

function reportUnknown(
  manifest: Manifest,
  path: ProblemPath,
  pattern: string,
  known: readonly string[],
  report: ImportReport,
): void {
  const key = String(path.at(-1))
  const prefix = pattern === '' ? '' : `${pattern}.`
  const siblings = known
    .filter((one) => one.startsWith(prefix))
    .map((one) => one.slice(prefix.length))
    .filter((one) => /^\w+$/.test(one))
  const near = nearestWord(key, siblings)
  const kind = manifest.kind ?? 'object'
  report.problem(
    { manifest, path },
    key === '<<'
      ? {
          rule: 'unknown-key',
          message: 'a merge of maps (<<) is no YAML 1.2, so this part would be lost',
          received: '<<',
          expected: 'the keys themselves',
          fix: 'write the part out; an alias (*name) as a whole value is fine',
        }
      : {
          rule: 'unknown-key',
          message: `a ${kind} has no field ${pathText(path)}, as far as Sluice knows`,
          received: key,
          expected: siblings.length === 0 ? 'no field here' : `one of ${siblings.join(', ')}`,
          fix: near === null ? 'remove it, or check how it is spelt' : `did you mean ${near}?`,
        },
  )
}

/** Fields of which the same becomes. */
export function rowsFor(paths: readonly string[], row: FieldRow): FieldTable {
  return Object.fromEntries(paths.map((path) => [path, row]))
}
