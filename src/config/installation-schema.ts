import { z } from 'zod'
import type { MetricSourceCapabilities, RouterCapabilities } from '../domain/capabilities.ts'
import { nameText } from '../domain/plan/plan-values.ts'
import type { MetricSource } from '../metrics/metric-source.ts'
import type { Router } from '../routers/router.ts'
import { MOST_TARGETS } from './installation-limits.ts'

const adapter = z.looseObject({ kind: z.string().min(1) })

export const targetSchema = z.strictObject({
  service: nameText.describe('lower-case letters, digits and dashes, at most 63'),
  environment: nameText.describe('the same; service and environment together name the target'),
  pools: z
    .tuple([nameText, nameText])
    .refine(([first, second]) => first !== second, { error: 'expected two different pools' })
    .describe('the names of the two pools behind the router; which one is stable the router says'),
  router: adapter.describe('what moves the traffic: a [kind](/docs/README.md#routers) and its own options'),
  metrics: z
    .record(nameText, adapter)
    .default({})
    .describe(
      'what measures it: [kinds](/docs/README.md#metric-sources) and their own options, by the name that plans use',
    ),
  plan: z
    .string()
    .min(1)
    .optional()
    .describe('the plan of starts that bring none, such as those from Slack; a path relative to this file'),
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
})

/** `sluice.yaml` as it may be written. */
export const installationSchema = z.strictObject({
  targets: z.array(targetSchema).min(1).max(MOST_TARGETS).describe('what plans may name, 1 to 5,000 of them'),
  groups: z
    .record(nameText, z.array(nameText).min(1))
    .default({})
    .describe('ids of people by the name of the group, which plans name'),
  people: z.array(personSchema).default([]).describe('who may do something, and how they are known'),
  slack: z
    .strictObject({ channel: z.string().min(1).describe('id of the channel where releases are shown, `C…`') })
    .optional()
    .describe('where to tell'),
})

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
  readonly open: (options: unknown, context: { readonly pools: readonly [string, string] }) => Adapter
}

/** The adapters that exist, handed in by the catalog. */
export interface AdapterLists {
  readonly routers: readonly (ListedAdapter<RouterCapabilities, Router> & {
    /** What a router with these options writes, by name: no two targets may share any of it. */
    readonly statesWith?: (options: unknown) => readonly string[]
  })[]
  readonly metricSources: readonly ListedAdapter<MetricSourceCapabilities, MetricSource>[]
}
