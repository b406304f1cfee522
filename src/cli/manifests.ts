import type { LocatedProblem } from '../domain/problems.ts'
import type { Imported } from '../vendors/draft.ts'
import type { Effect, ImportNote } from '../vendors/report.ts'
import { importOptions, type ManifestOptions } from './import-options.ts'
import { inBounds, planFailure, readTextFile } from './plan-file.ts'
import type { Session } from './session.ts'

export type Vendor = 'argo' | 'flagger'
type Conversion = Extract<Imported, { readonly ok: true }>

/** @throws CliFailure with every reason why these files give no plan, at its place */
export async function convertFiles(
  vendor: Vendor | 'any',
  names: readonly string[],
  options: ManifestOptions,
  { terminal }: Session,
): Promise<Conversion> {
  const chosen = importOptions(options)
  const [{ readManifests }, { VENDORS, vendorOf }] = await Promise.all([
    import('../vendors/manifest.ts'),
    import('../vendors/index.ts'),
  ])
  const files = await Promise.all(names.map(async (name) => ({ name, text: await readTextFile(name, terminal) })))
  const read = inBounds(() => readManifests(files))
  if ('problems' in read) throw planFailure(read.problems)
  const imported = VENDORS[vendor === 'any' ? vendorOf(read.manifests) : vendor](read.manifests, chosen)
  if (!imported.ok) throw planFailure(imported.problems)
  return imported
}

/** What became of what does not stand in the plan as it was, worst first; each with its place. */
export function noteLines(notes: readonly ImportNote[]): readonly string[] {
  return EFFECTS.flatMap(([effect, title]) => {
    const own = notes.filter((note) => note.effect === effect)
    if (own.length === 0) return []
    return [
      `${title}:`,
      ...own.flatMap(({ file, line, column, message, fix }) => [
        `  ${file}:${line}:${column}: ${message}`,
        ...(fix === undefined ? [] : [`    fix: ${fix}`]),
      ]),
    ]
  })
}

const EFFECTS: readonly (readonly [Effect, string])[] = [
  ['left-out', 'left out'],
  ['differs', 'means something else here'],
  ['added', 'written out'],
  ['not-needed', 'not needed here'],
]

/** What the plan would lack, as problems; empty when it does everything that the manifests asked for. */
export function leftOut(notes: readonly ImportNote[]): readonly LocatedProblem[] {
  return notes.flatMap(({ effect, file, line, column, message, fix }) =>
    effect === 'left-out'
      ? [{ rule: 'left-out', path: [], file, line, column, message, ...(fix !== undefined && { fix }) }]
      : [],
  )
}
