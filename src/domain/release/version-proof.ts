import { shortened } from '../problems.ts'

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

/** So many instances are told one by one. */
const MOST_TOLD = 5

/** A pool runs a version when it has instances and each of them says so, letter by letter. */
export function proofOf(version: string, pool: string, instances: readonly InstanceVersion[]): VersionProof {
  if (instances.length === 0) return { isProven: false, reason: `${pool} has no instance that could say its version` }
  const others = instances.filter(({ says }) => says !== version)
  const count = instances.length === 1 ? 'its instance' : `all ${instances.length} instances`
  if (others.length === 0) return { isProven: true, text: `${pool} runs ${version}, ${count} said so` }
  const told = others.slice(0, MOST_TOLD).map(sayingOf)
  const more = others.length > MOST_TOLD ? [`and ${others.length - MOST_TOLD} more`] : []
  const how =
    others.length === instances.length ? '' : ` (${instances.length - others.length} of ${instances.length} do)`
  return { isProven: false, reason: `${pool} does not run ${version}${how}: ${[...told, ...more].join(', ')}` }
}

function sayingOf({ instance, says, fault }: InstanceVersion): string {
  return says === null
    ? `${instance} does not say its version, ${fault ?? 'nothing came'}`
    : `${instance} runs ${shortened(says)}`
}
