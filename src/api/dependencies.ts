import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Installation } from '../config/installation.ts'
import { SluiceError } from '../domain/errors.ts'
import type { PlanContext } from '../domain/plan/plan.ts'
import { type TargetId, targetName } from '../domain/target.ts'
import type { Releases } from '../releases/releases.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { RunCalibration } from './calibration.ts'
import type { Identify } from './identity.ts'
import type { ReadPlan } from './plan-reader.ts'
import type { RunPower } from './power.ts'
import type { RecordPast, RecordRelease } from './recorder.ts'

/** What the API is built from; nothing in it is made here. */
export interface ApiDependencies {
  readonly releases: Releases
  readonly planContext: PlanContext
  /** Reads plans; in this process when absent, which does nothing else meanwhile. */
  readonly readPlan?: ReadPlan
  readonly installation: Installation
  /** The plan a target has registered, parsed but not checked; null when it has none. */
  readonly plans: (target: TargetId) => Promise<unknown>
  readonly metrics: Metrics
  /** Who sent a request; by the people of the installation when absent. */
  readonly identify?: Identify
  /** Adds the Slack addresses to the same port. */
  readonly slack?: (fastify: FastifyInstance) => void
  /** The past of a target, for calibrations; without it there are none. */
  readonly record?: RecordPast
  /** The same of releases that are over; without it calibrations do without them. */
  readonly recordRelease?: RecordRelease
  /** The past of both pools of a target, for the power of a plan; without it traffic has to be stated. */
  readonly recordTraffic?: RecordPast
  /** Where a calibration is worked out; in this process when absent, which stops it for some seconds. */
  readonly runCalibration?: RunCalibration
  /** Where the power of a plan is worked out; in this process when absent. */
  readonly runPower?: RunPower
  readonly logger?: FastifyBaseLogger
  readonly now: () => number
}

/** @throws SluiceError `target.unknown` */
export function requireTarget(installation: Installation, target: TargetId): void {
  if (installation.find(target) !== null) return
  const known = installation.targets.slice(0, 10).map(targetName).join(', ')
  throw new SluiceError('target.unknown', {
    message: `there is no target ${targetName(target)}`,
    received: targetName(target),
    expected: `a target from sluice.yaml, such as ${known}`,
    fix: 'correct service or environment, or ask an administrator to register the target',
  })
}
