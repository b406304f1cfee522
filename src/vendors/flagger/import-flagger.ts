import { type Imported, planOf } from '../draft.ts'
import type { Manifest } from '../manifest.ts'
import type { ImportOptions } from '../options.ts'
import { reportSecond, reportVersion } from '../refusals.ts'
import { createImportReport, type ImportReport } from '../report.ts'
import { draftOfCanary } from './canary.ts'
import { createMetricTemplates } from './metric-template.ts'

const API = /^flagger\.app\/v1(?:beta1|alpha3)$/

/** A Canary of Flagger with its MetricTemplates as a plan. Pure: the same files give the same plan. */
export function importFlagger(manifests: readonly Manifest[], options: ImportOptions): Imported {
  const report = createImportReport(manifests)
  const [canary, second] = manifests.filter(({ kind }) => kind === 'Canary')
  for (const manifest of manifests) {
    const isOwn = manifest.kind === 'Canary' || manifest.kind === 'MetricTemplate'
    if (isOwn && !hasKnownVersion(manifest))
      reportVersion(manifest, { vendor: 'Flagger', expected: 'flagger.app/v1beta1' }, report)
    if (!isOwn)
      report.note(
        'not-needed',
        { manifest, path: [] },
        `${manifest.name ?? 'this'} is no Canary and no MetricTemplate: it says nothing about steps or checks`,
      )
  }
  if (second !== undefined) reportSecond(second, 'Canary', report)
  const [first] = manifests
  if (canary === undefined) {
    if (first !== undefined) reportNone(first, report)
    return { ok: false, problems: report.problems() }
  }
  const templates = createMetricTemplates(manifests, report)
  const draft = draftOfCanary({ canary, templates, options, report })
  const problems = report.problems()
  if (draft === null || problems.length > 0) return { ok: false, problems }
  for (const { manifest } of templates.unused())
    report.note(
      'not-needed',
      { manifest, path: ['metadata', 'name'] },
      `${manifest.name ?? 'this'} is a MetricTemplate that this Canary does not name`,
    )
  const { form, spotOf } = planOf(draft, options)
  return {
    ...{ ok: true, form, isPlan: true, notes: report.notes(), version: null },
    placeOf(path) {
      const { manifest, path: within } = spotOf(path) ?? { manifest: canary, path: [] }
      const { file, line, column } = manifest.locate({ rule: 'place', path: [...manifest.at, ...within], message: '' })
      return { file, line, column }
    },
  }
}

function hasKnownVersion({ value }: Manifest): boolean {
  const version = value['apiVersion']
  return typeof version === 'string' && API.test(version)
}

function reportNone(manifest: Manifest, report: ImportReport): void {
  report.problem(
    { manifest, path: [] },
    {
      message: 'there is no Canary here to import',
      received: manifest.kind ?? 'no kind',
      expected: 'a Canary of Flagger',
      fix: 'give the file that holds it; a MetricTemplate alone has no limits',
    },
  )
}
