import { showValue } from '../domain/problems.ts'
import type { Manifest } from './manifest.ts'
import type { ImportReport } from './report.ts'

/** An object of another version than those that are read; `vendor` is whose it should be. */
export function reportVersion(
  manifest: Manifest,
  { vendor, expected }: { readonly vendor: string; readonly expected: string },
  report: ImportReport,
): void {
  const version = manifest.value['apiVersion']
  report.problem(
    { manifest, path: version === undefined ? [] : ['apiVersion'] },
    {
      message: `this ${manifest.kind ?? 'object'} is not one of ${vendor}`,
      received: version === undefined ? 'no apiVersion' : showValue(version),
      expected,
      fix: `write apiVersion: ${expected}, or leave the file out`,
    },
  )
}

/** A second object of a kind of which a plan is made of one. */
export function reportSecond(manifest: Manifest, kind: string, report: ImportReport): void {
  report.problem(
    { manifest, path: ['metadata', 'name'] },
    {
      message: `this is a second ${kind}, and a plan is for one`,
      received: manifest.name ?? 'no name',
      expected: `one ${kind}`,
      fix: 'import each with its templates by itself',
    },
  )
}
