import type { CheckState } from '../../src/analysis/checks/check-kind.ts'
import type { ListedCheck as Check } from '../../src/analysis/checks/index.ts'
import { harmEvidence } from '../../src/analysis/harm/of-checks.ts'
import { weighRaise } from '../../src/analysis/harm/weigh-raise.ts'
import { enterExposure, startCheck, weighCheck } from '../../src/analysis/judges/check-judge.ts'
import type { Random } from '../../src/analysis/statistics/random.ts'
import { ROLE_NAMES } from '../../src/domain/arm-names.ts'
import type { RecordedStable } from '../../src/domain/recorded-noise.ts'
import { FULL_WEIGHT, type Milliseconds } from '../../src/domain/units.ts'
import { drawLooks, type ErrorTraffic, LOOK_SECONDS } from './error-traffic.ts'
import { sequentialRule } from './our-judge.ts'
import { RAMP_PLANS, type RampPlanName, type Stay } from './ramp-plans.ts'
import { recordOf } from './record.ts'

/** What is known of a release afterwards. Minutes are infinite for what has not happened. */
interface RampEnd {
  /** Minutes until half of the users had the version. */
  readonly half: number
  /** Minutes until it was rolled back by its check. */
  readonly caught: number
  /** Failed requests that stable would not have had, expected of the requests that were served. */
  readonly extra: number
  /** What half of the users cost, in failed requests for each of stable's: nothing for a release that did not get there. */
  readonly cost: number
}

export type RampRule = `${RampPlanName}/${keyof RampEnd}`

const FIGURES: readonly string[] = ['half', 'caught', 'extra', 'cost'] satisfies readonly (keyof RampEnd)[]

export function isRampRule(rule: string): rule is RampRule {
  const [plan = '', figure = ''] = rule.split('/')
  return Object.hasOwn(RAMP_PLANS, plan) && FIGURES.includes(figure)
}

const LOOK: Milliseconds = LOOK_SECONDS * 1_000
/** `onInconclusive: { holdFor: 15m, then: rollback }` */
const LONGEST_HOLD: Milliseconds = 900_000

/** Traffic of which the judge knows the day before, where that was noisy. */
export interface RampTraffic extends ErrorTraffic {
  readonly isUnrecorded?: true
}

/** The figures of these plans, each with a release of its own over such traffic. */
export function simulateRamp(traffic: RampTraffic, rules: readonly RampRule[], random: Random): readonly number[] {
  const ends = new Map<string, RampEnd>()
  const recorded = traffic.noise === null || traffic.isUnrecorded === true ? null : recordOf(traffic)
  return rules.map((rule) => {
    const [plan, figure] = rule.split('/') as [RampPlanName, keyof RampEnd]
    const end = ends.get(plan) ?? release(RAMP_PLANS[plan], traffic, recorded, random)
    ends.set(plan, end)
    return end[figure]
  })
}

/** One release: the judge and the budget at every look, the stays by the rules of a bake whose looks are never late. */
function release(
  stays: readonly Stay[],
  traffic: ErrorTraffic,
  recorded: RecordedStable | null,
  random: Random,
): RampEnd {
  const check: Check = {
    ...{ kind: 'errorRate', name: 'errors', source: 'bench' },
    rule: { ...sequentialRule(0.01, 1.5), minRequests: 10 },
  }
  let [index, looks, watched, held] = [0, 0, 0, 0]
  let state: CheckState = startCheck(check)
  let [extra, half, cost] = [0, Number.POSITIVE_INFINITY, 0]
  const minutes = () => (looks * LOOK_SECONDS) / 60
  const canaryShare = () => (stays[index]?.weight ?? 0) / FULL_WEIGHT
  for (const { counts } of drawLooks({ ...traffic, minutes: 600, canaryShare }, random)) {
    const stay = stays[index]
    if (stay === undefined) break
    if (stay.weight === FULL_WEIGHT / 2) {
      half = Math.min(half, minutes())
      cost = Math.max(0, traffic.ratio - 1) / 2
    }
    const usual = traffic.errorShare(Math.floor(minutes()))
    extra += counts.canaryTrials * Math.max(0, Math.min(1, usual * traffic.ratio) - usual)
    const window = { start: looks * LOOK, end: (looks + 1) * LOOK }
    looks += 1
    watched += LOOK
    const arm = (requests: number, errors: number) =>
      ({ kind: 'value', value: { requests, errors, latency: null, events: {} } }) as const
    const canary = arm(counts.canaryTrials, counts.canaryEvents)
    const stable = arm(counts.stableTrials, counts.stableEvents)
    const step = weighCheck(check, state, {
      at: window.end,
      window,
      canary,
      stable,
      readings: {},
      ...(recorded !== null && { recorded }),
    })
    state = step.state
    if (step.outcome === 'fail') return { half, caught: minutes(), extra, cost }
    if (watched < stay.duration) continue
    const weighed =
      stay.raise === undefined ? null : weighRaise(stay.raise, harmEvidence([check], { errors: { state } }), ROLE_NAMES)
    if (step.outcome === 'pass' && weighed?.isAffordable !== false) {
      index += 1
      ;[watched, held] = [0, 0]
      state = enterExposure(check, state)
      continue
    }
    held += LOOK
    if (held > LONGEST_HOLD) break
  }
  return { half, caught: Number.POSITIVE_INFINITY, extra, cost }
}
