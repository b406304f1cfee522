import type { ProblemPath } from '../domain/problems.ts'

/** `spec.strategy.canary.steps[2].setWeight`. */
export function pathText(path: ProblemPath): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`))
    .join('')
    .slice(1)
}
