import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Foresight } from '../config/start.ts'
import type { PipelineRead } from '../domain/pipeline/read-pipeline.ts'
import type { TargetFacts } from '../domain/plan/plan-context.ts'
import type { TargetId } from '../domain/target.ts'
import type { Instant } from '../domain/units.ts'
import type { Pipelines } from '../releases/pipelines.ts'
import type { Releases } from '../releases/releases.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { RunCalibration } from './calibration.ts'
import type { ReadPlan } from './plan-reader.ts'
import type { RunPower } from './power.ts'
import type { RecordPast, RecordRelease } from './recorder.ts'
import type { ServedFlagsByTarget } from './routes/flags.ts'

/** What the API is built from; nothing in it is made here. */
export interface ApiDependencies extends Foresight {
  readonly releases: Releases
  readonly pipelines: Pipelines
  /** Reads a pipeline as it was written, with the plans of its stages. */
  readonly readPipeline: (written: unknown) => Promise<PipelineRead>
  readonly readPlan: ReadPlan
  /**
   * What a target offers a plan.
   * @throws SluiceError `target.unknown`
   */
  readonly factsOf: (target: TargetId) => TargetFacts
  /** The plan a target has registered, parsed but not checked; null when it has none. */
  readonly plans: (target: TargetId) => Promise<unknown>
  readonly metrics: Metrics
  /** Adds addresses of its own to the same port, for callers from afar who sign what they send. */
  readonly mount?: (fastify: FastifyInstance) => void
  /** The flags that this process answers applications for; none when absent. */
  readonly servedFlags?: ServedFlagsByTarget
  /** The past of a target, for calibrations. */
  readonly record: RecordPast
  /** The same of releases that are over. */
  readonly recordRelease: RecordRelease
  /** The past of both pools of a target, for the power of a plan. */
  readonly recordTraffic: RecordPast
  /** The traffic of this moment, where no source keeps the past. */
  readonly seeTraffic: RecordPast
  /** Works a calibration out, which takes seconds. */
  readonly runCalibration: RunCalibration
  /** Works the power of a plan out, which takes seconds. */
  readonly runPower: RunPower
  readonly logger?: FastifyBaseLogger
  readonly now: () => Instant
}
