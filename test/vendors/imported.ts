import { formatProblem } from '../../src/domain/problems.ts'
import { importArgo } from '../../src/vendors/argo/import-argo.ts'
import { importFlagger } from '../../src/vendors/flagger/import-flagger.ts'
import { readManifests } from '../../src/vendors/manifest.ts'
import { type ImportOptions, USUAL_OPTIONS } from '../../src/vendors/options.ts'
import type { Effect } from '../../src/vendors/report.ts'

type ManifestFile = Parameters<typeof readManifests>[0][number]

/** What came of files: the plan, and every note and problem as a line. */
export interface Outcome {
  readonly form: Readonly<Record<string, unknown>> | null
  readonly problems: readonly string[]
  /** `a.yaml:4: sentence`. */
  readonly notes: Readonly<Record<Effect, readonly string[]>>
  readonly version: string | null
}

export const argo = (files: string | readonly ManifestFile[], options: Partial<ImportOptions> = {}) =>
  outcomeOf(importArgo, files, options)

export const flagger = (files: string | readonly ManifestFile[], options: Partial<ImportOptions> = {}) =>
  outcomeOf(importFlagger, files, options)

/** Values as documents of one file. */
export const documents = (...values: readonly unknown[]) => values.map((value) => JSON.stringify(value)).join('\n---\n')

function outcomeOf(
  importer: typeof importArgo,
  files: string | readonly ManifestFile[],
  options: Partial<ImportOptions>,
): Outcome {
  const none = { 'left-out': [], differs: [], added: [], 'not-needed': [] }
  const refused = (problems: Parameters<typeof formatProblem>[0][]) => {
    return { form: null, problems: problems.map(formatProblem), notes: none, version: null }
  }
  const read = readManifests(typeof files === 'string' ? [{ name: 'a.yaml', text: files }] : files)
  if ('problems' in read) return refused([...read.problems])
  const imported = importer(read.manifests, { ...USUAL_OPTIONS, ...options })
  if (!imported.ok) return refused([...imported.problems])
  const linesOf = (effect: Effect) =>
    imported.notes.flatMap((note) => (note.effect === effect ? [`${note.file}:${note.line}: ${note.message}`] : []))
  return {
    form: imported.form,
    problems: [],
    notes: {
      'left-out': linesOf('left-out'),
      differs: linesOf('differs'),
      added: linesOf('added'),
      'not-needed': linesOf('not-needed'),
    },
    version: imported.version,
  }
}
