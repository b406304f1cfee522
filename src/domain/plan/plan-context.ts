import type { WindowProblem, WindowRule } from '../calendar/window-rule.ts'
import type { MetricSourceCapabilities, RouterCapabilities } from '../capabilities.ts'
import type { Policy } from '../policy/policy.ts'
import type { PlanTemplate } from '../template/template.ts'
import type { CheckForm } from './check-form.ts'
import type { CallFacts, ProofFacts } from './plan-calls.ts'
import type { FlagFacts } from './plan-flags.ts'
import type { StepKind } from './steps/step-kind.ts'

/** A policy by its name in `sluice.yaml`. */
export interface NamedPolicy {
  readonly name: string
  readonly policy: Policy
}

/** What a target offers a plan. */
export interface TargetFacts {
  /** What splits its traffic; null where nothing does, and flags alone say who gets what. */
  readonly router: { readonly kind: string; readonly capabilities: RouterCapabilities } | null
  readonly metrics: Readonly<Record<string, MetricSourceCapabilities>>
  readonly groups: Readonly<Record<string, readonly string[]>>
  /** What holds its feature flags; nothing does when absent. */
  readonly flags?: FlagFacts
  /** Cohorts that it defines; null or absent: any name is taken, because a gateway says who is of which. */
  readonly cohorts?: readonly string[] | null
  /** True where its installation gives try-it tickets. */
  readonly hasTickets?: boolean
  /** Freezes that hold for whatever is released there; none when absent. */
  readonly freezes?: readonly string[]
  /** Channels that its plans may tell in; none when absent. */
  readonly channels?: readonly string[]
  /** Calls that its plans may name; none when absent. */
  readonly calls?: Readonly<Record<string, CallFacts>>
  /** How its pools prove their version; they do not when absent. */
  readonly proof?: ProofFacts
  /** What its plans must have; nothing when absent. */
  readonly policies?: readonly NamedPolicy[]
  /** Share of each pool that must be ready where a plan says nothing, in (0, 1]; none when absent. */
  readonly capacity?: { readonly ready: number }
}

/** Everything the reading of a plan depends on; handed in, so that domain knows no adapter. */
export interface PlanContext {
  readonly stepKinds: readonly StepKind[]
  readonly checkKinds: readonly CheckForm[]
  /** The target's facts, or null when it is not registered. */
  readonly target: (service: string, environment: string) => TargetFacts | null
  /** What is wrong with windows and freezes of these names; null for nothing. Without it every name is taken. */
  readonly windowProblem?: (rule: WindowRule) => WindowProblem | null
  /** What plans may extend, by name; nothing when absent. */
  readonly templates?: Readonly<Record<string, PlanTemplate>>
  /** Registered targets as `service/environment`, for messages. */
  readonly targets: readonly string[]
}
