import { timelineOf } from '../plan/plan-timeline.ts'
import { targetName } from '../target.ts'
import type { Milliseconds } from '../units.ts'
import type { Pipeline, StageFailure } from './pipeline.ts'
import { gateWords } from './pipeline-words.ts'

/** A pipeline as people read it before it starts. Plain JSON. */
interface CheckedPipeline {
  readonly name: string
  readonly onFail: StageFailure
  readonly stages: readonly CheckedStage[]
}

interface CheckedStage {
  readonly name: string
  readonly target: string
  readonly after: readonly string[]
  readonly steps: readonly string[]
  /** All bakes at their whole length, approvals at once. */
  readonly planned: Milliseconds
  readonly soak: Milliseconds
  /** Who approves before it begins, in words; null when nobody has to. */
  readonly approve: string | null
  /** What it waits for before it begins, in words; null for nothing. */
  readonly gate: string | null
}

/** What a valid pipeline will do. */
export function checkedPipeline({ name, onFail, stages }: Pipeline): CheckedPipeline {
  return {
    ...{ name, onFail },
    stages: stages.map(({ name: stage, target, plan, after, soak, approve, gate }) => ({
      ...{ name: stage, target: targetName(target), after, soak },
      steps: plan.steps.map(({ label }) => label),
      planned: timelineOf(plan, []).planned,
      approve: approve === undefined ? null : `${approve.need} of ${approve.by}`,
      gate: gate === undefined ? null : gateWords(gate),
    })),
  }
}
