import { nameText } from '../domain/plan/plan-values.ts'
import type { ImportOptions } from '../vendors/options.ts'
import { CliFailure, EXIT } from './failure.ts'
import { clean } from './text.ts'

/** What people say of manifests on the command line. */
export interface ManifestOptions {
  readonly environment: string
  readonly service?: string
  readonly source: string
  /** `name=value` each. */
  readonly arg?: readonly string[]
  readonly approvers?: string
  readonly preview?: string
  /** `route=cohort` each. */
  readonly cohort?: readonly string[]
  readonly mirror?: boolean
  readonly faster?: string
}

/** @throws CliFailure for anything that is not what it should be */
export function importOptions(options: ManifestOptions): ImportOptions {
  const { environment, service, source, approvers, preview, faster } = options
  for (const [flag, name, what] of [
    ['--environment', environment, 'an environment'],
    ['--service', service, 'a service'],
    ['--source', source, 'a metric source'],
    ['--approvers', approvers, 'a group'],
    ['--preview', preview, 'a cohort'],
  ] as const) {
    if (name !== undefined && !nameText.safeParse(name).success)
      throw new CliFailure(EXIT.usage, `${flag} ${clean(name)}: expected the name of ${what}`)
  }
  const cohorts = pairsOf('--cohort', options.cohort, 'a route and a cohort, such as beta=internal')
  return {
    ...{ environment, source, cohorts, faster: faster === undefined ? 1 : timesOf(faster) },
    args: pairsOf('--arg', options.arg, 'a name and a value, such as service=checkout'),
    ...(service !== undefined && { service }),
    ...(approvers !== undefined && { approvers }),
    ...(preview !== undefined && { preview }),
    ...(options.mirror === true && { mirror: true }),
  }
}

function pairsOf(
  flag: string,
  pairs: readonly string[] | undefined,
  expected: string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    (pairs ?? []).map((pair) => {
      const [, name, value] = /^([^=]+)=([^]*)$/.exec(pair) ?? []
      if (name !== undefined && value !== undefined) return [name, value]
      throw new CliFailure(EXIT.usage, `${flag} ${clean(pair)}: expected ${expected}`)
    }),
  )
}

function timesOf(text: string): number {
  const times = Number(/^(\d{1,4})x$/.exec(text)?.[1] ?? 0)
  if (times >= 1) return times
  throw new CliFailure(EXIT.usage, `--faster ${clean(text)}: expected a whole number with an x, such as 60x`)
}
