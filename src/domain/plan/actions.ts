import type { Exposure } from '../exposure.ts'
import type { ReadinessItem } from '../readiness/answers.ts'
import type { BasisPoints, Milliseconds } from '../units.ts'
import type { Check } from './checks.ts'

/** Where an action comes from: the plan's step (1-based) and its one-line description. */
interface ActionOrigin {
  readonly step: number
  readonly label: string
}

/** Make this exposure live and read it back. */
export interface ExposeAction extends ActionOrigin {
  readonly kind: 'expose'
  readonly exposure: Exposure
  /**
   * How long nothing counts for or against the canary, from when the exposure was read back; a check may have a time of its
   * own. Absent where the canary has nothing to get used to, and in plans that were read before there was a warm-up.
   */
  readonly warmsUpFor?: Milliseconds
}

/** Hold the exposure for a duration of watched, unpaused time. */
export interface BakeAction extends ActionOrigin {
  readonly kind: 'bake'
  readonly duration: Milliseconds
  /** `time`: the whole duration. `proven`: at most the duration, earlier once the checks have shown non-inferiority. */
  readonly until: 'time' | 'proven'
  /** The raise that ends it: not before what the next weight may cost fits the budget. Absent: nothing more is asked. */
  readonly raise?: BudgetedRaise
}

/** A raise that has to be affordable. */
export interface BudgetedRaise {
  /** The weight that comes next, and the one before. */
  readonly to: BasisPoints
  readonly from: BasisPoints
  /** Where the ramp ends. Absent in plans that an older version read; the next weight counts then. */
  readonly end?: BasisPoints
  /** Failed requests that the canary may add, for each that stable's rate brings anyway; above 0. */
  readonly spend: number
}

/** Wait for people. */
export interface AskAction extends ActionOrigin {
  readonly kind: 'ask'
  /** The group that may approve, for showing. */
  readonly by: string
  /** The people of that group when the release started. */
  readonly people: readonly string[]
  /** Distinct people needed. */
  readonly need: number
  readonly notAuthor: boolean
  readonly within: Milliseconds
  readonly onExpiry: 'rollback' | 'pause'
}

/** Watch further checks, beside the plan's own, for a duration. */
export interface JudgeAction extends ActionOrigin {
  readonly kind: 'judge'
  readonly duration: Milliseconds
  readonly checks: readonly Check[]
  /** The plan's step since which these checks are watched in the background; absent: from the beginning of this action. */
  readonly begunAtStep?: number
}

/** Wait until a window is open. */
export interface GateAction extends ActionOrigin {
  readonly kind: 'gate'
  /** Name of a window of `sluice.yaml`, or a weekly text. */
  readonly window: string
}

/** Wait until a call of `sluice.yaml` says yes. */
export interface CallGateAction extends ActionOrigin {
  readonly kind: 'call-gate'
  readonly call: string
  /** How long its yes may take. */
  readonly within: Milliseconds
  /** What its no does, and a yes that does not come; the plan's `onFail` when absent. */
  readonly onFail?: 'rollback' | 'pause'
}

/** Wait until every question of the checklist is answered with a yes. */
export interface ReadinessGateAction extends ActionOrigin {
  readonly kind: 'readiness-gate'
  /** Questions that the plan does without. */
  readonly without: readonly ReadinessItem[]
  /** How long the last yes may take. */
  readonly within: Milliseconds
  /** What happens when it does not come; the plan's `onFail` when absent. */
  readonly onFail?: 'rollback' | 'pause'
}

/** What a gate waits for, wherever it stands. */
export type Gate =
  | Omit<GateAction, keyof ActionOrigin>
  | Omit<CallGateAction, keyof ActionOrigin>
  | Omit<ReadinessGateAction, keyof ActionOrigin>

/** Carry out a call of `sluice.yaml`. */
export interface HookAction extends ActionOrigin {
  readonly kind: 'hook'
  readonly call: string
  /** The call that takes it back on a rollback; none when absent. */
  readonly undo?: string
  /** What its failure does; the plan's `onFail` when absent. */
  readonly onFail?: 'rollback' | 'pause'
}

/** Tell people. It never holds the plan up. */
interface TellAction extends ActionOrigin {
  readonly kind: 'tell'
  readonly text: string
  /** A channel of `sluice.yaml`; where the release is shown when absent. */
  readonly to?: string
}

/** One of the few primitives that the workflow interprets. Steps are expanded into them before a release starts. */
export type Action =
  | ExposeAction
  | BakeAction
  | AskAction
  | JudgeAction
  | GateAction
  | CallGateAction
  | ReadinessGateAction
  | HookAction
  | TellAction
