import type { ArmCounts } from '../../domain/observation.ts'
import { formatFraction, formatRatio, formatShare } from '../explain.ts'
import type { Gathered, RelativeReading } from '../judges/relative-judge.ts'
import { type ThresholdReading, tooFew } from '../judges/threshold-judge.ts'
import { readLook } from '../read-look.ts'
import { besides, type LimitReadings } from './limits.ts'

const fixed: ThresholdReading = {
  fault: () => null,
  kept: (counts) => ({ ...counts, latency: null, events: {} }),
  look(rule, { requests, errors }, name) {
    const few = tooFew(rule, requests, name)
    if (few !== null) return few
    const share = errors / requests
    return {
      kind: 'counted',
      isBreach: share > rule.max,
      said: `errors ${formatShare(share)} on ${name} (${formatFraction(errors, requests)})`,
      ...besides(formatShare(rule.max)),
      figures: { canaryShare: share, canaryRequests: requests },
    }
  },
}

/** Stable without an error counts as if it had had one, so that the canary's first error is not infinitely many times as many. */
const ratio: RelativeReading = {
  read(input, lastEnd) {
    const read = readLook(input, lastEnd)
    if (read.kind !== 'usable') return read
    const { canary, stable, duration } = read.look
    const counted = ({ requests, errors }: ArmCounts): Gathered => ({ requests, errors, latency: null })
    return { kind: 'usable', arms: { canary: counted(canary), stable: counted(stable) }, duration }
  },
  compare({ maxRatio }, { canary, stable }, names) {
    const [canaryShare, stableShare] = [canary.errors / canary.requests, stable.errors / stable.requests]
    const times = canaryShare / Math.max(stableShare, 1 / stable.requests)
    const counts = `${formatFraction(canary.errors, canary.requests)} / ${formatFraction(stable.errors, stable.requests)}`
    return {
      kind: 'counted',
      isBreach: times > maxRatio,
      said: `errors ${formatShare(canaryShare)} on ${names.canary} against ${formatShare(stableShare)} on ${names.stable} (${counts})`,
      above: `more than ${formatRatio(maxRatio)} as many`,
      within: `at most ${formatRatio(maxRatio)} as many`,
      figures: {
        ...{ canaryShare, canaryRequests: canary.requests, stableShare, stableRequests: stable.requests, ratio: times },
      },
    }
  },
}

/** The share of requests that failed, against a limit without an error budget. */
export const ERROR_LIMITS: LimitReadings = { fixed, ratio }
