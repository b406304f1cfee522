import { SluiceError } from '../domain/errors.ts'
import type { LocatedProblem } from '../domain/problems.ts'
import type { YamlText } from '../domain/yaml/yaml-text.ts'
import { wordsOf } from './words.ts'

interface NamedFiles {
  /** The files by their names, as paths relative to `sluice.yaml`. */
  readonly files: Readonly<Record<string, string>>
  /** The key of `sluice.yaml` that names them, and the rule that one of them breaks. */
  readonly key: string
  readonly rule: string
  readonly locate: YamlText['locate']
}

interface ReadFiles<T> {
  readonly found: Readonly<Record<string, T>>
  /** Each at its place: in the file that it is of, or in `sluice.yaml` where the file itself cannot be read. */
  readonly problems: readonly LocatedProblem[]
}

/** Reads the files that `sluice.yaml` names under a key. `read` answers without a value for one that is no use as it is. */
export function readNamedFiles<T>(
  { files, key, rule, locate }: NamedFiles,
  read: (name: string, file: string) => { readonly value?: T; readonly problems: readonly LocatedProblem[] },
): ReadFiles<T> {
  const found: Record<string, T> = {}
  const problems: LocatedProblem[] = []
  for (const [name, file] of Object.entries(files)) {
    try {
      const { value, problems: own } = read(name, file)
      problems.push(...own)
      if (value !== undefined) found[name] = value
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error
      problems.push(locate({ ...wordsOf(error), rule, path: [key, name] }))
    }
  }
  return { found, problems }
}
