import { isRecord } from '../domain/json.ts'
import type { LocatedProblem, Problem, ProblemPath } from '../domain/problems.ts'
import type { TextLimits } from '../domain/yaml/yaml-scan.ts'
import { readYamlDocuments, type YamlText } from '../domain/yaml/yaml-text.ts'
import { helmMarkIn } from './helm.ts'

/** One object of Kubernetes, as it stands in a file. */
export interface Manifest {
  readonly value: Readonly<Record<string, unknown>>
  /** Null where it says none. */
  readonly kind: string | null
  readonly name: string | null
  /** Its place in the document: below `items` for an entry of a list. */
  readonly at: ProblemPath
  readonly locate: (problem: Problem) => LocatedProblem
}

/** A place in a manifest. */
export interface Spot {
  readonly manifest: Manifest
  readonly path: ProblemPath
}

interface ManifestFile {
  readonly name: string
  readonly text: string
}

/** What a cluster is built from may hold many documents. */
const MANIFEST_LIMITS: TextLimits = {
  noun: 'a file of manifests',
  characters: 1_024 * 1_024,
  tokens: 100_000,
  levels: 32,
  aliases: 100,
  errors: { tooLarge: 'plan.too-large', tooDeep: 'plan.too-deep' },
}

/**
 * Every object of these files: their documents, and the entries of a list. Or all that keeps them from being read.
 * @throws SluiceError `plan.too-large`, `plan.too-deep`.
 */
export function readManifests(
  files: readonly ManifestFile[],
): { readonly manifests: readonly Manifest[] } | { readonly problems: readonly LocatedProblem[] } {
  const manifests: Manifest[] = []
  const problems: LocatedProblem[] = []
  for (const file of files) {
    const read = readYamlDocuments(file.text, file.name, MANIFEST_LIMITS)
    const helm = helmProblem(file, 'documents' in read ? read.documents : null)
    if (helm !== null) problems.push(helm)
    else if ('problems' in read) problems.push(...read.problems)
    else if (read.documents.length === 0) problems.push(emptyProblem(file))
    else for (const document of read.documents) addManifests(document, manifests, problems)
  }
  return problems.length > 0 ? { problems } : { manifests }
}

function addManifests({ value, locate }: YamlText, manifests: Manifest[], problems: LocatedProblem[]): void {
  const isList = isRecord(value) && typeof value['kind'] === 'string' && /^(?:\w+)?List$/.test(value['kind'])
  const items = isList && Array.isArray(value['items']) ? value['items'] : null
  const all: readonly (readonly [unknown, ProblemPath])[] =
    items === null ? [[value, []]] : items.map((item: unknown, index) => [item, ['items', index]] as const)
  for (const [one, at] of all) {
    if (isRecord(one)) manifests.push(manifestOf(one, at, locate))
    else
      problems.push(
        locate({
          ...{ rule: 'manifest', path: at, message: 'this is no object of Kubernetes' },
          ...{ expected: 'apiVersion, kind, metadata and spec', fix: 'check that this is the right file' },
        }),
      )
  }
}

function manifestOf(value: Manifest['value'], at: ProblemPath, locate: Manifest['locate']): Manifest {
  const { kind, metadata } = value
  const name = isRecord(metadata) ? metadata['name'] : undefined
  return {
    ...{ value, at, locate },
    kind: typeof kind === 'string' ? kind : null,
    name: typeof name === 'string' && name !== '' ? name : null,
  }
}

/** A chart is a text that becomes YAML; where it is YAML by chance, its values still are marks. */
function helmProblem({ name, text }: ManifestFile, documents: readonly YamlText[] | null): LocatedProblem | null {
  const read = documents === null ? text : JSON.stringify(documents.map(({ value }) => value)).replaceAll('\\"', '"')
  if (helmMarkIn(read) === null) return null
  const before = text.slice(0, helmMarkIn(text) ?? 0).split('\n')
  return {
    ...{ rule: 'helm', path: [], file: name, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 },
    message: 'this is a Helm template, which is not YAML until it is rendered',
    expected: 'a manifest that Kubernetes would accept',
    fix: 'render it first (helm template …), and import the result',
  }
}

function emptyProblem({ name }: ManifestFile): LocatedProblem {
  return {
    ...{ rule: 'manifest', path: [], file: name, line: 1, column: 1 },
    message: 'this file is empty',
    expected: 'an object of Kubernetes',
    fix: 'check that this is the right file',
  }
}
