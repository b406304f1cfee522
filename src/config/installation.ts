import { z } from 'zod'
import type { PlanContext, TargetFacts } from '../domain/plan.ts'
import { reportIssues } from '../domain/plan-issues.ts'
import { nameText } from '../domain/plan-values.ts'
import type { LocatedProblem, Problem } from '../domain/problems.ts'
import { type TargetId, targetName } from '../domain/target.ts'
import { readYaml } from '../domain/yaml-text.ts'
import type { MetricSource, MetricSourceCapabilities } from '../metrics/metric-source.ts'
import type { Router, RouterCapabilities } from '../routers/router.ts'

const adapter = z.looseObject({ kind: z.string().min(1) })

const targetSchema = z.strictObject({
  service: nameText,
  environment: nameText,
  /** The two pools behind the router; which one is stable the router says. */
  pools: z
    .tuple([nameText, nameText])
    .refine(([first, second]) => first !== second, { error: 'expected two different pools' }),
  router: adapter,
  metrics: z.record(nameText, adapter).default({}),
  /** The plan that Slack and planless starts use, relative to this file. */
  plan: z.string().min(1).optional(),
})

const personSchema = z.strictObject({
  id: nameText,
  slack: z.strictObject({ team: z.string().min(1), user: z.string().min(1) }).optional(),
  /** SHA-256 of the person's API token, hexadecimal. */
  tokenSha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, { error: 'expected 64 hexadecimal digits' })
    .optional(),
})

const installationSchema = z.strictObject({
  targets: z.array(targetSchema).min(1).max(5_000),
  groups: z.record(nameText, z.array(nameText).min(1)).default({}),
  people: z.array(personSchema).default([]),
  slack: z.strictObject({ channel: z.string().min(1) }).optional(),
})

export type TargetConfig = z.infer<typeof targetSchema>
export type Person = z.infer<typeof personSchema>

/** What `sluice.yaml` says, checked against the adapters that exist. */
export interface Installation {
  readonly targets: readonly TargetConfig[]
  readonly groups: Readonly<Record<string, readonly string[]>>
  readonly people: readonly Person[]
  readonly slack: { readonly channel: string } | null
  readonly find: (target: TargetId) => TargetConfig | null
}

/** One adapter as it stands in a list: what it is called, takes, can do, and how it is made. */
export interface ListedAdapter<Capabilities, Adapter> {
  readonly kind: string
  readonly options: z.ZodType
  readonly capabilities: Capabilities
  readonly summary: string
  readonly open: (options: unknown, context: { readonly pools: readonly [string, string] }) => Adapter
}

/** The adapters that exist, handed in by the catalog. */
export interface AdapterLists {
  readonly routers: readonly (ListedAdapter<RouterCapabilities, Router> & {
    /** What a router with these options can do; they have passed the check of `options`. */
    readonly capabilitiesWith: (options: unknown) => RouterCapabilities
  })[]
  readonly metricSources: readonly (ListedAdapter<MetricSourceCapabilities, MetricSource> & {
    /** What a source with these options can do; they have passed the check of `options`. */
    readonly capabilitiesWith: (options: unknown) => MetricSourceCapabilities
  })[]
}

/** Reads `sluice.yaml`. Answers with all problems, or with the installation. */
export function readInstallation(
  text: string,
  file: string,
  lists: AdapterLists,
): { installation: Installation } | { problems: readonly LocatedProblem[] } {
  const read = readYaml(text, file)
  if ('problems' in read) return read
  const { value, locate } = read.yaml
  const problems: Problem[] = []
  const report = (problem: Problem) => void problems.push(problem)
  const parsed = installationSchema.safeParse(value)
  if (!parsed.success) reportIssues(parsed.error.issues, [], value, report, installationSchema)
  else checkMeaning(parsed.data, lists, report)
  if (!parsed.success || problems.length > 0) return { problems: problems.map(locate) }
  const byName = new Map(parsed.data.targets.map((target) => [targetName(target), target]))
  const { targets, groups, people, slack = null } = parsed.data
  return { installation: { targets, groups, people, slack, find: (target) => byName.get(targetName(target)) ?? null } }
}

function checkMeaning(
  { targets, groups, people }: z.infer<typeof installationSchema>,
  lists: AdapterLists,
  report: (problem: Problem) => void,
): void {
  const names = new Set<string>()
  for (const [index, target] of targets.entries()) {
    const name = targetName(target)
    if (names.has(name)) {
      report({
        rule: 'duplicate-target',
        path: ['targets', index],
        message: `the target ${name} stands twice`,
        fix: 'remove one',
      })
    }
    names.add(name)
    checkAdapter(target.router, lists.routers, ['targets', index, 'router'], 'router', report)
    for (const [source, options] of Object.entries(target.metrics)) {
      checkAdapter(options, lists.metricSources, ['targets', index, 'metrics', source], 'metric source', report)
    }
  }
  const known = new Set(people.map(({ id }) => id))
  for (const [group, members] of Object.entries(groups)) {
    for (const [index, member] of members.entries()) {
      if (members.indexOf(member) < index) {
        const message = `${member} stands twice in the group ${group}`
        report({ rule: 'duplicate-member', path: ['groups', group, index], message, fix: 'remove one' })
      }
      if (known.has(member)) continue
      report({
        rule: 'unknown-person',
        path: ['groups', group, index],
        message: `nobody has the id ${member}`,
        expected: 'an id from people',
        fix: 'add the person under people, or correct the id',
      })
    }
  }
}

function checkAdapter(
  options: { kind: string },
  list: readonly { readonly kind: string; readonly options: z.ZodType }[],
  path: (string | number)[],
  what: string,
  report: (problem: Problem) => void,
): void {
  const definition = list.find(({ kind }) => kind === options.kind)
  if (definition === undefined) {
    const expected = `one of ${list.map(({ kind }) => kind).join(', ')}`
    const message = `there is no ${what} kind ${options.kind}`
    report({
      rule: 'unknown-kind',
      path: [...path, 'kind'],
      message,
      received: options.kind,
      expected,
      fix: 'correct the kind',
    })
    return
  }
  const parsed = definition.options.safeParse(options)
  if (!parsed.success) reportIssues(parsed.error.issues, path, options, report, definition.options)
}

/** What the reading of plans needs to know of an installation. */
export function planContextOf(
  installation: Installation,
  lists: AdapterLists,
  kinds: Pick<PlanContext, 'stepKinds' | 'checkKinds' | 'expressionProblem'>,
): PlanContext {
  return {
    ...kinds,
    targets: installation.targets.map(targetName),
    target(service, environment) {
      const target = installation.find({ service, environment })
      return target === null ? null : factsOf(target, installation, lists)
    },
  }
}

function factsOf(target: TargetConfig, { groups }: Installation, lists: AdapterLists): TargetFacts {
  const router = lists.routers.find(({ kind }) => kind === target.router.kind)
  if (router === undefined) throw new Error(`router kind ${target.router.kind} passed the check but is not in the list`)
  const metrics = Object.entries(target.metrics).flatMap(([name, options]) => {
    const definition = lists.metricSources.find((source) => source.kind === options.kind)
    return definition === undefined ? [] : [[name, definition.capabilitiesWith(options)] as const]
  })
  return {
    router: { kind: router.kind, capabilities: router.capabilitiesWith(target.router) },
    metrics: Object.fromEntries(metrics),
    groups,
  }
}
