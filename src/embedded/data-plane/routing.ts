import { z } from 'zod'
import type { CohortRule } from '../../domain/cohorts/cohort-rule.ts'
import { compareFences, type Fence } from '../../domain/exposure.ts'
import { type BasisPoints, FULL_WEIGHT } from '../../domain/units.ts'

/** Who goes where: the whole of what the admin API sets and the state file keeps. Never changed in place. */
export interface Routing {
  /** Share of each of the two pools; sums to 10000. */
  readonly split: Readonly<Record<string, BasisPoints>>
  readonly cohorts: Readonly<Record<string, string>>
  readonly fence: Fence | null
  /** Decides in which order users come to the second pool; null: by their key alone. */
  readonly seed: string | null
  /** Who is of a pinned cohort, where the proxy is to find that out itself; none when absent. */
  readonly rules?: Readonly<Record<string, CohortRule>>
  /** Whose try-it tickets are let in, with their key, and where they lead; none when absent. */
  readonly tickets?: { readonly release: string; readonly key: string; readonly pool: string }
  /** The pool that gets copies of this share of what the other one is asked; none when absent. */
  readonly mirror?: { readonly pool: string; readonly share: BasisPoints }
}

/** Where a request goes and why. */
export interface Assignment {
  readonly pool: string
  readonly why: 'ticket' | 'cohort' | 'weight'
  /** The cohort by which the request got there. */
  readonly cohort?: string
}

/** Everybody on the first pool. */
export function firstPoolOnly([first, second]: readonly [string, string]): Routing {
  return { split: { [first]: FULL_WEIGHT, [second]: 0 }, cohorts: {}, fence: null, seed: null }
}

/**
 * Sends the first pinned cohort to its pool, everybody else by bucket: the second pool has the buckets below its share.
 * So whichever pool is the canary, its users are a growing set while its share grows, and a user never goes back.
 */
export function assign(
  routing: Routing,
  pools: readonly [string, string],
  bucket: number,
  cohorts: readonly string[],
): Assignment {
  for (const cohort of cohorts) {
    const pool = Object.hasOwn(routing.cohorts, cohort) ? routing.cohorts[cohort] : undefined
    if (pool !== undefined) return { pool, why: 'cohort', cohort }
  }
  return { pool: bucket < (routing.split[pools[1]] ?? 0) ? pools[1] : pools[0], why: 'weight' }
}

/** True when `fence` is older than the newest one taken. */
export function isFencedOff(fence: Fence, { fence: newest }: Routing): boolean {
  return newest !== null && compareFences(fence, newest) < 0
}

/**
 * The routing that a wish leads to. Another seed is taken only while one pool has everybody, when it moves nobody: in the
 * middle of a release users stay where they are, whoever asks.
 */
export function follow(current: Routing, { rules, tickets, mirror, ...wish }: Wish): Routing {
  const isSettled = Object.values(current.split).includes(FULL_WEIGHT)
  const targeting = { ...(rules !== undefined && { rules }), ...(tickets !== undefined && { tickets }) }
  const copies = mirror === undefined ? {} : { mirror }
  return { ...wish, ...targeting, ...copies, seed: isSettled ? (wish.seed ?? current.seed) : current.seed }
}

/** What may be asked for, given the two pools: a strict object whose shares are of exactly these pools and sum up. */
export function wishSchema(pools: readonly [string, string]) {
  const pool = z.enum(pools)
  return z.strictObject({
    split: z
      .record(pool, z.int().min(0).max(FULL_WEIGHT))
      .refine((split) => pools.reduce((sum, name) => sum + (split[name] ?? 0), 0) === FULL_WEIGHT, {
        error: `the shares must sum to ${FULL_WEIGHT}`,
      }),
    cohorts: z
      .record(z.string().min(1).max(100), pool)
      .refine((cohorts) => Object.keys(cohorts).length <= 500, { error: 'at most 500 cohorts' }),
    fence: fenceSchema,
    seed: z.string().min(1).max(300).optional(),
    rules: z.record(z.string().min(1).max(100), ruleSchema).exactOptional(),
    tickets: z
      .strictObject({ release: z.string().min(1).max(200), key: z.string().min(1).max(200), pool })
      .exactOptional(),
    mirror: z.strictObject({ pool, share: z.int().min(1).max(FULL_WEIGHT) }).exactOptional(),
  })
}

/** A routing as it is asked for; one without a seed leaves the seed as it is. */
export type Wish = z.output<ReturnType<typeof wishSchema>>

/** What a state file holds, given the two pools. */
export function stateSchema(pools: readonly [string, string]) {
  return wishSchema(pools)
    .extend({ fence: fenceSchema.nullable() })
    .transform(({ seed = null, ...routing }): Routing => ({ ...routing, seed }))
}

/** The text of a state file. */
export function stateText({ seed, ...routing }: Routing): string {
  return JSON.stringify(seed === null ? routing : { ...routing, seed })
}

const texts = z.array(z.string().max(200)).max(10_000)
const fieldName = z.string().min(1).max(64)
const ruleSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('header'), name: fieldName, values: texts }),
  z.strictObject({ kind: z.literal('cookie'), name: fieldName, values: texts }),
  z.strictObject({ kind: z.literal('user'), values: texts }),
  z.strictObject({ kind: z.literal('address'), ranges: texts, header: fieldName.nullable() }),
  z.strictObject({ kind: z.literal('gateway') }),
])

const fenceSchema = z.strictObject({ release: z.int().min(0), epoch: z.int().min(0) })
