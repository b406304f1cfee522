import type { ArmNames } from '../../domain/arm-names.ts'
import type { LatencyHistogram } from '../../domain/observation.ts'
import type { CheckInput } from '../../domain/plan/checks.ts'
import type { Instant, Milliseconds } from '../../domain/units.ts'
import type { Verdict } from '../../domain/verdict.ts'
import type { RelativeRule } from '../checks/shapes.ts'
import { formatImpossible } from '../explain.ts'
import { addHistograms } from '../histogram.ts'
import { endOfLook, namesOf, type Unusable } from '../read-look.ts'
import { tooFewOnEither } from '../tally.ts'
import { inconclusive } from '../verdicts.ts'
import {
  type LimitMemory,
  limitEvidence,
  remember,
  type Seen,
  verdictOfLooks,
  verdictWhileGathering,
} from './hysteresis.ts'

/** What one arm did in the looks that are gathered: only what the check reads. Plain JSON. */
export interface Gathered {
  readonly requests: number
  readonly errors: number
  readonly latency: LatencyHistogram | null
}

interface GatheredArms {
  readonly canary: Gathered
  readonly stable: Gathered
}

export type RelativeState = LimitMemory<'relative', GatheredArms>

/** What a kind of check reads of both arms, and how it compares them. */
export interface RelativeReading {
  readonly read: (input: CheckInput, lastEnd: Instant | null) => ReadArms
  readonly compare: (rule: RelativeRule, arms: GatheredArms, names: ArmNames) => Seen | Hidden
}

type ReadArms = { readonly kind: 'usable'; readonly arms: GatheredArms; readonly duration: Milliseconds } | Unusable

/** There is data enough, but nobody can tell. */
interface Hidden {
  readonly kind: 'hidden'
  readonly reason: string
}

/**
 * One look at the canary against stable over the same time, by a bare ratio: `failures` breaches among the last `of`
 * looks that counted fail the check. Looks are gathered until both arms have served `minRequests` in them, as for fixed
 * limits. It controls no error probability: two equal versions with few errors differ by any ratio now and then. A look
 * that cannot tell is blind.
 */
export function stepRelative(
  reading: RelativeReading,
  rule: RelativeRule,
  state: RelativeState,
  input: CheckInput,
): { readonly state: RelativeState; readonly verdict: Verdict } {
  const { maxRatio } = rule
  const held = { ...state, lastEnd: endOfLook(input, state.lastEnd) }
  const evidence = limitEvidence(rule, held.breaches, { maxRatio })
  const hold = ({ kind, reason }: Unusable) => ({ state: held, verdict: inconclusive(kind, reason, evidence) })
  if (!(maxRatio > 0 && maxRatio < Number.POSITIVE_INFINITY))
    return hold({ kind: 'blind', reason: `the limit is not a ratio${formatImpossible(maxRatio)}` })
  const read = reading.read(input, state.lastEnd)
  if (read.kind !== 'usable') return hold(read)
  const gathered = gather(state, read.arms)
  const gatheredFor = state.gatheredFor + read.duration
  const names = namesOf(input)
  const requests = { canary: gathered.canary.requests, stable: gathered.stable.requests }
  const lack = tooFewOnEither(requests, rule.minRequests, names)
  if (lack !== null) {
    const verdict = verdictWhileGathering(state.standing, gatheredFor, lack, evidence)
    return { state: { ...held, gathered, gatheredFor }, verdict }
  }
  const compared = reading.compare(rule, gathered, names)
  const afresh = { ...held, gathered: null, gatheredFor: 0 }
  if (compared.kind === 'hidden')
    return { state: { ...afresh, standing: null }, verdict: inconclusive('blind', compared.reason, evidence) }
  const breaches = remember(state.breaches, compared.isBreach, rule)
  const shown = limitEvidence(rule, breaches, { ...compared.figures, maxRatio })
  const verdict = verdictOfLooks(rule, breaches, compared, shown)
  return { state: { ...afresh, breaches, standing: verdict }, verdict }
}

/** Other buckets mean that the service was changed: what was gathered belongs to the old one. */
function gather({ gathered }: RelativeState, arms: GatheredArms): GatheredArms {
  if (gathered === null) return arms
  const [canary, stable] = [together(gathered.canary, arms.canary), together(gathered.stable, arms.stable)]
  return canary === null || stable === null ? arms : { canary, stable }
}

function together(left: Gathered, right: Gathered): Gathered | null {
  const sum = { requests: left.requests + right.requests, errors: left.errors + right.errors }
  if (left.latency === null || right.latency === null) return { ...sum, latency: null }
  const latency = addHistograms(left.latency, right.latency)
  return latency === null ? null : { ...sum, latency }
}
