import { nameText } from '../../domain/plan/plan-values.ts'
import type { LocatedProblem } from '../../domain/problems.ts'
import { readYamlDocuments, writeYaml } from '../../domain/yaml/yaml-text.ts'
import { CliFailure, EXIT } from '../failure.ts'
import { inBounds, planFailure, readTextFile } from '../plan-file.ts'
import type { Session } from '../session.ts'
import { clean } from '../text.ts'

export interface ImportArgoOptions {
  readonly source: string
  /** `name=value` each. */
  readonly arg: readonly string[]
}

/** `sluice import argo`: an AnalysisTemplate as `checks:` of a plan, with what was left out as comments. */
export async function importArgo(name: string, { source, arg }: ImportArgoOptions, session: Session): Promise<void> {
  if (!nameText.safeParse(source).success)
    throw new CliFailure(EXIT.usage, `--source ${clean(source)}: expected the name of a metric source`)
  const [{ importDocuments }, { helmMarkIn }, { planFormOf }] = await Promise.all([
    import('../../analysis/argo/import-file.ts'),
    import('../../analysis/argo/helm.ts'),
    import('../../analysis/argo/plan-form.ts'),
  ])
  const text = await readTextFile(name, session.terminal)
  const documents = documentsOf(text, name, helmMarkIn)
  const imported = importDocuments(documents, { source, args: argumentsOf(arg) })
  if (!imported.ok) throw importFailure(name, imported.problems)
  const form = planFormOf(imported.checks)
  if (form.problems.length > 0) throw importFailure(name, form.problems)
  const { leftOut } = imported
  const notes = [...leftOut.map((metric) => `left out: ${metric}`), ...imported.notes, ...form.notes]
  const comments = [`from ${name}`, ...notes].map((note) => `# ${clean(note)}`)
  const yaml = writeYaml({ checks: form.checks }).trimEnd().split('\n').map(clean)
  session.say([...comments, ...yaml], { checks: form.checks, notes })
  if (leftOut.length === 0) return
  const total = leftOut.length + imported.checks.length
  session.hint(`${leftOut.length} of ${total} metrics left out: the plan has no check in their place`)
}

/** @throws CliFailure with every fault of the text, or with the one that it is a template of something else */
function documentsOf(text: string, name: string, helmMarkIn: (text: string) => number | null): readonly unknown[] {
  const read = inBounds(() => readYamlDocuments(text, name))
  const documents = 'documents' in read ? read.documents.map(({ value }) => value) : []
  const mark = helmMarkIn('documents' in read ? JSON.stringify(documents).replaceAll('\\"', '"') : text)
  if (mark !== null) throw planFailure([helmProblem(name, 'documents' in read ? '' : text.slice(0, mark))])
  if ('problems' in read) throw planFailure(read.problems)
  return documents
}

function helmProblem(file: string, before: string): LocatedProblem {
  const lines = before.split('\n')
  return {
    ...{ rule: 'helm', path: [], file, line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 },
    message: 'this is a Helm template, which is not YAML until it is rendered',
    expected: 'an AnalysisTemplate that Kubernetes would accept',
    fix: 'render it first (helm template …), and import the result',
  }
}

function argumentsOf(pairs: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name, value] = /^([^=]+)=([^]*)$/.exec(pair) ?? []
      if (name !== undefined && value !== undefined) return [name, value]
      throw new CliFailure(EXIT.usage, `--arg ${clean(pair)}: expected a name and a value, such as service=checkout`)
    }),
  )
}

function importFailure(name: string, problems: readonly string[]): CliFailure {
  const count = `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`
  const lines = problems.map((problem) => `${clean(name)}: ${clean(problem)}`)
  return new CliFailure(EXIT.refused, [...lines, '', count].join('\n'), { problems })
}
