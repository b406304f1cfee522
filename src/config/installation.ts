import type { z } from 'zod'
import type { ReadBeside } from '../calendars/calendar.ts'
import { type Calendars, createCalendars } from '../calendars/calendars.ts'
import { problemOfRule } from '../calendars/rule-problem.ts'
import type { CohortRules } from '../domain/cohorts/cohort-rule.ts'
import { SluiceError } from '../domain/errors.ts'
import { isRecord } from '../domain/json.ts'
import type { NamedPolicy, PlanContext, TargetFacts } from '../domain/plan/plan-context.ts'
import type { FlagFacts } from '../domain/plan/plan-flags.ts'
import { reportIssues } from '../domain/plan/plan-issues.ts'
import { partsOf } from '../domain/plan/plan-parts.ts'
import { byPlace, createProblemList, type LocatedProblem } from '../domain/problems.ts'
import { type TargetId, targetName } from '../domain/target.ts'
import type { PlanTemplate } from '../domain/template/template.ts'
import type { Instant } from '../domain/units.ts'
import { faultsOf } from '../domain/yaml/plain-value.ts'
import { readYaml, type YamlText } from '../domain/yaml/yaml-text.ts'
import { cohortRulesOf } from './cohorts.ts'
import { callsFor } from './hook-rules.ts'
import type { HookConfig, OutboundConfig } from './hook-schema.ts'
import { INSTALLATION_LIMITS, INSTALLATION_VALUE_LIMITS, MOST_TARGETS } from './installation-limits.ts'
import { checkMeaning, type InstallationParts } from './installation-rules.ts'
import {
  type AdapterLists,
  type InstallationCalendar,
  installationSchema,
  type Person,
  personSchema,
  type TargetConfig,
  targetSchema,
} from './installation-schema.ts'
import { pipelinesOf } from './named-pipelines.ts'
import { policiesFor } from './policies.ts'
import { templatesOf } from './templates.ts'

/** What `sluice.yaml` says, checked against the adapters that exist. */
export interface Installation {
  readonly targets: readonly TargetConfig[]
  readonly groups: Readonly<Record<string, readonly string[]>>
  readonly people: readonly Person[]
  readonly slack: { readonly channel: string; readonly channels?: Readonly<Record<string, string>> } | null
  /** The calendars as they were written; who may override a freeze stands there. */
  readonly freezes: Readonly<Record<string, InstallationCalendar>>
  readonly calendars: Calendars
  /** Calls by the name that plans use; none when absent. */
  readonly hooks?: Readonly<Record<string, HookConfig>>
  readonly outbound?: OutboundConfig
  /** What plans must have; nothing when absent. */
  readonly policies?: readonly NamedPolicy[]
  /** What plans may extend, by name; nothing when absent. */
  readonly templates?: Readonly<Record<string, PlanTemplate>>
  /** Pipelines by name, with the plans beside them, as they were written; none when absent. */
  readonly pipelines?: Readonly<Record<string, YamlText>>
  readonly find: (target: TargetId) => TargetConfig | null
  /** Who is of which cohort of a target; null where it names none, so that plans may name any. */
  readonly cohortsOf: (target: TargetId) => CohortRules | null
  /** What try-it tickets are made with, read anew at each call; null where the installation gives none. */
  readonly ticketSecret: (() => string) | null
}

/**
 * Reads `sluice.yaml`. Answers with all problems, or with the installation.
 * @throws SluiceError `config.invalid` for a text that is too large or nested too deeply to be one
 */
export function readInstallation(
  text: string,
  file: string,
  lists: AdapterLists,
  readBeside: ReadBeside = noFiles,
): { installation: Installation } | { problems: readonly LocatedProblem[] } {
  const read = readYaml(text, file, INSTALLATION_LIMITS)
  const yaml = 'yaml' in read ? read.yaml : read.rest
  const ofText = 'yaml' in read ? [] : read.problems
  if (yaml === null) return { problems: ofText }
  const { parsed, problems } = readValue(yaml, lists, readBeside)
  const named = filesNamedIn(yaml.value)
  const { templates, problems: ofTemplates } = templatesOf(named.templates, readBeside, yaml.locate)
  const { pipelines, problems: ofPipelines } = pipelinesOf(named.pipelines, readBeside, yaml.locate)
  const found = [...ofText, ...problems, ...ofTemplates, ...ofPipelines]
  if (parsed === null || found.length > 0) return { problems: found.toSorted(byPlace) }
  const byName = new Map(parsed.targets.map((target) => [targetName(target), target]))
  const { targets, groups, people, slack = null, windows, freezes, hooks, policies, outbound, tickets } = parsed
  const calendars = createCalendars({ windows, freezes }, readBeside)
  const find = (target: TargetId) => byName.get(targetName(target)) ?? null
  const rules = new Map(targets.map((target) => [targetName(target), rulesOf(target, readBeside)]))
  const cohortsOf = (target: TargetId) => rules.get(targetName(target)) ?? null
  const ticketSecret = tickets === undefined ? null : () => secretIn(tickets.secretFile, readBeside)
  const calls = { hooks, ...(outbound !== undefined && { outbound }) }
  const targeting = { cohortsOf, ticketSecret }
  const listed = Object.entries(policies).map(([name, policy]) => ({ name, policy }))
  const known = { policies: listed, targets, groups, people, slack, freezes, calendars, templates, pipelines }
  return { installation: { ...known, find, ...targeting, ...calls } }
}

/** The files of templates and pipelines, whatever else is wrong: what is wrong in them is said at once. */
function filesNamedIn(value: unknown) {
  const { templates = {}, pipelines = {} } = partsOf(
    installationSchema.pick({ templates: true, pipelines: true }),
    value,
  ).read
  return { templates, pipelines }
}

/** The problems have been reported. */
function rulesOf({ cohorts }: TargetConfig, readBeside: ReadBeside): CohortRules | null {
  return cohorts === undefined ? null : cohortRulesOf(cohorts, [], readBeside, () => {})
}

/** @throws SluiceError `config.invalid` */
function secretIn(file: string, readBeside: ReadBeside): string {
  const secret = readBeside(file).trim()
  if (/^[\x21-\x7e]{32,512}$/.test(secret)) return secret
  throw new SluiceError('config.invalid', {
    message: `${file} holds no secret that try-it tickets could be made with`,
    expected: '32 to 512 printable characters without a space',
    fix: 'write a new one: openssl rand -hex 32',
  })
}

function noFiles(path: string): never {
  throw new SluiceError('config.invalid', {
    message: `${path} cannot be read here`,
    fix: 'name the sluice.yaml as a file',
  })
}

type Parsed = z.infer<typeof installationSchema>

function readValue(
  { value, locate }: YamlText,
  lists: AdapterLists,
  readBeside: ReadBeside,
): { parsed: Parsed | null; problems: readonly LocatedProblem[] } {
  const { unbounded, problems: faults } = faultsOf(value, INSTALLATION_VALUE_LIMITS)
  if (unbounded !== null) return { parsed: null, problems: [locate(unbounded)] }
  const list = createProblemList()
  const parsed = installationSchema.safeParse(value)
  if (!parsed.success) reportIssues(parsed.error.issues, [], value, list.report, installationSchema)
  checkMeaning({ ...partsFrom(value, parsed.data), readBeside }, lists, {
    report: list.report,
    clash({ problem, first }) {
      const { file, line, column } = locate({ ...problem, path: first })
      list.report({ ...problem, message: `${problem.message}, the other one at ${file}:${line}:${column}` })
    },
  })
  for (const fault of faults) if (!list.hasPath(fault.path)) list.report(fault)
  return { parsed: parsed.data ?? null, problems: list.problems().map(locate) }
}

/** Each target and each person for themselves, so that one wrong word does not hide what else is wrong. */
function partsFrom(value: unknown, parsed: Parsed | undefined): Omit<InstallationParts, 'readBeside'> {
  const written = isRecord(value) ? value : {}
  const rows = <Row>(key: string, read: readonly Row[] | undefined, part: (row: unknown) => Partial<Row>) => {
    const raw: unknown = written[key]
    const list = read ?? (Array.isArray(raw) ? raw.slice(0, MOST_TARGETS).map(part) : [])
    return list.map((row, index) => ({ path: [key, index], row }))
  }
  const people = rows('people', parsed?.people, (row) => partsOf(personSchema, row).read)
  const targets = rows('targets', parsed?.targets, (row) => partsOf(targetSchema, row).read)
  const read = parsed ?? partsOf(installationSchema, value).read
  const { groups = {}, windows = {}, freezes = {}, hooks = {}, policies = {}, outbound } = read
  return {
    ...{ groups, windows, freezes, hooks, policies, outbound },
    targets: targets.map(({ path, row }) => ({ path, target: row })),
    people: people.map(({ path, row }) => ({ path, person: row })),
    areAllPeopleKnown: people.every(({ row }) => row.id !== undefined) && !isUnread(written['people']),
  }
}

function isUnread(people: unknown): boolean {
  return people !== undefined && !Array.isArray(people)
}

/** What the reading of plans needs to know of an installation. */
export function planContextOf(
  installation: Installation,
  lists: AdapterLists,
  kinds: Pick<PlanContext, 'stepKinds' | 'checkKinds'>,
  now: () => Instant = Date.now,
): PlanContext {
  return {
    ...kinds,
    targets: installation.targets.map(targetName),
    ...(installation.templates !== undefined && { templates: installation.templates }),
    windowProblem: (rule) => problemOfRule(rule, installation.calendars, now()),
    target(service, environment) {
      const target = installation.find({ service, environment })
      return target === null ? null : factsOf(target, installation, lists)
    },
  }
}

/** What a target offers a plan. */
export function factsOf(target: TargetConfig, installation: Installation, lists: AdapterLists): TargetFacts {
  const { groups, hooks = {}, slack, ticketSecret } = installation
  const policies = policiesFor(target, installation)
  const metrics = Object.entries(target.metrics).flatMap(([name, options]) => {
    const definition = lists.metricSources.find((source) => source.kind === options.kind)
    return definition === undefined ? [] : [[name, definition.capabilitiesWith(options)] as const]
  })
  return {
    router: target.router === undefined ? null : routerFacts(target.router, lists),
    metrics: Object.fromEntries(metrics),
    groups,
    ...(slack?.channels !== undefined && { channels: Object.keys(slack.channels) }),
    ...(Object.keys(hooks).length > 0 && { calls: callsFor(target, hooks) }),
    ...(policies.length > 0 && { policies }),
    ...(target.version !== undefined && { proof: { within: target.version.within } }),
    ...(target.capacity !== undefined && { capacity: target.capacity }),
    cohorts: target.cohorts === undefined ? null : Object.keys(target.cohorts),
    hasTickets: ticketSecret !== null,
    ...(target.freezes !== undefined && { freezes: target.freezes }),
    ...(target.flags !== undefined && { flags: flagFacts(target.flags, lists) }),
  }
}

function routerFacts(options: NonNullable<TargetConfig['router']>, { routers }: AdapterLists): TargetFacts['router'] {
  const router = routers.find(({ kind }) => kind === options.kind)
  if (router === undefined) throw new Error(`router kind ${options.kind} passed the check but is not in the list`)
  return { kind: router.kind, capabilities: router.capabilitiesWith(options) }
}

/** A store that has its flags in `sluice.yaml` has no others. */
function flagFacts(options: NonNullable<TargetConfig['flags']>, { flagStores }: AdapterLists): FlagFacts {
  const store = flagStores.find(({ kind }) => kind === options.kind)
  if (store === undefined) throw new Error(`flag store ${options.kind} passed the check but is not in the list`)
  const listed: unknown = options['flags']
  const names = Array.isArray(listed) ? listed.filter((name) => typeof name === 'string') : null
  return { kind: store.kind, capabilities: store.capabilitiesWith(options), names }
}
