import { nearestWord } from '../nearest-word.ts'
import type { Problem, ProblemPath } from '../problems.ts'
import type { SourceNeeds } from './check-form.ts'
import type { Check } from './checks.ts'
import type { TargetFacts } from './plan-context.ts'

interface Place {
  readonly path: ProblemPath
  readonly report: (problem: Problem) => void
}

/** Reports a cohort that the target does not define: nobody would ever be of it. */
export function reportUnknownCohort(name: string, known: readonly string[] | null, { path, report }: Place): void {
  if (known === null || known.includes(name)) return
  const near = nearestWord(name, known)
  report({
    rule: 'unknown-cohort',
    path,
    message: 'the target has no such cohort',
    received: name,
    expected: known.length === 0 ? 'no cohort: the target defines none' : `one of ${known.join(', ')}`,
    fix: near === null ? 'use one of these, or ask an administrator to add it to sluice.yaml' : `did you mean ${near}?`,
  })
}

/** Reports what is wrong with a check of one cohort: the cohort, or a source that cannot tell its requests apart. */
export function reportCohort(
  cohort: string,
  check: Pick<Check, 'kind' | 'source'>,
  { facts, asked, ...place }: Place & { readonly facts: TargetFacts | null; readonly asked: SourceNeeds },
): void {
  if (facts === null) return
  const at = { ...place, path: [...place.path, 'cohort'] }
  reportUnknownCohort(cohort, facts.cohorts ?? null, at)
  if (asked === 'queries')
    return at.report({
      rule: 'metric-source',
      path: at.path,
      message: 'a query says itself which requests it is about',
      received: cohort,
      expected: 'no cohort beside it',
      fix: 'remove cohort, and select the cohort in the query',
    })
  const source = Object.hasOwn(facts.metrics, check.source) ? facts.metrics[check.source] : undefined
  if (source === undefined || source.cohorts === true) return
  at.report({
    rule: 'metric-source',
    path: at.path,
    message: `the metric source ${check.source} does not tell the requests of a cohort apart`,
    received: cohort,
    expected: 'a source with cohortLabel in sluice.yaml',
    fix: 'remove cohort, or ask an administrator to name the label that holds the cohort',
  })
}

/** Reports a comparison of a cohort that is on the canary as a whole: nobody of it is left on stable. */
export function reportWholeCohorts(
  checks: readonly Check[],
  pinned: ReadonlySet<string>,
  comparesWithStable: (check: Check) => boolean,
  report: (problem: Problem) => void,
): void {
  for (const check of checks) {
    if (check.cohort === undefined || !pinned.has(check.cohort) || !comparesWithStable(check)) continue
    report({
      rule: 'nothing-to-compare',
      path: ['checks', check.name],
      message: `a step sends all of ${check.cohort} to the canary, so ${check.name} has nobody of it on stable to compare with`,
      received: check.cohort,
      expected: 'a fixed limit (max), or a cohort that no step names',
      fix: 'use a fixed limit here, or leave the cohort out',
    })
  }
}
