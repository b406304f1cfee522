import { z } from 'zod'
import type { FlagStoreCapabilities, MetricSourceCapabilities, RouterCapabilities } from '../domain/capabilities.ts'
import type { CohortRules } from '../domain/cohorts/cohort-rule.ts'
import { nameText, shareText, stretchText } from '../domain/plan/plan-values.ts'
import { policySchema } from '../domain/policy/policy.ts'
import type { FlagStore } from '../flags/flag-store.ts'
import type { ServedFlags } from '../flags/served-flags.ts'
import type { MetricSource } from '../metrics/metric-source.ts'
import type { Router } from '../routers/router.ts'
import { cohortForm } from './cohorts.ts'
import { hooksSchema, outboundSchema, versionSchema } from './hook-schema.ts'
import { MOST_TARGETS } from './installation-limits.ts'

const adapter = z.looseObject({ kind: z.string().min(1) })

const calendarKeys = z
  .strictObject({
    weekly: z.string().optional().describe('days, times and zone, such as `Mon-Fri 09:00-16:00 Europe/Berlin`'),
    rrule: z.string().min(1).max(1_000).optional().describe('a recurrence rule of RFC 5545; with `start` and `lasts`'),
    start: z.string().optional().describe('when the rule begins, by the clocks of `zone`: `2026-01-02T22:00`'),
    lasts: stretchText.optional().describe('how long each time of the rule lasts'),
    from: z.string().optional().describe('once, by the clocks of `zone`: `2026-12-20T18:00`; with `until`'),
    until: z.string().optional().describe('when that ends'),
    ics: z.string().min(1).optional().describe('an iCalendar file; a path relative to this file'),
    zone: z.string().optional().describe('a time zone of the IANA database; `UTC` when left out'),
    override: nameText.optional().describe('of a freeze: the group whose people may start in it, with a reason'),
  })
  .superRefine((form, context) => {
    const forms = (['weekly', 'rrule', 'from', 'ics'] as const).filter((key) => form[key] !== undefined)
    if (forms.length !== 1)
      context.addIssue({ code: 'custom', message: 'expected one of weekly, rrule, from and until, or ics' })
    const needed = { rrule: ['start', 'lasts'], from: ['until'], weekly: [], ics: [] } as const
    for (const key of forms.flatMap((one) => [...needed[one]]))
      if (form[key] === undefined) context.addIssue({ code: 'custom', path: [key], message: `expected ${key}` })
  })

/** A calendar: a weekly text, or keys. */
const calendar = z.union([z.string(), calendarKeys])

const targetKeys = z.strictObject({
  service: nameText.describe('lower-case letters, digits and dashes, at most 63'),
  environment: nameText.describe('the same; service and environment together name the target'),
  labels: z
    .record(nameText, nameText)
    .optional()
    .describe('words of your own by which [policies](/docs/policies.md) choose targets, such as `tier: critical`'),
  pools: z
    .tuple([nameText, nameText])
    .refine(([first, second]) => first !== second, { error: 'expected two different pools' })
    .describe(
      'the names of the two pools behind the router; which one is stable the router says. Without a router, two values of the label by which the metrics tell users apart: who is without the flag, then who has it',
    ),
  router: adapter
    .optional()
    .describe(
      'what moves the traffic: a [kind](/docs/README.md#routers) and its own options; without it the target is released [by its flags alone](/docs/flag-only.md)',
    ),
  metrics: z
    .record(nameText, adapter)
    .default({})
    .describe(
      'what measures it: [kinds](/docs/README.md#metric-sources) and their own options, by the name that plans use',
    ),
  flags: adapter
    .optional()
    .describe('what holds its feature flags: a [kind](/docs/README.md#flag-stores) and its own options'),
  cohorts: z
    .record(nameText, cohortForm)
    .refine((cohorts) => Object.keys(cohorts).length <= 50, { error: 'expected at most 50 cohorts' })
    .optional()
    .describe('who is of which [cohort](#cohorts), by the name that plans use; without it plans may name any'),
  freezes: z
    .array(nameText)
    .max(20)
    .optional()
    .describe('names of freezes in which nothing is started here and no exposure is raised'),
  version: versionSchema
    .optional()
    .describe(
      'how its pools [prove their version](/docs/version-proof.md) before the first exposure and until the end',
    ),
  consumes: z
    .strictObject({
      source: nameText.describe('the metric source that takes it'),
      query: z
        .string()
        .min(1)
        .max(10_000)
        .refine((query) => query.includes('$pool'), { error: 'expected $pool in it: each pool is asked for itself' })
        .describe('what a pool takes from queues, with `$pool` in it; 0 while it takes nothing'),
    })
    .optional()
    .describe('how [`ready`](/docs/readiness.md) sees that a pool without traffic does nothing in the background'),
  capacity: z
    .strictObject({
      ready: shareText
        .refine((share) => share > 0, { error: 'expected more than 0%' })
        .describe('share of the servers of each pool, by the router’s own view'),
    })
    .optional()
    .describe('the [capacity](/docs/capacity.md) without which no exposure is raised, where a plan says nothing'),
  plan: z
    .string()
    .min(1)
    .optional()
    .describe('the plan of starts that bring none, such as those from Slack; a path relative to this file'),
})

/** Without a router there are flags, and no pools that anything could be asked of. */
export const targetSchema = targetKeys.superRefine(({ router, flags, version, capacity }, context) => {
  if (router !== undefined) return
  const report = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message })
  if (flags === undefined) report('router', 'expected a router, or flags for a target that is released by flags alone')
  if (version !== undefined) report('version', 'expected a router beside it: without one there is no pool to ask')
  if (capacity !== undefined) report('capacity', 'expected a router beside it: without one there is no pool to ask')
})

/** SHA-256 of an API token. */
export const tokenSha256 = z.string().regex(/^[0-9a-f]{64}$/, { error: 'expected 64 hexadecimal digits' })

export const personSchema = z.strictObject({
  id: nameText.describe('the name that groups, stories and approvals use'),
  slack: z
    .strictObject({
      team: z.string().min(1).describe('id of the workspace, `T…`'),
      user: z.string().min(1).describe('member id in it, `U…`'),
    })
    .optional()
    .describe('who this is in Slack'),
  tokenSha256: tokenSha256.optional().describe('SHA-256 of the token for the API, 64 hexadecimal digits'),
  program: z.boolean().optional().describe('`true` for a program, such as CI: no freeze lets it override'),
})

/** `sluice.yaml` as it may be written. */
export const installationSchema = z.strictObject({
  targets: z.array(targetSchema).min(1).max(MOST_TARGETS).describe('what plans may name, 1 to 5,000 of them'),
  groups: z
    .record(nameText, z.array(nameText).min(1))
    .default({})
    .describe('ids of people by the name of the group, which plans name'),
  people: z.array(personSchema).default([]).describe('who may do something, and how they are known'),
  windows: z
    .record(nameText, calendar)
    .default({})
    .describe('[windows](/docs/steps/gate.md) by the name that plans use: a weekly text, or keys'),
  freezes: z
    .record(nameText, calendar)
    .default({})
    .describe('the same for [freezes](/docs/steps/gate.md#freezes), in which no exposure is raised'),
  hooks: hooksSchema.default({}).describe('[calls](/docs/steps/hook.md) by the name that plans use'),
  templates: z
    .record(nameText, z.string().min(1).max(1_000))
    .default({})
    .describe('files of [templates](/docs/templates.md) by the name that plans extend; paths relative to this file'),
  pipelines: z
    .record(nameText, z.string().min(1).max(1_000))
    .default({})
    .describe(
      'files of [pipelines](/docs/pipelines.md#by-name) by their name, for starts that bring none, such as those from Slack; paths relative to this file',
    ),
  policies: z
    .record(nameText, policySchema)
    .default({})
    .describe('what plans must have, by the name of the [policy](/docs/policies.md)'),
  outbound: outboundSchema.optional().describe('what calls may reach'),
  tickets: z
    .strictObject({
      secretFile: z.string().min(1).describe('file with at least 32 random characters; a path relative to this file'),
    })
    .optional()
    .describe('lets plans have [try-it tickets](/docs/steps/try.md)'),
  slack: z
    .strictObject({
      channel: z.string().min(1).describe('id of the channel where releases are shown, `C…`'),
      channels: z
        .record(nameText, z.string().min(1))
        .default({})
        .describe('ids of further channels by the name that [`notify`](/docs/steps/notify.md) uses'),
    })
    .optional()
    .describe('where to tell'),
})

export type InstallationCalendar = z.infer<typeof calendar>
export type TargetConfig = z.infer<typeof targetSchema>
export type Person = z.infer<typeof personSchema>

/** One adapter as it stands in a list: what it is called, takes, can do, and how it is made. */
interface ListedAdapter<Capabilities, Adapter> {
  readonly kind: string
  readonly options: z.ZodType
  readonly capabilities: Capabilities
  /** What one with these options can do; they have passed the check of `options`. */
  readonly capabilitiesWith: (options: unknown) => Capabilities
  readonly summary: string
  readonly open: (options: unknown, context: ListedContext) => Adapter
}

interface ListedContext {
  readonly pools: readonly [string, string]
  /** The cohorts of the target; none when absent. */
  readonly cohorts?: CohortRules
}

/** The adapters that exist, handed in by the catalog. */
export interface AdapterLists {
  readonly routers: readonly (ListedAdapter<RouterCapabilities, Router> & {
    /** What a router with these options writes, by name: no two targets may share any of it. */
    readonly statesWith?: (options: unknown) => readonly string[]
    /** What has to stand in the router's own configuration; null where it needs nothing. */
    readonly configWith?: (options: unknown, context: ListedContext) => string | null
  })[]
  readonly metricSources: readonly ListedAdapter<MetricSourceCapabilities, MetricSource>[]
  readonly flagStores: readonly (ListedAdapter<FlagStoreCapabilities, FlagStore> & {
    readonly statesWith?: (options: unknown) => readonly string[]
    /** The flags as applications ask for them, where Sluice serves them itself; null elsewhere. */
    readonly serveWith?: (options: unknown) => ServedFlags | null
  })[]
  /** The kinds of checks that plans may have. */
  readonly checkKinds: readonly { readonly kind: string }[]
}
