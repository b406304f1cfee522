import { z } from 'zod'
import type { Fence } from '../../domain/exposure.ts'
import { FLAG_OFF, type FlagReach } from '../../domain/flag-reach.ts'
import { parseJson } from '../../domain/json.ts'
import { FULL_WEIGHT } from '../../domain/units.ts'
import { fenceText, parseFence } from '../fence-text.ts'

const SCHEMA = 'https://flagd.dev/schema/v0/flags.json'
export const ON = 'on'
const OFF = 'off'

/** `if <cohort is in the list> then on, else <rest>`: the one form of targeting that is written here. */
const inCohorts = (attribute: string, cohorts: readonly string[]) => ({ in: [{ var: attribute }, cohorts] })
const split = (weight: number) => ({
  fractional: [
    [ON, weight],
    [OFF, FULL_WEIGHT - weight],
  ],
})

const share = z.int().min(0).max(FULL_WEIGHT)
const fractional = z.strictObject({
  fractional: z.tuple([z.tuple([z.literal(ON), share]), z.tuple([z.literal(OFF), share])]),
})
const cohortTest = z.strictObject({
  in: z.tuple([z.strictObject({ var: z.string() }), z.array(z.string()).min(1)]),
})
const targeting = z.union([
  fractional,
  z.strictObject({ if: z.tuple([cohortTest, z.literal(ON), z.union([fractional, z.literal(OFF)])]) }),
])

/** One flag of flagd's JSON, in the forms that are written here; whatever else stands there is another hand's. */
const ownDefinition = z.strictObject({
  state: z.literal('ENABLED'),
  variants: z.strictObject({ [ON]: z.literal(true), [OFF]: z.literal(false) }),
  defaultVariant: z.enum([ON, OFF]),
  targeting: targeting.optional(),
  metadata: z.looseObject({ fence: z.string().optional(), cohorts: z.string().optional() }).optional(),
})

type FlagDefinition = z.infer<typeof ownDefinition>

const flagSet = z.looseObject({ flags: z.record(z.string(), z.unknown()) })

/** Definitions by the name of the flag, as flagd reads them; those of another hand are kept as they are. */
export type FlagSet = Readonly<Record<string, unknown>>

/** The flags of a text in flagd's JSON, or null when it is none. */
export function parseFlagSet(text: string): FlagSet | null {
  const parsed = flagSet.safeParse(parseJson(text))
  return parsed.success ? parsed.data.flags : null
}

export function writeFlagSet(flags: FlagSet, version: number): string {
  return `${JSON.stringify({ $schema: SCHEMA, flags, metadata: { version } }, null, 2)}\n`
}

/**
 * The definition that gives a flag this reach. Users without a targeting key are in no share but the whole one: the
 * default goes to them, which is off until everybody has the flag.
 */
export function definitionOf(reach: FlagReach, fence: Fence | null, attribute: string): FlagDefinition {
  const isForAll = reach.weight === FULL_WEIGHT
  const rest = reach.weight === 0 ? OFF : split(reach.weight)
  const hasCohorts = reach.cohorts.length > 0 && !isForAll
  const rule = hasCohorts ? { if: [inCohorts(attribute, [...reach.cohorts].sort()), ON, rest] } : rest
  return ownDefinition.parse({
    state: 'ENABLED',
    variants: { [ON]: true, [OFF]: false },
    defaultVariant: isForAll ? ON : OFF,
    ...(isForAll || rule === OFF ? {} : { targeting: rule }),
    metadata: {
      ...(fence !== null && { fence: fenceText(fence) }),
      ...(isForAll && reach.cohorts.length > 0 && { cohorts: [...reach.cohorts].sort().join(' ') }),
    },
  })
}

/** The reach that a definition gives its flag, or null when it is none that is written here. */
export function reachOf(definition: unknown, attribute: string): FlagReach | null {
  const parsed = ownDefinition.safeParse(definition)
  if (!parsed.success) return null
  const { defaultVariant, targeting: rule, metadata } = parsed.data
  if (rule === undefined) {
    if (defaultVariant === OFF) return FLAG_OFF
    // Everybody has it; the cohorts are remembered for whoever compares.
    return {
      weight: FULL_WEIGHT,
      cohorts: (metadata?.cohorts ?? '').split(' ').filter(Boolean),
    }
  }
  if (defaultVariant === ON) return null
  if ('fractional' in rule) return { weight: weightOf(rule), cohorts: [] }
  const [
    {
      in: [{ var: asked }, cohorts],
    },
    ,
    rest,
  ] = rule.if
  if (asked !== attribute) return null
  return { weight: rest === OFF ? 0 : weightOf(rest), cohorts: [...cohorts].sort() }
}

/** The fence with which a definition was written; one that cannot be read is none. */
export function fenceOfDefinition(definition: unknown): Fence | null {
  const parsed = z.looseObject({ metadata: z.looseObject({ fence: z.string() }) }).safeParse(definition)
  return parsed.success ? parseFence(parsed.data.metadata.fence) : null
}

function weightOf({ fractional: [[, weight], [, rest]] }: z.infer<typeof fractional>): number {
  const all = weight + rest
  return all === 0 ? 0 : Math.ceil((weight * FULL_WEIGHT) / all)
}
