import { setTimeout as sleep } from 'node:timers/promises'
import type { PoolRoles } from '../../domain/exposure.ts'
import { allChecks } from '../../domain/plan/consequences.ts'
import type { Milliseconds } from '../../domain/units.ts'
import { observeSources } from '../ask-sources.ts'
import type { Checklist, TrafficSight } from './checklist.ts'

/** What works without being asked shows itself within this time, or hardly. */
const SHORTEST: Milliseconds = 4_000
/** A store that is scraped every 15 s has something new by then. */
const LONGEST: Milliseconds = 16_000
const LOOK_EVERY: Milliseconds = 1_000

/** Looks at both pools until stable has been seen everywhere, each time from the same beginning. */
export async function seeTraffic(
  { adapters, input, now }: Pick<Checklist, 'adapters' | 'input' | 'now'>,
  roles: PoolRoles,
  signal: AbortSignal,
): Promise<TrafficSight> {
  const { plan } = input
  const began = now()
  const asked = { roles, checks: allChecks(plan), floor: plan.floor, exposedAt: began }
  const [first, servedFirst] = await Promise.all([
    observeSources(adapters, asked, { cursors: {} }, began, signal),
    servedNow(adapters.router, roles.canary, signal),
  ])
  const cursors = Object.fromEntries(
    Object.entries(first).flatMap(([key, { cursor }]) => (cursor === null ? [] : [[key, cursor] as const])),
  )
  await sleep(SHORTEST, undefined, { signal })
  for (;;) {
    const time = now() - began
    const observations = await observeSources(adapters, asked, { cursors }, now(), signal)
    const isSeen = Object.values(observations).every(
      ({ stable }) => stable.kind === 'value' && stable.value.requests > 0,
    )
    if (!isSeen && time < LONGEST) {
      await sleep(LOOK_EVERY, undefined, { signal })
      continue
    }
    const servedLast = await servedNow(adapters.router, roles.canary, signal)
    const sent = servedFirst === null || servedLast === null ? null : Math.max(0, servedLast - servedFirst)
    return { observations, sent, time }
  }
}

async function servedNow(
  router: Checklist['adapters']['router'],
  pool: string,
  signal: AbortSignal,
): Promise<number | null> {
  const { served } = await router.read(signal)
  return served?.[pool] ?? null
}
