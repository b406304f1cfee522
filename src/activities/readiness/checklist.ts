import type { PoolRoles } from '../../domain/exposure.ts'
import type { Observation } from '../../domain/observation.ts'
import type { WriteSight } from '../../domain/readiness/rules.ts'
import type { Instant, Milliseconds } from '../../domain/units.ts'
import type { Outside } from '../../hooks/outside.ts'
import type { ReadinessInput } from '../activities.ts'
import type { ReadinessSources, TargetAdapters } from '../dependencies.ts'
import type { WritePermit } from '../write-permit.ts'

/** What was seen of the pools while nothing was changed. */
export interface TrafficSight {
  /** What each metric source has counted, by `countsKeyOf`. */
  readonly observations: Readonly<Record<string, Observation>>
  /** Requests that the router says it has sent to the canary meanwhile; null where it does not say. */
  readonly sent: number | null
  readonly time: Milliseconds
}

/** What the probes of one question share. What is read once is read once for all of them. */
export interface Checklist {
  readonly input: ReadinessInput
  readonly adapters: TargetAdapters
  readonly outside: Outside
  readonly sources: ReadinessSources
  readonly permit: WritePermit
  readonly now: () => Instant
  /** @throws SluiceError `router.unclear-baseline`, or the router's own errors */
  readonly roles: () => Promise<PoolRoles>
  readonly wayBack: () => Promise<WriteSight>
  readonly traffic: () => Promise<TrafficSight>
}
