import { reportIssues } from '../domain/plan/plan-issues.ts'
import type { Problem, ProblemPath } from '../domain/problems.ts'
import { reportSecrets } from './addresses.ts'
import { type Clash, createClashes } from './clashes.ts'
import type { AdapterLists, Person, TargetConfig } from './installation-schema.ts'

/** What of `sluice.yaml` can be read, each with its place. */
export interface InstallationParts {
  readonly targets: readonly { readonly path: ProblemPath; readonly target: Partial<TargetConfig> }[]
  readonly groups: Readonly<Record<string, readonly string[]>>
  readonly people: readonly { readonly path: ProblemPath; readonly person: Partial<Person> }[]
  /** False while somebody's entry cannot be read: then nobody is said to be unknown. */
  readonly areAllPeopleKnown: boolean
}

interface Reports {
  readonly report: (problem: Problem) => void
  readonly clash: (clash: Clash) => void
}

/** Reports what does not fit together, of whatever could be read. */
export function checkMeaning(parts: InstallationParts, lists: AdapterLists, reports: Reports): void {
  checkTargets(parts.targets, lists, reports)
  checkPeople(parts.people, reports)
  checkGroups(parts, reports)
}

function checkTargets(targets: InstallationParts['targets'], lists: AdapterLists, { report, clash }: Reports): void {
  const isNew = createClashes(clash)
  for (const { path, target } of targets) {
    const { service, environment, router, metrics } = target
    const isOwn =
      service === undefined ||
      environment === undefined ||
      isNew(`target ${service}/${environment}`, path, {
        rule: 'duplicate-target',
        message: `the target ${service}/${environment} appears twice`,
        fix: 'remove one',
      })
    if (router !== undefined) {
      const place = [...path, 'router']
      checkAdapter(router, lists.routers, place, 'router', report)
      if (isOwn) for (const state of writtenBy(router, lists)) checkState(state, place, isNew)
    }
    for (const [source, options] of Object.entries(metrics ?? {})) {
      checkAdapter(options, lists.metricSources, [...path, 'metrics', source], 'metric source', report)
    }
  }
}

function writtenBy(router: TargetConfig['router'], { routers }: AdapterLists): readonly string[] {
  return routers.find(({ kind }) => kind === router.kind)?.statesWith?.(router) ?? []
}

function checkState(state: string, path: ProblemPath, isNew: ReturnType<typeof createClashes>): void {
  isNew(`state ${state}`, path, {
    rule: 'shared-router',
    message: 'two targets write the same router state, and would undo each other',
    received: state,
    expected: 'a router state of its own for each target',
    fix: 'give each target its own router state, or make both one target',
  })
}

function checkPeople(people: InstallationParts['people'], { clash }: Reports): void {
  const isNew = createClashes(clash)
  const fix = 'remove one, or change it'
  for (const { path, person } of people) {
    const { id, slack, tokenSha256 } = person
    if (id !== undefined)
      isNew(`id ${id}`, [...path, 'id'], { rule: 'duplicate-person', message: `two people have the id ${id}`, fix })
    if (slack !== undefined) {
      const message = `two people are the same Slack user, ${slack.user} of ${slack.team}`
      isNew(JSON.stringify([slack.team, slack.user]), [...path, 'slack'], {
        rule: 'duplicate-slack-user',
        message,
        fix,
      })
    }
    if (tokenSha256 !== undefined) {
      const message = 'two people have the same token'
      const own = 'give each person a token of their own'
      isNew(`token ${tokenSha256}`, [...path, 'tokenSha256'], { rule: 'duplicate-token', message, fix: own })
    }
  }
}

function checkGroups({ groups, people, areAllPeopleKnown }: InstallationParts, { report }: Reports): void {
  const known = new Set(people.map(({ person }) => person.id))
  for (const [group, members] of Object.entries(groups)) {
    const seen = new Set<string>()
    for (const [index, member] of members.entries()) {
      const path = ['groups', group, index]
      if (seen.has(member))
        report({
          rule: 'duplicate-member',
          path,
          message: `${member} appears twice in the group ${group}`,
          fix: 'remove one',
        })
      seen.add(member)
      if (known.has(member) || !areAllPeopleKnown) continue
      report({
        rule: 'unknown-person',
        path,
        message: `nobody has the id ${member}`,
        expected: 'an id from people',
        fix: 'add the person under people, or use an id from there',
      })
    }
  }
}

function checkAdapter(
  options: { kind: string },
  list: AdapterLists['routers'] | AdapterLists['metricSources'],
  path: ProblemPath,
  what: string,
  report: (problem: Problem) => void,
): void {
  const secrets = new Set(reportSecrets(options, path, report).map((place) => JSON.stringify(place)))
  const definition = list.find(({ kind }) => kind === options.kind)
  if (definition === undefined) {
    report({
      rule: 'unknown-kind',
      path: [...path, 'kind'],
      message: `there is no ${what} kind ${options.kind}`,
      received: options.kind,
      expected: `one of ${list.map(({ kind }) => kind).join(', ')}`,
      fix: 'use one of these kinds',
    })
    return
  }
  const parsed = definition.options.safeParse(options)
  if (parsed.success) return
  const unlessSecret = (problem: Problem) => {
    if (!secrets.has(JSON.stringify(problem.path))) report(problem)
  }
  reportIssues(parsed.error.issues, path, options, unlessSecret, definition.options)
}
