import { SluiceError } from '../domain/errors.ts'
import type { Fence } from '../domain/exposure.ts'
import type { FlagReach } from '../domain/flag-reach.ts'
import type { Allowance } from './admin-api.ts'
import { newestFence } from './fence-text.ts'
import type { FlagStore, FlagWish } from './flag-store.ts'
import { checkFence } from './wish.ts'

/** A service that shows and changes one flag at a time, each with its own fence. */
export interface FlagService<Found> {
  /** What people call it. */
  readonly name: string
  /** Null for a flag that it does not have. */
  readonly look: (flag: string, allowance: Allowance) => Promise<Found | null>
  readonly fenceOf: (found: Found) => Fence | null
  /** What is said of a flag that it does not have. */
  readonly missing: { readonly expected: string; readonly fix: string }
}

/** A writer that was overtaken so often in one change has others beside it that never stop. */
const MOST_ROUNDS = 20

/** All of these flags; `reachOf` throws for one whose users cannot be told. */
export async function readEach<Found>(
  { look, fenceOf }: FlagService<Found>,
  names: readonly string[],
  allowance: Allowance,
  reachOf: (found: Found, flag: string) => FlagReach | Promise<FlagReach>,
): ReturnType<FlagStore['read']> {
  const found = await Promise.all(names.map(async (name) => [name, await look(name, allowance)] as const))
  const flags: [string, FlagReach | null][] = []
  for (const [name, now] of found) flags.push([name, now === null ? null : await reachOf(now, name)])
  return {
    flags: Object.fromEntries(flags),
    fence: newestFence(found.map(([, now]) => (now === null ? null : fenceOf(now)))),
  }
}

/** All are looked at before one is changed: a wish that is too late for one of its flags changes none. */
export async function refuseLate<Found>(
  { look, fenceOf }: FlagService<Found>,
  { flags, fence }: FlagWish,
  allowance: Allowance,
): Promise<void> {
  const before = await Promise.all(Object.keys(flags).map((flag) => look(flag, allowance)))
  checkFence(fence, newestFence(before.map((now) => (now === null ? null : fenceOf(now)))))
}

/** Tries until `change` was not overtaken: it answers false when somebody else was faster. */
export async function changeOne<Found>(
  { name, look, fenceOf, missing }: FlagService<Found>,
  flag: string,
  { flags, fence }: FlagWish,
  allowance: Allowance,
  change: (now: Found, reach: FlagReach) => Promise<boolean>,
): Promise<void> {
  const reach = flags[flag]
  if (reach === undefined) return
  for (let round = 1; round <= MOST_ROUNDS; round += 1) {
    const now = await look(flag, allowance)
    if (now === null) throw new SluiceError('flag.unknown', { message: `${name} has no flag ${flag}`, ...missing })
    checkFence(fence, fenceOf(now))
    if (await change(now, reach)) return
  }
  throw new SluiceError('flag.refused', {
    message: `others have changed the flag ${flag} in ${name} all the while`,
    fix: 'let nobody else change the flag while a release does',
  })
}
