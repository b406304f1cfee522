import { SluiceError } from '../../domain/errors.ts'
import type { Check } from '../../domain/plan/checks.ts'
import { argoKind } from '../argo/check-kind.ts'
import { kayentaKind } from '../kayenta/check-kind.ts'
import type { CheckKind } from './check-kind.ts'
import { errorRateKind } from './error-rate.ts'
import { latencyKind } from './latency.ts'
import { queryKind } from './query.ts'
import { rateKind } from './rate.ts'

/** Every check kind a plan may name. A new one is its own file and a line here. */
export const CHECK_KINDS = [errorRateKind, latencyKind, rateKind, queryKind, kayentaKind, argoKind] as const

/** A check of one of the listed kinds. */
export type ListedCheck = NonNullable<ReturnType<(typeof CHECK_KINDS)[number]['own']>>

const BY_NAME: ReadonlyMap<string, CheckKind> = new Map(CHECK_KINDS.map((kind) => [kind.kind, kind]))

/**
 * The kind of a check.
 * @throws SluiceError `internal` for a plan of a newer version than this process
 */
export function kindOf({ name, kind }: Check): CheckKind {
  const known = BY_NAME.get(kind)
  if (known !== undefined) return known
  throw new SluiceError('internal', {
    message: `the check ${name} is of a kind that this process does not know`,
    expected: `one of ${[...BY_NAME.keys()].join(', ')}`,
    received: kind,
    fix: 'bring this process to the version that has read the plan',
  })
}
