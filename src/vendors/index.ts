import { importArgo } from './argo/import-argo.ts'
import type { Imported } from './draft.ts'
import { importFlagger } from './flagger/import-flagger.ts'
import type { Manifest } from './manifest.ts'
import type { ImportOptions } from './options.ts'

/** Whose manifests can be turned into a plan. */
export const VENDORS = { argo: importArgo, flagger: importFlagger } as const satisfies Readonly<
  Record<string, (manifests: readonly Manifest[], options: ImportOptions) => Imported>
>

/** Whose these manifests are. */
export function vendorOf(manifests: readonly Manifest[]): keyof typeof VENDORS {
  return manifests.some(({ kind }) => kind === 'Canary' || kind === 'MetricTemplate') ? 'flagger' : 'argo'
}
