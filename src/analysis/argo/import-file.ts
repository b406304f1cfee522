import { isRecord } from '../../domain/json.ts'
import {
  analysisTemplateSchema,
  type ImportedTemplate,
  type ImportOptions,
  importTemplate,
  whyForeign,
} from './import-template.ts'

/** One object of a file, with the words that messages call it by; they are empty when it is the only one. */
interface Part {
  readonly value: unknown
  readonly name: string
}

/**
 * Imports every AnalysisTemplate among the documents of a file, as one. What is no template is left out with a word, and so
 * is a template of which nothing can be asked here, as long as another one stays.
 */
export function importDocuments(documents: readonly unknown[], options: ImportOptions): ImportedTemplate {
  const parts = partsOf(documents)
  const templates = parts.filter(({ value }) => isTemplate(value))
  const others = parts.filter(({ value }) => !isTemplate(value))
  if (templates.length === 0) {
    const [first] = others
    return { ok: false, problems: first === undefined ? ['this file is empty'] : others.map(whatItIs) }
  }
  const imported = templates.map((part) => ({ part, lost: lostWhole(part.value) }))
  const asked = imported.filter(({ lost }) => lost === null)
  const [only] = templates
  if (templates.length === 1 && only !== undefined) return withNotes(importTemplate(only.value, options), others)
  if (asked.length === 0) return { ok: false, problems: imported.flatMap(({ part, lost }) => named(part, lost ?? [])) }
  const results = asked.map(({ part }) => ({ part, result: importTemplate(part.value, options) }))
  const problems = results.flatMap(({ part, result }) => (result.ok ? [] : named(part, result.problems)))
  if (problems.length > 0) return { ok: false, problems }
  return {
    ok: true,
    checks: results.flatMap(({ result }) => (result.ok ? result.checks : [])),
    leftOut: [
      ...results.flatMap(({ result }) => (result.ok ? result.leftOut : [])),
      ...imported.flatMap(({ lost }) => lost ?? []),
    ],
    notes: [
      ...others.map((part) => `left out: ${whatItIs(part)}`),
      ...results.flatMap(({ part, result }) => (result.ok ? named(part, result.notes) : [])),
    ],
  }
}

/** The objects of a file: its documents, and what a list of Kubernetes holds. */
function partsOf(documents: readonly unknown[]): readonly Part[] {
  const values = documents.flatMap((document) =>
    isRecord(document) && document['kind'] === 'List' && Array.isArray(document['items'])
      ? document['items']
      : [document],
  )
  return values.map((value, index) => ({ value, name: values.length === 1 ? '' : nameOf(value, index) }))
}

function nameOf(value: unknown, index: number): string {
  const metadata = isRecord(value) ? value['metadata'] : undefined
  const name = isRecord(metadata) ? metadata['name'] : undefined
  return typeof name === 'string' ? name : `document ${index + 1}`
}

/** A template says so, or says nothing and has its form. */
function isTemplate(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { kind, spec } = value
  if (kind === undefined) return isRecord(spec)
  return kind === 'AnalysisTemplate' || kind === 'ClusterAnalysisTemplate'
}

/** Why nothing of a template can be asked here, by metric; null when something can, or when it has other problems. */
function lostWhole(value: unknown): readonly string[] | null {
  const parsed = analysisTemplateSchema.safeParse(value)
  if (!parsed.success) return null
  const why = whyForeign(parsed.data)
  return why.includes(null) ? null : parsed.data.spec.metrics.map(({ name }, index) => `${name}: ${why[index]}`)
}

function whatItIs({ value, name }: Part): string {
  const kind = isRecord(value) && typeof value['kind'] === 'string' ? value['kind'] : null
  const which = name === '' ? 'this' : name
  if (kind === null) return `${which} is not an AnalysisTemplate`
  const article = /^[AEIOU]/.test(kind) ? 'an' : 'a'
  if (kind !== 'Rollout') return `${which} is ${article} ${kind}, not an AnalysisTemplate`
  const templates = templatesOf(value)
  const meant = templates.length === 0 ? 'an AnalysisTemplate' : `the AnalysisTemplate ${templates.join(', ')}`
  return `${which} is a Rollout, whose steps are not imported: write them as steps of a plan, and give ${meant}`
}

/** The templates that a Rollout names, wherever it does. */
function templatesOf(rollout: unknown): readonly string[] {
  const found = [...JSON.stringify(rollout).matchAll(/"templateName":"([\w.-]{1,253})"/g)].flatMap(
    ([, name]) => name ?? [],
  )
  return [...new Set(found)].slice(0, 5)
}

function named({ name }: Part, sentences: readonly string[]): readonly string[] {
  return name === '' ? sentences : sentences.map((sentence) => `${name}: ${sentence}`)
}

function withNotes(imported: ImportedTemplate, others: readonly Part[]): ImportedTemplate {
  if (!imported.ok) return imported
  return { ...imported, notes: [...others.map((part) => `left out: ${whatItIs(part)}`), ...imported.notes] }
}
