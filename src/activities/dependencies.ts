import type { MeasuredTraffic } from '../analysis/power/expected-traffic.ts'
import type { RunPower } from '../api/power.ts'
import type { RulePages, WindowRule } from '../domain/calendar/window-rule.ts'
import type { LaneState } from '../domain/lane/lane-state.ts'
import type { Submission } from '../domain/lane/read-submission.ts'
import type { Plan } from '../domain/plan/plan.ts'
import type { Rehearsal } from '../domain/readiness/rehearsal.ts'
import type { GuardState } from '../domain/release/guard.ts'
import type { InstanceVersion } from '../domain/release/version-proof.ts'
import type { TargetId } from '../domain/target.ts'
import type { Instant } from '../domain/units.ts'
import type { Outside } from '../hooks/outside.ts'
import type { MetricSource } from '../metrics/metric-source.ts'
import type { Releases } from '../releases/releases.ts'
import type { Router } from '../routers/router.ts'
import type { FollowOutcome, OpenRelease } from './activities.ts'
import type { Notifier } from './notifier.ts'

/** The adapters of one target, made from the installation. */
export interface TargetAdapters {
  readonly pools: readonly [string, string]
  readonly router: Router
  readonly metrics: Readonly<Record<string, MetricSource>>
}

/** What the guard of one release looks at. */
export interface Watched extends TargetAdapters {
  /** What each instance of the canary pool says that it runs. @throws as `Outside.versionsOf` */
  readonly canaryVersions?: (signal: AbortSignal) => Promise<readonly InstanceVersion[]>
}

/** One attempt of one activity. */
interface ActivityAttempt {
  readonly workflowId: string
  readonly runId: string
  readonly activityId: string
  readonly attempt: number
}

/** What Temporal itself knows about releases. */
export interface ReleaseDirectory {
  /** What the pending guard of a release has in its heartbeat. */
  guardStateOf(releaseId: string): Promise<GuardState | null>
  /** Of a release or a pipeline. A pipeline that only sends its last messages is not open any more. */
  isOpen(id: string): Promise<boolean>
  /**
   * Whether the release is open, has ended with a report of its own, or is gone. `asksItself`: a release that is open is
   * asked whether it has ended and only sends its last messages; then it holds no router any more.
   */
  endOf(releaseId: string, asksItself: boolean): Promise<FollowOutcome>
  /** Ends a workflow for good, as Temporal's terminate does. One that is closed already stays as it is. */
  stop(releaseId: string, reason: string): Promise<void>
  /** Whether the target's lane knows this release as the one that runs; `unknown` when it does not answer in time. */
  isHolder(target: TargetId, releaseId: string): Promise<'yes' | 'no' | 'unknown'>
  /** Whether Temporal still wants this very attempt of an activity; `unknown` when it does not answer in time. */
  isCurrent(attempt: ActivityAttempt): Promise<'yes' | 'no' | 'unknown'>
  /** What was rehearsed for a target, as its lane has kept it, oldest first. */
  rehearsalsOf(target: TargetId): Promise<readonly Rehearsal[]>
  /**
   * The highest number that a target's releases have used, and those that may be open: what Temporal lists as open may have
   * ended a moment ago, and what it does not list yet is found by its number.
   */
  findReleases(target: TargetId): Promise<{ open: readonly OpenRelease[]; highest: number }>
  /** What the run of the target's lane before this one had known; null for none, also where nobody can say any more. */
  lostLane(target: TargetId, runId: string): Promise<LaneState<Submission> | null>
}

/** What questions about readiness need beside the adapters of a target. */
export interface ReadinessSources {
  /** Names the configuration of a target: another configuration has another name. */
  readonly configHashOf: (target: TargetId) => string
  /** The query for what a pool takes from queues; null where there is none. */
  readonly consumesOf: (target: TargetId) => { readonly source: string; readonly query: string } | null
  /** The traffic of a plan's target over the last day, by sources that keep the past; null where none does. */
  readonly trafficOf: (plan: Plan, now: Instant) => Promise<MeasuredTraffic | null>
  readonly runPower: RunPower
}

/** Everything the activities need of the outside; handed in by the composition root. */
export interface ActivityDependencies {
  /** @throws SluiceError `target.unknown` */
  readonly adaptersOf: (target: TargetId) => TargetAdapters
  /** What the calendars of a rule say around a moment. @throws SluiceError `config.invalid` */
  readonly pagesOf: (rule: WindowRule, at: Instant) => RulePages
  readonly outside: Outside
  readonly directory: ReleaseDirectory
  /** The door to releases that everybody takes; pipelines have no other. */
  readonly releases: Pick<Releases, 'start' | 'command' | 'withdraw' | 'back' | 'show' | 'lane' | 'ready'>
  readonly notifier: Notifier
  readonly readiness: ReadinessSources
}
