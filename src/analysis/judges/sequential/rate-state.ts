import type { Instant } from '../../../domain/units.ts'
import type { Verdict } from '../../../domain/verdict.ts'
import { EMPTY_TALLY, type Tally } from '../../tally.ts'
import { WORSE_BETS } from '../split-test.ts'
import { type DesignEffect, startDesignEffect } from './design-effect.ts'
import type { RateQuestion, RateSide } from './rate-question.ts'
import type { RatioEvidence } from './ratio-evidence.ts'
import { startWealth, type Wealth } from './wealth.ts'

/** What the judge remembers between looks. Plain JSON; the wealth of a side that is not asked about is null. */
export interface RateState {
  readonly kind: 'rate'
  readonly lastEnd: Instant | null
  readonly tally: Tally
  /** The same over all exposures: what a failure, whose evidence is the whole release's, is told with. */
  readonly release: Tally
  readonly above: Wealth | null
  readonly below: Wealth | null
  /** What the looks say of the ratio itself. Absent in the state of an older version, and before the first look. */
  readonly ratio?: RatioEvidence
  /** How stable's events come, as far as its looks have shown it. Absent in the state of an older version. */
  readonly effect?: DesignEffect
  /** The design effect of the last look by the target's record; absent where that shows none. */
  readonly ofRecord?: number
  /** The failure, once there is one: it stays. */
  readonly failure: Verdict | null
}

/** The state before the first look. */
export function startRate(question: RateQuestion): RateState {
  return {
    kind: 'rate',
    lastEnd: null,
    tally: EMPTY_TALLY,
    release: EMPTY_TALLY,
    above: question.notAbove === null ? null : startWealth(WORSE_BETS.multiples.length),
    below: question.notBelow === null ? null : startWealth(WORSE_BETS.multiples.length),
    effect: startDesignEffect(),
    failure: null,
  }
}

/** False for the state of a question that asked about other sides: its wealth would leave one side unwatched. */
export function hasSameSides(question: RateQuestion, state: RateState): boolean {
  return (
    (question.notAbove === null) === (state.above === null) && (question.notBelow === null) === (state.below === null)
  )
}

/** A side that is asked about. */
export interface AskedSide {
  readonly side: RateSide
  readonly wealth: Wealth
}

/** The sides that are asked about, with what has been won against each. */
export function sidesOf(state: RateState): readonly AskedSide[] {
  return (['above', 'below'] as const).flatMap((side) => {
    const wealth = state[side]
    return wealth === null ? [] : [{ side, wealth }]
  })
}
