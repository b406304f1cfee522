import { nameText } from '../../domain/plan/plan-values.ts'
import { writeDuration } from '../../domain/units.ts'
import type { ArgoCheck } from './argo-judge.ts'

/** Checks as they stand under `checks:` of a plan, and what the reader should know of the change. */
interface PlanForm {
  readonly checks: Readonly<Record<string, { readonly argo: Readonly<Record<string, string | number>> }>>
  readonly notes: readonly string[]
  /** Names that cannot be told apart in a plan, as sentences; then the checks are not complete. */
  readonly problems: readonly string[]
}

/** Writes imported checks the way a plan does; what has Argo's default is left out. Names become names of a plan. */
export function planFormOf(checks: readonly ArgoCheck[]): PlanForm {
  const written = new Map<string, PlanForm['checks'][string]>()
  const [notes, problems]: [string[], string[]] = [[], []]
  for (const check of checks) {
    const name = planName(check.name)
    if (name === null) problems.push(`metric '${check.name}': no name for a check can be made of this; rename it`)
    else if (written.has(name))
      problems.push(`metric '${check.name}': another metric is called ${name} here; rename one`)
    else {
      written.set(name, { argo: optionsOf(check) })
      if (name !== check.name) notes.push(`metric '${check.name}' is called ${name} here`)
      if (!check.query.includes('$pool')) {
        notes.push(`the query of ${name} names no pool: write $pool where the name of the canary's pool belongs`)
      }
    }
  }
  return { checks: Object.fromEntries(written), notes, problems }
}

function optionsOf(check: ArgoCheck): Readonly<Record<string, string | number>> {
  const { successCondition, failureCondition, interval, initialDelay, count } = check
  const { failureLimit, inconclusiveLimit, consecutiveErrorLimit, consecutiveSuccessLimit } = check
  return {
    source: check.source,
    promql: check.query,
    ...(successCondition !== null && { successCondition }),
    ...(failureCondition !== null && { failureCondition }),
    ...(interval !== null && interval > 0 && { interval: writeDuration(interval) }),
    ...(initialDelay > 0 && { initialDelay: writeDuration(initialDelay) }),
    ...(count !== null && { count }),
    ...(failureLimit !== 0 && { failureLimit }),
    ...(inconclusiveLimit !== 0 && { inconclusiveLimit }),
    ...(consecutiveErrorLimit !== 4 && { consecutiveErrorLimit }),
    ...(consecutiveSuccessLimit !== 0 && { consecutiveSuccessLimit }),
  }
}

function planName(name: string): string | null {
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, 63)
    .replace(/-$/, '')
  return nameText.safeParse(plain).success ? plain : null
}
