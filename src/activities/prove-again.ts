import { evidenceStart } from '../analysis/traffic/watch-traffic.ts'
import { errorLine, SluiceError } from '../domain/errors.ts'
import type { GuardInput, GuardState } from '../domain/release/guard.ts'
import { isProofDue, type StandingProof, standingProof } from '../domain/release/version-proof.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'
import { LATE, lateText, within } from '../outbound/within.ts'
import type { Watched } from './dependencies.ts'

/** All instances together may take so long: a look waits for its metric sources as well. */
const DEADLINE: Milliseconds = 5_000

/**
 * Whether the canary pool still runs what the release says; null where it is not asked at this look. An instance that was
 * replaced says another version, and that alone breaks the proof: what cannot be asked is not known.
 */
export async function proveAgain(
  { canaryVersions }: Watched,
  input: GuardInput,
  { lastProof }: GuardState,
  now: Instant,
  signal: AbortSignal,
): Promise<StandingProof | null> {
  const { version, roles, interval } = input
  if (canaryVersions === undefined || version === undefined) return null
  if (!isProofDue(lastProof ?? null, { from: evidenceStart(input), now, interval })) return null
  const unknown = (why: string): StandingProof => ({
    kind: 'unknown',
    reason: `nobody knows whether ${roles.canary} still runs ${version}: ${why}`,
  })
  try {
    const instances = await within({ deadline: DEADLINE, signal }, canaryVersions)
    return instances === LATE ? unknown(lateText(DEADLINE)) : standingProof(version, roles.canary, instances)
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof SluiceError)) throw error
    return unknown(errorLine(error))
  }
}

/** What the state keeps of it. */
export function proofPart(
  { lastProof }: GuardState,
  proof: StandingProof | null,
  now: Instant,
): Pick<GuardState, 'lastProof'> {
  if (proof === null) return lastProof === undefined ? {} : { lastProof }
  return { lastProof: { at: now, unknown: proof.kind === 'unknown' ? proof.reason : null } }
}
