import type { FlagReach } from '../domain/flag-reach.ts'
import { FULL_WEIGHT } from '../domain/units.ts'

/** Somebody for whom a flag is evaluated, and whether it must be on for them. */
export interface Probe {
  readonly user: string | null
  readonly cohort: string | null
  readonly isOn: boolean
}

/** The two users between whom a share ends. */
export interface Edge {
  /** The last user who has the flag; null when nobody has. */
  readonly inside: string | null
  /** The first user who has not; null when everybody has. */
  readonly outside: string | null
}

/** Nobody is called that: a user outside of every share for whom a cohort is tried. */
const ANYBODY = 'sluice-probe'

/**
 * The evaluations that tell this reach from every other one: the last user who has the flag, the first who has not, and each
 * cohort.
 */
export function probesFor(reach: FlagReach, { inside, outside }: Edge): readonly Probe[] {
  return [
    ...(inside === null ? [] : [{ user: inside, cohort: null, isOn: true }]),
    ...(outside === null ? [] : [{ user: outside, cohort: null, isOn: false }]),
    ...reach.cohorts.map((cohort) => ({ user: outside ?? ANYBODY, cohort, isOn: true })),
  ]
}

/**
 * The reach that evaluations prove: the claimed one, the same object, when each of them is as it must be. Whoever evaluates
 * otherwise is shown as what it may be at worst: on for everybody when it is on for somebody who must not have it.
 */
export function provenReach(claimed: FlagReach, probes: readonly Probe[], evaluations: readonly boolean[]): FlagReach {
  if (probes.every(({ isOn }, index) => isOn === evaluations[index])) return claimed
  const isTooWide = probes.some(({ isOn }, index) => !isOn && evaluations[index] === true)
  return { weight: isTooWide ? FULL_WEIGHT : 0, cohorts: [] }
}

/**
 * Users of a share that ends between `inside` and `outside`, found by trying names: `bucketOf` says to which of the
 * `buckets` a name belongs, and the share holds those below `share`.
 */
export function findEdge(share: number, buckets: number, bucketOf: (user: string) => number): Edge {
  const wanted = { inside: share - 1, outside: share }
  let [inside, outside]: [string | null, string | null] = [null, null]
  // In a hundred times as many tries as there are buckets no user is missed: one chance in e^100.
  for (let index = 0; index < buckets * 100; index += 1) {
    const user = `${ANYBODY}-${index}`
    const bucket = bucketOf(user)
    if (bucket === wanted.inside) inside ??= user
    if (bucket === wanted.outside) outside ??= user
    if ((inside !== null || share === 0) && (outside !== null || share >= buckets)) break
  }
  return { inside, outside }
}
