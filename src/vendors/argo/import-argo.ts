import { checksForm, type DraftCheck, type Imported, planOf } from '../draft.ts'
import type { Manifest } from '../manifest.ts'
import type { ImportOptions } from '../options.ts'
import { reportSecond, reportVersion } from '../refusals.ts'
import { createImportReport } from '../report.ts'
import { type AnalysisContext, checksOfTemplate, createTemplates } from './analyses.ts'
import { isTemplate } from './analysis-template.ts'
import { draftOfRollout, versionOf } from './rollout.ts'

const API = 'argoproj.io/v1alpha1'

/**
 * Argo Rollouts' manifests as a plan, when there is a Rollout among them, else as checks for a plan. Pure: the same files
 * give the same plan.
 */
export function importArgo(manifests: readonly Manifest[], options: ImportOptions): Imported {
  const report = createImportReport(manifests)
  const rollouts = manifests.filter(({ kind }) => kind === 'Rollout')
  const found = manifests.filter(isTemplate)
  for (const manifest of [...rollouts, ...found].filter((one) => !isOurs(one)))
    reportVersion(manifest, { vendor: 'Argo Rollouts', expected: API }, report)
  const templates = createTemplates(found, report)
  for (const manifest of manifests)
    if (manifest.kind !== 'Rollout' && !found.includes(manifest))
      report.note(
        'not-needed',
        { manifest, path: [] },
        `${whatItIs(manifest)}, which says nothing about steps or checks`,
      )
  const context = { templates, options, report }
  const [rollout, second] = rollouts
  if (second !== undefined) reportSecond(second, 'Rollout', report)
  if (rollout === undefined) return importChecks(manifests, { ...context, rollout: null })
  return importRollout(rollout, { ...context, rollout })
}

function importRollout(rollout: Manifest, context: AnalysisContext): Imported {
  const { report, options, templates } = context
  const draft = draftOfRollout(rollout, context)
  const problems = report.problems()
  if (draft === null || problems.length > 0) return { ok: false, problems }
  for (const { manifest } of templates.unused())
    report.note(
      'not-needed',
      { manifest, path: ['metadata', 'name'] },
      `${whatItIs(manifest)} that this Rollout does not name`,
    )
  const { form, spotOf } = planOf(draft, options)
  return {
    ...{ ok: true, form, isPlan: true, notes: report.notes(), version: versionOf(rollout) },
    placeOf(path) {
      const { manifest, path: within } = spotOf(path) ?? { manifest: rollout, path: [] }
      const { file, line, column } = manifest.locate({ rule: 'place', path: [...manifest.at, ...within], message: '' })
      return { file, line, column }
    },
  }
}

/** Templates alone: each by itself. */
function importChecks(manifests: readonly Manifest[], context: AnalysisContext): Imported {
  const { report, templates } = context
  const checks: readonly DraftCheck[] = templates.all().flatMap((template) => checksOfTemplate(template, context))
  const [first] = manifests
  if (first !== undefined && checks.length === 0 && report.problems().length === 0) reportNothing(first, context)
  const problems = report.problems()
  if (problems.length > 0) return { ok: false, problems }
  return {
    ...{ ok: true, form: checksForm(checks), isPlan: false, notes: report.notes(), version: null },
    placeOf: () => null,
  }
}

/** An AnalysisRun's spec by itself has neither a kind nor a version. */
function isOurs({ kind, value }: Manifest): boolean {
  return value['apiVersion'] === API || (value['apiVersion'] === undefined && kind === null)
}

/** Nothing can be asked: then what is left out is what is wrong. */
function reportNothing(manifest: Manifest, { report }: AnalysisContext): void {
  if (manifest.kind === null && 'steps' in manifest.value) {
    report.problem(
      { manifest, path: [] },
      {
        message: 'this is a plan already',
        received: 'steps',
        expected: 'a manifest of Kubernetes',
        fix: 'start it as it is: sluice start plan.yaml',
      },
    )
    return
  }
  const lost = report.notes().filter(({ effect }) => effect === 'left-out')
  report.problem(
    { manifest, path: [] },
    {
      message:
        lost.length === 0
          ? 'there is nothing here to import'
          : `nothing of this can be imported: ${lost.map(({ message }) => message).join('; ')}`,
      expected: 'a Rollout, an AnalysisTemplate, a ClusterAnalysisTemplate or an AnalysisRun',
      fix: lost.length === 0 ? 'give the file that holds it' : (lost[0]?.fix ?? 'ask Prometheus for the same'),
    },
  )
}

function whatItIs({ kind, name }: Manifest): string {
  const which = name ?? 'this'
  if (kind === null) return `${which} is no object of Kubernetes`
  return `${which} is ${/^[AEIOU]/.test(kind) ? 'an' : 'a'} ${kind}`
}
