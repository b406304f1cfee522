import type { GuardState } from '../domain/guard.ts'
import type { TargetId } from '../domain/target.ts'
import type { MetricSource } from '../metrics/metric-source.ts'
import type { Router } from '../routers/router.ts'
import type { OpenRelease } from './activities.ts'
import type { Notifier } from './notifier.ts'

/** The adapters of one target, made from the installation. */
export interface TargetAdapters {
  readonly pools: readonly [string, string]
  readonly router: Router
  readonly metrics: Readonly<Record<string, MetricSource>>
}

/** What Temporal itself knows about releases. */
export interface ReleaseDirectory {
  /** What the pending guard of a release has in its heartbeat. */
  guardStateOf(releaseId: string): Promise<GuardState | null>
  isOpen(releaseId: string): Promise<boolean>
  findReleases(target: TargetId): Promise<{ open: OpenRelease | null; highest: number }>
}

/** Everything the activities need of the outside; handed in by the composition root. */
export interface ActivityDependencies {
  /** @throws SluiceError `target.unknown` */
  readonly adaptersOf: (target: TargetId) => TargetAdapters
  readonly directory: ReleaseDirectory
  readonly notifier: Notifier
  readonly observeLook?: (result: { seconds: number; outcome: string }) => void
}
