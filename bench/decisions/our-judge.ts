import type { CheckState } from '../../src/analysis/checks/check-kind.ts'
import type { ListedCheck as Check } from '../../src/analysis/checks/index.ts'
import type { SequentialRule } from '../../src/analysis/checks/shapes.ts'
import { enterExposure, startCheck, weighCheck } from '../../src/analysis/judges/check-judge.ts'
import type { SplitCounts } from '../../src/analysis/judges/split-test.ts'
import type { LatencyHistogram } from '../../src/domain/observation.ts'
import type { CheckInput } from '../../src/domain/plan/checks.ts'
import { usualWarmUp } from '../../src/domain/plan/plan-warm-up.ts'
import type { RecordedStable } from '../../src/domain/recorded-noise.ts'
import type { Instant, Milliseconds } from '../../src/domain/units.ts'

/** What a plan asks for; `minRequests` is the plan's default. */
export function sequentialRule(alpha: number, notWorseThan: number): SequentialRule {
  return { judge: 'sequential', alpha, notWorseThan, minRequests: 50 }
}

/** Sluice's own judge as the guard drives it: one look after the other. */
export interface OurJudge {
  /** True once the check has failed. */
  readonly look: (look: {
    readonly counts: SplitCounts
    readonly latency?: { readonly canary: LatencyHistogram; readonly stable: LatencyHistogram }
    readonly duration: Milliseconds
    readonly isNewExposure: boolean
  }) => boolean
}

/** What a plan that says nothing of it has, with bakes of ten minutes or more and a look every ten seconds. */
export const USUAL_WARM_UP = usualWarmUp(600_000, 10_000)

/** Starts the judge of one check; each exposure begins with a warm-up, as every one here is a jump in load. */
export function startOurJudge(
  check: Check,
  warmUp: Milliseconds = 0,
  recorded: RecordedStable | null = null,
): OurJudge {
  let state: CheckState = startCheck(check)
  let end: Instant = 0
  let warmsUpUntil: Instant = end + warmUp
  return {
    look({ counts, latency, duration, isNewExposure }) {
      if (isNewExposure) state = enterExposure(check, state)
      const start = end
      if (isNewExposure) warmsUpUntil = start + warmUp
      end += duration
      if (start < warmsUpUntil) return false
      const input: CheckInput = {
        at: end,
        window: { start, end },
        canary: arm(counts.canaryTrials, counts.canaryEvents, latency?.canary ?? null),
        stable: arm(counts.stableTrials, counts.stableEvents, latency?.stable ?? null),
        readings: {},
        ...(recorded !== null && { recorded }),
      }
      const step = weighCheck(check, state, input)
      state = step.state
      return step.outcome === 'fail'
    },
  }
}

function arm(requests: number, errors: number, latency: LatencyHistogram | null): CheckInput['canary'] {
  return { kind: 'value', value: { requests, errors, latency, events: {} } }
}
