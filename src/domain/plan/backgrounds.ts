import type { Problem, ProblemPath } from '../problems.ts'
import type { Backgrounds } from './steps/step-kind.ts'

type Begun = Parameters<Backgrounds['begin']>[1]

/** Keeps the analyses that one plan has in the background, while its steps are expanded in order. */
export function createBackgrounds(report: (problem: Problem) => void): Backgrounds {
  const open = new Map<string, { readonly begun: Begun; readonly path: ProblemPath }>()
  const names = new Set<string>()
  const problem = (path: ProblemPath, received: string, told: Pick<Problem, 'message' | 'expected' | 'fix'>) =>
    report({ rule: 'background', path, received, ...told })
  return {
    begin(name, begun, path) {
      if (names.has(name)) {
        const message = 'an analysis of this name has begun before'
        return problem(path, name, { message, expected: 'a name of its own', fix: 'choose another name' })
      }
      names.add(name)
      open.set(name, { begun, path })
    },
    end(name, path) {
      const found = open.get(name)
      open.delete(name)
      if (found !== undefined) return found.begun
      const message = names.has(name)
        ? 'this analysis had to pass before already'
        : 'no step before has begun this analysis'
      const known = [...open.keys()].join(', ')
      const expected = known === '' ? 'a name that an earlier step starts' : `one that goes on: ${known}`
      problem(path, name, { message, expected, fix: `put analyse: { start: ${name}, checks: … } before it` })
      return null
    },
    reportOpen() {
      for (const [name, { path }] of open) {
        const message = 'nothing waits for this analysis, so it could not keep the release from ending'
        const fix = `add analyse: { passed: ${name} } where it must have passed`
        problem(path, name, { message, expected: 'a later step that it must have passed by', fix })
      }
    },
  }
}
