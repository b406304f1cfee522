import { z } from 'zod'
import { reportFields } from '../fields.ts'
import type { Manifest, Spot } from '../manifest.ts'
import type { ImportReport } from '../report.ts'
import { METRIC_TEMPLATE_FIELDS } from './canary-fields.ts'

const templateSchema = z.object({
  spec: z.object({ query: z.string().min(1), provider: z.object({ type: z.string().min(1) }) }),
})

interface MetricTemplate {
  readonly manifest: Manifest
  readonly query: string
  /** The kind of store that it asks: only `prometheus` can be asked here. */
  readonly provider: string
}

/** The templates of all files by their names, each read once. */
export interface MetricTemplates {
  readonly named: (name: string, spot: Spot) => MetricTemplate | null
  readonly unused: () => readonly MetricTemplate[]
}

export function createMetricTemplates(manifests: readonly Manifest[], report: ImportReport): MetricTemplates {
  const own = manifests.filter(({ kind }) => kind === 'MetricTemplate')
  const read = own.flatMap((manifest): MetricTemplate[] => {
    reportFields(manifest, METRIC_TEMPLATE_FIELDS, report)
    const parsed = report.read(templateSchema, manifest.value, { manifest, path: [] })
    return parsed === null ? [] : [{ manifest, query: parsed.spec.query, provider: parsed.spec.provider.type }]
  })
  const used = new Set<MetricTemplate>()
  return {
    unused: () => read.filter((template) => !used.has(template)),
    named(name, spot) {
      const [first, second] = read.filter(({ manifest }) => manifest.name === name)
      for (const template of [first, second]) if (template !== undefined) used.add(template)
      if (second !== undefined)
        report.problem(
          { manifest: second.manifest, path: ['metadata', 'name'] },
          {
            message: `two templates are called ${name}`,
            received: name,
            expected: 'one MetricTemplate of this name',
            fix: 'remove one of them, or leave its file out',
          },
        )
      if (first !== undefined) return first
      // One that cannot be read has been complained of.
      if (!own.some((manifest) => manifest.name === name))
        report.problem(spot, {
          message: `there is no MetricTemplate ${name} in these files`,
          received: name,
          expected: `a file that holds the MetricTemplate ${name}`,
          fix: 'give its file as well',
        })
      return null
    },
  }
}
