import type { z } from 'zod'
import { visible } from '../domain/characters.ts'
import { reportIssues } from '../domain/plan/plan-issues.ts'
import type { LocatedProblem, Problem } from '../domain/problems.ts'
import type { Manifest, Spot } from './manifest.ts'
import { pathText } from './path-text.ts'

/**
 * What became of a field that does not stand in the plan as it was. `left-out`: the plan does less without it. `differs`: it
 * is there, and means something else. `added`: the plan says what the manifest left unsaid. `not-needed`: it says something
 * about what Sluice does not touch, such as pods.
 */
export type Effect = 'left-out' | 'differs' | 'added' | 'not-needed'

/** One sentence about one place of a manifest. */
export interface ImportNote {
  readonly effect: Effect
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
  readonly fix?: string
}

type Words = Omit<Problem, 'path' | 'rule'> & { readonly rule?: string }

/** Collects what is to be said of manifests: problems, with which there is no plan, and notes. */
export interface ImportReport {
  readonly problem: (spot: Spot, words: Words) => void
  readonly note: (effect: Effect, spot: Spot, message: string, fix?: string) => void
  /** The value as this schema reads it, or null with every fault of it reported. */
  readonly read: <T>(schema: z.ZodType<T>, value: unknown, spot: Spot) => T | null
  readonly problems: () => readonly LocatedProblem[]
  readonly notes: () => readonly ImportNote[]
}

/** A report in the order of the files that these come from. */
export function createImportReport(manifests: readonly Manifest[]): ImportReport {
  const files = [...new Set(manifests.map(({ locate }) => locate({ rule: 'place', path: [], message: '' }).file))]
  const problems = new Map<string, LocatedProblem>()
  const notes = new Map<string, ImportNote>()
  const problem = ({ manifest, path }: Spot, { rule = 'import', ...words }: Words) => {
    const located = placed({ manifest, path }, rule, words)
    problems.set(`${located.file}:${located.line}:${located.column} ${located.message}`, located)
  }
  return {
    problem,
    note(effect, spot, message, fix) {
      const { file, line, column } = placed(spot, 'import', { message })
      const note = { effect, file, line, column, message: visible(message), ...(fix !== undefined && { fix }) }
      notes.set(`${file}:${line}:${column} ${message}`, note)
    },
    read(schema, value, spot) {
      const parsed = schema.safeParse(value)
      if (parsed.success) return parsed.data
      const add = ({ path, message, ...words }: Problem) =>
        problem(
          { ...spot, path },
          { ...words, message: message.startsWith('this ') ? `${pathText(path)}: ${message}` : message },
        )
      reportIssues(parsed.error.issues, spot.path, value, add, schema)
      return null
    },
    problems: () => inOrder([...problems.values()], files),
    notes: () => inOrder([...notes.values()], files),
  }
}

/** Names the key, where the place is one, not the value behind it, which may begin a line further down. */
function placed({ manifest, path }: Spot, rule: string, words: Omit<Problem, 'path' | 'rule'>): LocatedProblem {
  const whole = [...manifest.at, ...path]
  const isKey = typeof whole.at(-1) === 'string' && rule !== 'value'
  return { ...manifest.locate({ ...words, rule: isKey ? 'unknown-key' : rule, path: whole }), rule }
}

function inOrder<T extends { readonly file: string; readonly line: number; readonly column: number }>(
  list: readonly T[],
  files: readonly string[],
): readonly T[] {
  return list.toSorted(
    (left, right) =>
      files.indexOf(left.file) - files.indexOf(right.file) || left.line - right.line || left.column - right.column,
  )
}
