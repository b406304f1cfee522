import type { Problem, ProblemPath } from '../domain/problems.ts'

/** A problem of two places that say the same; `first` is the other one. */
export interface Clash {
  readonly problem: Problem
  readonly first: ProblemPath
}

/** Remembers who said what first, and reports everybody who says it again. */
export function createClashes(report: (clash: Clash) => void) {
  const first = new Map<string, ProblemPath>()
  /** True when nobody had said it; `words` are for the one who says it again. */
  return (what: string, path: ProblemPath, words: Omit<Problem, 'path'>): boolean => {
    const known = first.get(what)
    if (known === undefined) {
      first.set(what, path)
      return true
    }
    report({ problem: { ...words, path }, first: known })
    return false
  }
}
