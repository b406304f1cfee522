import { shortened } from '../problems.ts'
import type { Instant, Milliseconds } from '../units.ts'

/** What one instance of a pool says of itself. */
export interface InstanceVersion {
  /** Where it was asked, such as `10.0.0.7:8080`. */
  readonly instance: string
  /** What it says it runs; null when it does not say. */
  readonly says: string | null
  /** Why it does not; null when it does. */
  readonly fault: string | null
}

/** Whether a pool runs a version, as one clause. */
type VersionProof =
  | { readonly isProven: true; readonly text: string }
  | { readonly isProven: false; readonly reason: string }

/** Whether a pool that had proven its version still runs it, as one clause; `unknown`: nobody has said anything else. */
export type StandingProof =
  | { readonly kind: 'stands' }
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'broken'; readonly reason: string }

/** The last time that a canary was asked whether it still runs its version. */
export interface LastProof {
  readonly at: Instant
  /** Why nobody knows since then, as a sentence; null when every instance said the version. */
  readonly unknown: string | null
}

/** A canary that is watched is asked again at about every third look. */
const LOOKS_BETWEEN = 3

/** So many instances are told one by one. */
const MOST_TOLD = 5

/** A pool runs a version when it has instances and each of them says so, letter by letter. */
export function proofOf(version: string, pool: string, instances: readonly InstanceVersion[]): VersionProof {
  if (instances.length === 0) return { isProven: false, reason: sayingsOf([], pool) }
  const others = instances.filter(({ says }) => says !== version)
  const count = instances.length === 1 ? 'its instance' : `all ${instances.length} instances`
  if (others.length === 0) return { isProven: true, text: `${pool} runs ${version}, ${count} said so` }
  return { isProven: false, reason: `${pool} does not run ${version}${whatElse(others, instances.length, pool)}` }
}

/**
 * The same of a pool that has proven the version before. Only an instance that says another one breaks the proof: one that is
 * away, or does not say its version, may be starting anew.
 */
export function standingProof(version: string, pool: string, instances: readonly InstanceVersion[]): StandingProof {
  const others = instances.filter(({ says }) => says !== version)
  if (instances.length > 0 && others.length === 0) return { kind: 'stands' }
  if (others.every(({ says }) => says === null))
    return { kind: 'unknown', reason: `nobody knows whether ${pool} still runs ${version}: ${sayingsOf(others, pool)}` }
  const reason = `${pool} no longer runs ${version}, the version that the release says${whatElse(others, instances.length, pool)}`
  return { kind: 'broken', reason }
}

/** Asked at the first look of an exposure, after a person's word, and every so often. */
export function isProofDue(
  last: LastProof | null,
  { from, now, interval }: { readonly from: Instant; readonly now: Instant; readonly interval: Milliseconds },
): boolean {
  return last === null || last.at < from || now - last.at >= LOOKS_BETWEEN * interval
}

/** ` (2 of 3 do): 10.20.1.8:8080 runs 2.3.9`. */
function whatElse(others: readonly InstanceVersion[], all: number, pool: string): string {
  const how = others.length === all ? '' : ` (${all - others.length} of ${all} do)`
  return `${how}: ${sayingsOf(others, pool)}`
}

function sayingsOf(others: readonly InstanceVersion[], pool: string): string {
  if (others.length === 0) return `${pool} has no instance that could say its version`
  const told = others.slice(0, MOST_TOLD).map(sayingOf)
  const more = others.length > MOST_TOLD ? [`and ${others.length - MOST_TOLD} more`] : []
  return [...told, ...more].join(', ')
}

function sayingOf({ instance, says, fault }: InstanceVersion): string {
  return says === null
    ? `${instance} does not say its version, ${fault ?? 'nothing came'}`
    : `${instance} runs ${shortened(says)}`
}
