import { z } from 'zod'
import type { Fence } from '../../domain/exposure.ts'
import type { FlagReach } from '../../domain/flag-reach.ts'
import { FULL_WEIGHT } from '../../domain/units.ts'
import { fenceText, parseFence } from '../fence-text.ts'

/** LaunchDarkly counts in thousandths of a per cent. */
export const PER_BASIS_POINT = 10

const clause = z.looseObject({
  attribute: z.string(),
  op: z.string(),
  values: z.array(z.unknown()),
  negate: z.boolean(),
  contextKind: z.string().optional(),
})
const rollout = z.looseObject({
  variations: z.array(z.looseObject({ variation: z.int(), weight: z.int() })),
  bucketBy: z.string().optional(),
  contextKind: z.string().optional(),
})
const rule = z.looseObject({
  _id: z.string(),
  variation: z.int().optional(),
  rollout: rollout.optional(),
  clauses: z.array(clause),
  description: z.string().optional(),
})
const target = z.looseObject({ values: z.array(z.string()), variation: z.int() })

/** A flag with one of its environments, as `GET /api/v2/flags/{project}/{flag}` shows it. */
export const featureFlag = z.looseObject({
  key: z.string(),
  kind: z.string(),
  archived: z.boolean().default(false),
  variations: z.array(z.looseObject({ _id: z.string(), value: z.unknown() })),
  environments: z.record(
    z.string(),
    z.looseObject({
      on: z.boolean(),
      rules: z.array(rule).default([]),
      targets: z.array(target).default([]),
      contextTargets: z.array(target).default([]),
      prerequisites: z.array(z.unknown()).default([]),
      fallthrough: z.looseObject({ variation: z.int().optional(), rollout: rollout.optional() }).default({}),
      offVariation: z.int().optional(),
    }),
  ),
})

type FeatureFlag = z.infer<typeof featureFlag>
export type FlagConfig = FeatureFlag['environments'][string]

/** The two variations of a boolean flag, by their place and their id. */
export interface Variations {
  readonly on: { readonly index: number; readonly id: string }
  readonly off: { readonly index: number; readonly id: string }
}

const TITLE = 'Sluice'

/** Null when the flag is none that can only be on or off. */
export function variationsOf({ variations }: FeatureFlag): Variations | null {
  const of = (value: boolean) => variations.findIndex((one) => one.value === value)
  const [on, off] = [of(true), of(false)]
  const [onId, offId] = [variations[on]?._id, variations[off]?._id]
  if (variations.length !== 2 || onId === undefined || offId === undefined) return null
  return { on: { index: on, id: onId }, off: { index: off, id: offId } }
}

export function descriptionOf(fence: Fence): string {
  return `${TITLE} (${fenceText(fence)})`
}

/** The rule that holds cohorts and fence. */
export function ownRule({ rules }: FlagConfig): FlagConfig['rules'][number] | null {
  return rules.find(({ description }) => description?.startsWith(`${TITLE} (`) === true) ?? null
}

export function fenceOfConfig(config: FlagConfig): Fence | null {
  return parseFence(/\(([\d:]+)\)$/.exec(ownRule(config)?.description ?? '')?.[1] ?? '')
}

/** Who has the flag, or null when it says so in a way that has no words here. */
export function reachOfConfig(
  config: FlagConfig,
  { on }: Variations,
  { contextKind, cohort }: { readonly contextKind: string; readonly cohort: string },
): FlagReach | null {
  if (!config.on) {
    // Without a variation for off, applications take the default in their code, whatever that is.
    if (config.offVariation === undefined) return null
    return { weight: config.offVariation === on.index ? FULL_WEIGHT : 0, cohorts: [] }
  }
  const own = ownRule(config)
  const isOthers =
    config.rules.some((one) => one !== own) ||
    config.prerequisites.length > 0 ||
    [...config.targets, ...config.contextTargets].some(({ values }) => values.length > 0)
  const weight = weightOf(config.fallthrough, on, contextKind)
  const cohorts = own === null || own.variation !== on.index ? [] : cohortsOf(own.clauses, contextKind, cohort)
  return isOthers || weight === null || cohorts === null ? null : { weight, cohorts }
}

function weightOf(
  { variation, rollout: parts }: FlagConfig['fallthrough'],
  on: Variations['on'],
  contextKind: string,
): number | null {
  if (variation !== undefined) return variation === on.index ? FULL_WEIGHT : 0
  const isOurKind = parts !== undefined && (parts.contextKind ?? 'user') === contextKind
  if (!isOurKind || (parts.bucketBy ?? 'key') !== 'key') return null
  const share = parts.variations
    .filter((part) => part.variation === on.index)
    .reduce((sum, { weight }) => sum + weight, 0)
  return Math.ceil(share / PER_BASIS_POINT)
}

function cohortsOf(clauses: FlagConfig['rules'][number]['clauses'], contextKind: string, cohort: string) {
  const [only, ...more] = clauses
  const isPlain = only?.op === 'in' && !only.negate && only.attribute === cohort && more.length === 0
  if (!isPlain || (only.contextKind ?? 'user') !== contextKind) return null
  return only.values.map(String).sort()
}
