import { openCalendar, type ReadBeside } from '../calendars/calendar.ts'
import { AHEAD } from '../calendars/calendars.ts'
import { SluiceError } from '../domain/errors.ts'
import { reportIssues } from '../domain/plan/plan-issues.ts'
import type { Policy } from '../domain/policy/policy.ts'
import type { Problem, ProblemPath } from '../domain/problems.ts'
import { reportSecrets } from './addresses.ts'
import { type Clash, createClashes } from './clashes.ts'
import { cohortRulesOf } from './cohorts.ts'
import { checkHooks } from './hook-rules.ts'
import type { HookConfig, OutboundConfig } from './hook-schema.ts'
import type { AdapterLists, InstallationCalendar, Person, TargetConfig } from './installation-schema.ts'
import { checkPolicies, reportGroup } from './policies.ts'
import { wordsOf } from './words.ts'

/** What of `sluice.yaml` can be read, each with its place. */
export interface InstallationParts {
  readonly targets: readonly { readonly path: ProblemPath; readonly target: Partial<TargetConfig> }[]
  readonly groups: Readonly<Record<string, readonly string[]>>
  readonly people: readonly { readonly path: ProblemPath; readonly person: Partial<Person> }[]
  readonly windows: Readonly<Record<string, InstallationCalendar>>
  readonly freezes: Readonly<Record<string, InstallationCalendar>>
  readonly hooks: Readonly<Record<string, HookConfig>>
  readonly policies: Readonly<Record<string, Policy>>
  readonly outbound?: OutboundConfig | undefined
  readonly readBeside: ReadBeside
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
  checkCalendars(parts, reports)
  const { hooks, outbound, targets } = parts
  checkHooks({ hooks, outbound, targets }, reports.report)
  checkCohorts(parts, reports)
  checkPolicies(
    parts,
    lists.checkKinds.map(({ kind }) => kind),
    reports.report,
  )
}

function checkCohorts({ targets, readBeside }: InstallationParts, { report }: Reports): void {
  for (const { path, target } of targets) cohortRulesOf(target.cohorts ?? {}, [...path, 'cohorts'], readBeside, report)
}

/** A time that every calendar is asked about, so that what cannot be read is said before it is needed. */
const SOME_TIME = Date.UTC(2026, 0, 1)

function checkCalendars(
  { windows, freezes, targets, groups, readBeside }: InstallationParts,
  { report }: Reports,
): void {
  for (const [key, calendars] of Object.entries({ windows, freezes })) {
    for (const [name, form] of Object.entries(calendars)) {
      try {
        openCalendar(form, readBeside)({ from: SOME_TIME, until: SOME_TIME + AHEAD })
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error
        report({ ...wordsOf(error), rule: 'calendar', path: [key, name] })
      }
      const override = typeof form === 'string' ? undefined : form.override
      if (override !== undefined) reportGroup(override, groups, [key, name, 'override'], report)
    }
  }
  for (const { path, target } of targets) {
    for (const [index, name] of (target.freezes ?? []).entries()) {
      if (Object.hasOwn(freezes, name)) continue
      report({
        rule: 'unknown-freeze',
        path: [...path, 'freezes', index],
        message: 'there is no such freeze',
        received: name,
        expected: `a name from freezes: ${Object.keys(freezes).join(', ') || 'none is there'}`,
        fix: 'use one of these, or add it under freezes',
      })
    }
  }
}

function checkTargets(targets: InstallationParts['targets'], lists: AdapterLists, { report, clash }: Reports): void {
  const isNew = createClashes(clash)
  for (const { path, target } of targets) {
    const { service, environment, router, metrics, flags } = target
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
      reportBlindRouter(target, lists, path, report)
      if (isOwn) for (const state of writtenBy(router, lists)) checkState(state, place, isNew)
    }
    if (flags !== undefined) {
      const place = [...path, 'flags']
      checkAdapter(flags, lists.flagStores, place, 'flag store', report)
      const states = lists.flagStores.find(({ kind }) => kind === flags.kind)?.statesWith?.(flags) ?? []
      if (isOwn) for (const state of states) checkState(state, place, isNew, 'flag')
    }
    reportUnasked(target, lists, path, report)
    for (const [source, options] of Object.entries(metrics ?? {})) {
      checkAdapter(options, lists.metricSources, [...path, 'metrics', source], 'metric source', report)
    }
  }
}

/** A query that no source takes would never be answered. */
function reportUnasked(
  { consumes, metrics = {} }: Partial<TargetConfig>,
  { metricSources }: AdapterLists,
  path: ProblemPath,
  report: (problem: Problem) => void,
): void {
  if (consumes === undefined) return
  const asked = Object.entries(metrics).filter(
    ([, { kind }]) => metricSources.find((listed) => listed.kind === kind)?.capabilities.queries !== null,
  )
  if (asked.some(([name]) => name === consumes.source)) return
  report({
    rule: 'source-cannot',
    path: [...path, 'consumes', 'source'],
    message: 'this is no metric source of the target that takes queries',
    received: consumes.source,
    expected: `one of ${asked.map(([name]) => name).join(', ') || 'them, and the target has none'}`,
    fix: 'name one that takes queries, such as one of the kind prometheus',
  })
}

/** A capacity that nobody can look at would hold every release of the target. */
function reportBlindRouter(
  { router, capacity }: Partial<TargetConfig>,
  { routers }: AdapterLists,
  path: ProblemPath,
  report: (problem: Problem) => void,
): void {
  const definition = routers.find(({ kind }) => kind === router?.kind)
  if (capacity === undefined || definition === undefined || definition.capabilities.health === true) return
  const able = routers.flatMap(({ kind, capabilities }) => (capabilities.health === true ? [kind] : []))
  report({
    rule: 'router-cannot',
    path: [...path, 'capacity'],
    message: `the router ${definition.kind} cannot say how many servers of a pool are ready`,
    expected: `one of ${able.join(', ')}`,
    fix: 'remove capacity, or use another router',
  })
}

function writtenBy(router: NonNullable<TargetConfig['router']>, { routers }: AdapterLists): readonly string[] {
  return routers.find(({ kind }) => kind === router.kind)?.statesWith?.(router) ?? []
}

function checkState(
  state: string,
  path: ProblemPath,
  isNew: ReturnType<typeof createClashes>,
  of: 'router' | 'flag' = 'router',
): void {
  isNew(`state ${state}`, path, {
    rule: `shared-${of}`,
    message: `two targets write the same ${of} state, and would undo each other`,
    received: state,
    expected: `a ${of} state of its own for each target`,
    fix: `give each target its own ${of} state, or make both one target`,
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
  list: AdapterLists['routers'] | AdapterLists['metricSources'] | AdapterLists['flagStores'],
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
