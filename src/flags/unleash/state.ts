import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { Fence } from '../../domain/exposure.ts'
import { FLAG_OFF, type FlagReach } from '../../domain/flag-reach.ts'
import { FULL_WEIGHT } from '../../domain/units.ts'
import { newestFence, parseFence } from '../fence-text.ts'

/** Titles of the two strategies that are ours; what follows is the fence with which they were written. */
const TITLES = { share: 'Sluice: share of users', cohorts: 'Sluice: cohorts' } as const
export type OwnKind = keyof typeof TITLES

const constraint = z.looseObject({
  contextName: z.string(),
  operator: z.string(),
  values: z.array(z.string()).default([]),
  inverted: z.boolean().optional(),
  caseInsensitive: z.boolean().optional(),
})

const strategy = z.looseObject({
  id: z.string(),
  name: z.string(),
  title: z.string().nullish(),
  disabled: z.boolean().nullish(),
  parameters: z.record(z.string(), z.unknown()).default({}),
  constraints: z.array(constraint).default([]),
  segments: z.array(z.number()).default([]),
  variants: z.array(z.unknown()).default([]),
})

/** A flag in one environment, as the admin API shows it. */
export const flagEnvironment = z.looseObject({
  name: z.string(),
  enabled: z.boolean(),
  strategies: z.array(strategy).default([]),
})

export type FlagEnvironment = z.infer<typeof flagEnvironment>
export type Strategy = z.infer<typeof strategy>

export function titleOf(kind: OwnKind, fence: Fence): string {
  return `${TITLES[kind]} (${fence.release}:${fence.epoch})`
}

/** Our strategy of that kind; of several, which two writers at once may have made, the one that was written last. */
export function ownStrategy({ strategies }: FlagEnvironment, kind: OwnKind): Strategy | null {
  const ours = strategies.filter(({ title }) => title?.startsWith(`${TITLES[kind]} (`) === true)
  const newest = newestFence(ours.map(fenceOfStrategy))
  return ours.find((one) => isDeepStrictEqual(fenceOfStrategy(one), newest)) ?? null
}

/** Strategies that count and are not ours, a second one of ours among them. */
export function foreignStrategies(environment: FlagEnvironment): readonly Strategy[] {
  const ours = (Object.keys(TITLES) as OwnKind[]).map((kind) => ownStrategy(environment, kind)?.id)
  return environment.strategies.filter(({ id, disabled }) => disabled !== true && !ours.includes(id))
}

/** The newest fence in the titles of our strategies. */
export function fenceOfFlag({ strategies }: FlagEnvironment): Fence | null {
  return newestFence(strategies.filter(isOwn).map(fenceOfStrategy))
}

/** How the flags of a target are kept in Unleash. */
export interface Settings {
  /** Field of the context that holds the cohort of a user. */
  readonly cohortField: string
  /** What of the context says who a user is, in the words of Unleash. */
  readonly stickiness: string
}

/**
 * Who has the flag, or null when a strategy says so in a way that has no words here. Strategies add up: whoever one of them
 * lets in has the flag. Shares of the same group and stickiness hold the same users, the smaller within the larger.
 */
export function reachOfFlag(environment: FlagEnvironment, settings: Settings): FlagReach | null {
  const live = environment.strategies.filter(({ disabled }) => disabled !== true)
  if (!environment.enabled || live.length === 0) return FLAG_OFF
  const parts = live.map((one) => partOf(one, environment.name, settings))
  let weight = 0
  const cohorts = new Set<string>()
  for (const part of parts) {
    if (part === null) return null
    weight = Math.max(weight, part.weight)
    for (const cohort of part.cohorts) cohorts.add(cohort)
  }
  return { weight, cohorts: [...cohorts].sort() }
}

function partOf(one: Strategy, flag: string, { cohortField, stickiness }: Settings): FlagReach | null {
  const rollout = shareOf(one, flag, stickiness)
  if (rollout === null || one.segments.length > 0 || one.variants.length > 0) return null
  if (rollout === 0) return FLAG_OFF
  const [only, ...more] = one.constraints
  if (only === undefined) return { weight: rollout, cohorts: [] }
  const isPlain = only.operator === 'IN' && only.inverted !== true && only.contextName === cohortField
  if (!isPlain || more.length > 0 || rollout !== FULL_WEIGHT) return null
  return { weight: 0, cohorts: only.values }
}

/** In basis points; null for a strategy of another kind, or a share whose users are others than those of our shares. */
function shareOf({ name, parameters }: Strategy, flag: string, stickiness: string): number | null {
  if (name === 'default') return FULL_WEIGHT
  if (name !== 'flexibleRollout') return null
  const rollout = Number(parameters['rollout'])
  if (!Number.isFinite(rollout)) return null
  // Unleash compares a whole number from 1 to 100 with it.
  const weight = Math.floor(rollout) * 100
  const isSameUsers = parameters['groupId'] === flag && parameters['stickiness'] === stickiness
  return weight === 0 || weight === FULL_WEIGHT || isSameUsers ? weight : null
}

function fenceOfStrategy({ title }: Strategy): Fence | null {
  return parseFence(/\(([\d:]+)\)$/.exec(title ?? '')?.[1] ?? '')
}

function isOwn({ title }: Strategy): boolean {
  return Object.values(TITLES).some((text) => title?.startsWith(`${text} (`) === true)
}
